"""The fastest dtype of the machine."""

from __future__ import annotations

import functools

import torch


def fastest_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 if the CPU or GPU supports it in hardware, else float32.

    Determined from the hardware, not by timing, so that results are reproducible on one machine.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and bfloat16_units():
        return torch.bfloat16
    return torch.float32


@functools.cache
def bfloat16_units() -> tuple[str, ...]:
    """Names of the CPU's bfloat16 instruction sets: "AMX", "AVX512-bf16", or none."""
    units = {
        "AMX": getattr(torch.cpu, "_is_amx_tile_supported", None),
        "AVX512-bf16": getattr(torch.cpu, "_is_avx512_bf16_supported", None),
    }
    return tuple(name for name, supported in units.items() if supported is not None and supported())
