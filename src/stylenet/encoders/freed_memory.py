"""Settings of glibc's allocator, which the whole process shares, while painting or training."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from collections.abc import Iterator
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -3, -4, -8
"""Constants from glibc's malloc.h."""

_NEVER_TRIM = -1

RETURNED_BYTES = 24 * 2**20
"""Default size from which blocks are returned to the system if memory is bounded."""

_Settings = tuple[tuple[int, int], ...]

_DEFAULTS: _Settings = ((_M_MMAP_MAX, 65_536), (_M_MMAP_THRESHOLD, 32 * 2**20), (_M_TRIM_THRESHOLD, 64 * 2**20), (_M_ARENA_MAX, 0))
"""Substitute for glibc's defaults. Its dynamic thresholds grow up to these values, but setting a threshold disables the growth."""

_KEEPING: _Settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER_TRIM), (_M_ARENA_MAX, 0))

_LOCK = threading.Lock()
_ACTIVE: list[tuple[object, int | None]] = []
"""A token for each active context, and the size from which blocks are returned; None: all are kept."""


@contextlib.contextmanager
def freed_memory_kept(*, bounded: bool = False, returned_bytes: int = RETURNED_BYTES) -> Iterator[None]:
    """Context manager that lets glibc keep large freed blocks instead of returning them to the system. No effect without glibc.

    Every step frees and allocates the same tensors. Without this, new pages make a step a third slower. With `bounded` memory, blocks of
    `returned_bytes` or more are still returned: keeping them among smaller blocks causes fragmentation, with 1.5 times the memory in use.

    The allocator is shared by all threads. If several contexts are active, the strictest bound applies to all; after the last one, the
    defaults are restored.
    """
    token = object()
    with _LOCK:
        _ACTIVE.append((token, returned_bytes if bounded else None))
        _apply()
    try:
        yield
    finally:
        with _LOCK:
            _ACTIVE[:] = [one for one in _ACTIVE if one[0] is not token]
            _apply()


def keep_freed_memory() -> None:
    """Apply `freed_memory_kept` until the process ends, for dedicated processes."""
    with _LOCK:
        _ACTIVE.append((object(), None))
        _apply()


def return_freed_memory() -> None:
    """Return all freed memory to the system, so that the resident size is the memory in use."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _apply() -> None:
    if (libc := _glibc()) is None:
        return
    for name, value in _settings():
        libc.mallopt(name, value)


def _settings() -> _Settings:
    """Settings for all active contexts."""
    if not _ACTIVE:
        return _DEFAULTS
    bounds = [returned for _, returned in _ACTIVE if returned is not None]
    if not bounds:
        return _KEEPING
    # A single arena: otherwise each of autograd's threads keeps free blocks of its own.
    return ((_M_ARENA_MAX, 1), (_M_MMAP_MAX, 65_536), (_M_MMAP_THRESHOLD, min(bounds)), (_M_TRIM_THRESHOLD, _NEVER_TRIM))


@functools.cache
def _glibc() -> Any:
    """The C library if it is glibc, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except OSError:
        return None
