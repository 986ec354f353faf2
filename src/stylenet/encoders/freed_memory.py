"""What happens to memory that is freed, while something is painted or trained: glibc's allocator, which belongs to the whole process."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from collections.abc import Iterator
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -3, -4, -8
"""Numbers of the settings in glibc's malloc.h."""

_UNTRIMMED = -1

RETURNED_BYTES = 24 * 2**20
"""Blocks of this size and more go back to the system where memory is bounded, if nothing else is said."""

_Settings = tuple[tuple[int, int], ...]

_USUAL: _Settings = ((_M_MMAP_MAX, 65_536), (_M_MMAP_THRESHOLD, 32 * 2**20), (_M_TRIM_THRESHOLD, 64 * 2**20), (_M_ARENA_MAX, 0))
"""glibc's own. Its thresholds grow with the blocks that are freed, up to these; once they were set, they do not grow any more."""

_KEEPING: _Settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _UNTRIMMED), (_M_ARENA_MAX, 0))

_LOCK = threading.Lock()
_ACTIVE: list[tuple[object, int | None]] = []
"""What is being painted: a token for each, and the size of blocks that are returned; None: none are."""


@contextlib.contextmanager
def freed_memory_kept(*, bounded: bool = False, returned_bytes: int = RETURNED_BYTES) -> Iterator[None]:
    """Inside, glibc keeps large blocks that are freed instead of returning them to the system. Elsewhere than with glibc nothing changes.

    Every step frees and takes the same tensors again. Fresh pages are the hidden cost: with them a step took a third longer. Where memory
    is `bounded`, blocks of `returned_bytes` and more are returned all the same: kept among smaller ones they leave holes that nothing fits
    into, and a painting took half as much again as it used.

    The allocator is shared by all threads. Where several paint at once, the strictest bound holds for all; after the last one the
    allocator is as it was.
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
    """`freed_memory_kept` until the process ends: for programs that do nothing else."""
    with _LOCK:
        _ACTIVE.append((object(), None))
        _apply()


def return_freed_memory() -> None:
    """Return to the system what earlier paintings have freed and the allocator kept, so that memory is measured as it is used."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _apply() -> None:
    if (libc := _glibc()) is None:
        return
    for name, value in _settings():
        libc.mallopt(name, value)


def _settings() -> _Settings:
    """What suits all that is active."""
    if not _ACTIVE:
        return _USUAL
    bounds = [returned for _, returned in _ACTIVE if returned is not None]
    if not bounds:
        return _KEEPING
    # One arena: autograd's threads would each keep their own free blocks.
    return ((_M_ARENA_MAX, 1), (_M_MMAP_MAX, 65_536), (_M_MMAP_THRESHOLD, min(bounds)), (_M_TRIM_THRESHOLD, _UNTRIMMED))


@functools.cache
def _glibc() -> Any:
    """The C library, or None where it is another one."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except OSError:
        return None
