"""Devices and precisions of torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

import torch

from stylenet.encoders.precision import fastest_dtype
from stylenet.engines.sessions import thread_count
from stylenet.errors import UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")

T = TypeVar("T")

_LOADED_IN = os.getpid()
"""Process ID when this module, and torch with it, was imported."""


def choose_device(name: str) -> torch.device:
    """The device called `name`; "auto" selects CUDA, else MPS, else the CPU.

    Raises:
        UsageError: the device is unknown or not available on this machine.
    """
    if name not in DEVICES:
        raise UsageError(f"device is '{name}'; allowed are {', '.join(DEVICES)}")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if available[device])
    if not available[name]:
        raise UsageError(f"device '{name}' is not available on this machine; use --device cpu")
    device = torch.device(name)
    prepare_after_fork(device)
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype of features; "auto" selects bfloat16 if the device supports it in hardware.

    Raises:
        UsageError: the precision is unknown.
    """
    if name not in PRECISIONS:
        raise UsageError(f"precision is '{name}'; allowed are {', '.join(PRECISIONS)}")
    if name == "auto":
        return fastest_dtype(device)
    return torch.float32 if name == "float32" else torch.bfloat16


def torch_machine(device: torch.device, dtype: torch.dtype) -> dict[str, str | int]:
    """Device, precision and number of threads of torch."""
    return {"device": str(device), "precision": str(dtype).removeprefix("torch."), "threads": torch.get_num_threads()}


def set_threads(threads: int | None) -> None:
    """Set the number of CPU threads of torch, see `thread_count`. No effect if `threads` is None or in a forked process, which uses one."""
    if threads is not None and not _is_forked():
        torch.set_num_threads(thread_count(threads))


def prepare_after_fork(device: torch.device) -> None:
    """Use a single thread in a forked process: the threads of GNU OpenMP do not survive a fork, and it would wait for them forever.

    Raises:
        UsageError: the parent process has initialized CUDA, which cannot be used after a fork.
    """
    if not _is_forked():
        return
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    if device.type == "cuda" and getattr(torch.cuda, "_is_in_bad_fork", lambda: False)():
        raise UsageError(
            "CUDA was initialized before this process was forked and cannot be used in the child; start processes with "
            "multiprocessing's 'spawn' method, or use device='cpu'"
        )


@contextmanager
def own_precision(device: torch.device) -> Iterator[None]:
    """Compute in the dtypes of the tensors, also in a caller's `torch.autocast`."""
    with torch.autocast("cpu", enabled=False), torch.autocast(device.type, enabled=False):
        yield


def in_own_precision(events: Iterator[T], device: torch.device) -> Iterator[T]:
    """The items of a generator, each computed within `own_precision`. The caller's settings hold between them."""
    with closing(events):  # type: ignore[type-var]  # a generator
        while True:
            with own_precision(device):
                event = next(events, None)
            if event is None:
                return
            yield event


def _is_forked() -> bool:
    return os.getpid() != _LOADED_IN
