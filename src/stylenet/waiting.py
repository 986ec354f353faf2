"""How the processor's threads wait for work: asleep. torch's OpenMP runtime reads that once, when it is loaded."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_POLICY = "OMP_WAIT_POLICY"
_CHOICES = (_POLICY, "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
"""What a person can set. torch's wheels bring GNU's runtime on Linux, LLVM's on macOS and Intel's on Windows; all know the first."""


def let_threads_sleep() -> None:
    """Let threads sleep while they wait, in this process and those it starts, unless a person has chosen otherwise.

    By default they spin for some milliseconds, which takes the processor from whoever shares it: beside two busy processes a painting
    took 18 times as long as alone. Without effect once torch is loaded.
    """
    if not any(name in os.environ for name in _CHOICES):
        os.environ[_POLICY] = "PASSIVE"


@contextlib.contextmanager
def threads_sleep() -> Iterator[None]:
    """As `let_threads_sleep`, for what is imported inside; the environment is as it was afterwards."""
    if "torch" in sys.modules or any(name in os.environ for name in _CHOICES):
        yield
        return
    os.environ[_POLICY] = "PASSIVE"
    try:
        yield
    finally:
        os.environ.pop(_POLICY, None)
