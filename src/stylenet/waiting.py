"""Settings of the thread pools of torch and NumPy, which read them once, when they are loaded."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_POLICY = "OMP_WAIT_POLICY"
_CHOICES = (_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
"""Environment variables. torch wheels include GNU's runtime on Linux, LLVM's on macOS and Intel's on Windows; all read the first."""

_SHORT_WAITS = {_POLICY: "PASSIVE", "GOMP_SPINCOUNT": "2000"}
"""Threads sleep while they wait, but with GNU's runtime only after 2000 turns of a loop: a step has hundreds of short operations, and
waking a thread for each of them makes painting a fifth slower. With 20 000 turns, busy neighbors slow it down (docs/speed.md)."""

_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def set_up_threads() -> None:
    """Let threads soon sleep while they wait, and NumPy multiply in one thread, in this process and its children.

    By default OpenMP's threads spin for some milliseconds, which slows down other processes and their own: next to two busy processes a
    painting took 18 times as long as alone. NumPy's matrices here are small, and the threads of OpenBLAS wait for each other: next to two
    busy processes the knobs of a style took 0.22 s instead of 0.02 s.

    Environment variables set by the user take precedence. Has no effect on torch or NumPy if they are already loaded.
    """
    if not any(name in os.environ for name in _CHOICES):
        os.environ.update(_SHORT_WAITS)
    os.environ.setdefault(_BLAS_THREADS, "1")


@contextlib.contextmanager
def threads_sleep() -> Iterator[None]:
    """Let the threads of torch soon sleep while they wait, if it is imported in the block; restores the environment."""
    if "torch" in sys.modules or any(name in os.environ for name in _CHOICES):
        yield
        return
    os.environ.update(_SHORT_WAITS)
    try:
        yield
    finally:
        for name in _SHORT_WAITS:
            os.environ.pop(name, None)
