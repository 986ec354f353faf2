"""What the machine computes fastest with, and how its memory is kept."""

from __future__ import annotations

import ctypes
import functools
import sys

import torch

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -3, -4, -8
"""Numbers of the settings in glibc's malloc.h."""

RETURNED_BYTES = 24 * 2**20
"""Blocks of this size and more go back to the system where memory is bounded, if nothing else is said."""


def fastest_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where processor or GPU has units for it, else float32.

    Asked of the hardware and not timed, so that one machine always answers the same and paints the same bytes.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and bfloat16_units():
        return torch.bfloat16
    return torch.float32


@functools.cache
def bfloat16_units() -> tuple[str, ...]:
    """Names of the processor's bfloat16 units: "AMX", "AVX512-bf16", or none."""
    units = {
        "AMX": getattr(torch.cpu, "_is_amx_tile_supported", None),
        "AVX512-bf16": getattr(torch.cpu, "_is_avx512_bf16_supported", None),
    }
    return tuple(name for name, supported in units.items() if supported is not None and supported())


@functools.cache
def keep_freed_memory(*, bounded: bool = False, returned_bytes: int = RETURNED_BYTES) -> bool:
    """Let glibc keep large blocks that are freed instead of returning them to the system; true where it could be done.

    Every step frees and takes the same tensors again. Fresh pages are the hidden cost: with them a step took a third longer. Where memory
    is `bounded`, blocks of `returned_bytes` and more are returned all the same: kept among smaller ones they leave holes that nothing fits
    into, and a painting took half as much again as it used.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False  # another C library
    if bounded:
        # One arena: autograd's threads would each keep their own free blocks.
        settings = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, returned_bytes), (_M_TRIM_THRESHOLD, -1))
        return all(mallopt(name, value) for name, value in settings)
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))
