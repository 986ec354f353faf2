"""Let OpenMP threads sleep while they wait for work; torch's OpenMP runtime reads the setting once, when it is loaded."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_POLICY = "OMP_WAIT_POLICY"
_CHOICES = (_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
"""Environment variables. torch wheels include GNU's runtime on Linux, LLVM's on macOS and Intel's on Windows; all read the first."""


def let_threads_sleep() -> None:
    """Let threads sleep while they wait, in this process and its children, unless the user has set it otherwise.

    By default they spin for some milliseconds, which slows down other processes and their own: next to two busy processes a painting
    took 18 times as long as alone. Has no effect once torch is loaded.
    """
    if not any(name in os.environ for name in _CHOICES):
        os.environ[_POLICY] = "PASSIVE"


@contextlib.contextmanager
def threads_sleep() -> Iterator[None]:
    """As `let_threads_sleep`, for imports in the block; restores the environment."""
    if "torch" in sys.modules or any(name in os.environ for name in _CHOICES):
        yield
        return
    os.environ[_POLICY] = "PASSIVE"
    try:
        yield
    finally:
        os.environ.pop(_POLICY, None)
