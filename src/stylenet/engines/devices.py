"""Devices and precisions of torch by name."""

from __future__ import annotations

import os

import torch

from stylenet.encoders.precision import fastest_dtype
from stylenet.errors import UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")

_LOADED_IN = os.getpid()
"""The process in which this module was loaded, and torch with it."""


def choose_device(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA, then MPS, then the processor.

    Raises:
        UsageError: there is no such device, or not on this machine.
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
    """The type that features are computed in; "auto" is bfloat16 where the device has units for it.

    Raises:
        UsageError: there is no such precision.
    """
    if name not in PRECISIONS:
        raise UsageError(f"precision is '{name}'; allowed are {', '.join(PRECISIONS)}")
    if name == "auto":
        return fastest_dtype(device)
    return torch.float32 if name == "float32" else torch.bfloat16


def torch_machine(device: torch.device, dtype: torch.dtype) -> dict[str, str | int]:
    """What torch runs on, in plain values."""
    return {"device": str(device), "precision": str(dtype).removeprefix("torch."), "threads": torch.get_num_threads()}


def set_threads(threads: int | None) -> None:
    """Let torch use so many threads of the processor; None leaves it as it is. In a process that was forked there is one."""
    if threads is not None and not _is_forked():
        torch.set_num_threads(min(threads, 4 * (os.cpu_count() or 1)))


def prepare_after_fork(device: torch.device) -> None:
    """Compute with one thread in a process that was forked: GNU's OpenMP waits for ever for the threads, which did not come along.

    Raises:
        UsageError: the parent process has used CUDA, which cannot be shared.
    """
    if not _is_forked():
        return
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    if device.type == "cuda" and getattr(torch.cuda, "_is_in_bad_fork", lambda: False)():
        raise UsageError(
            "CUDA was used before this process was forked, and cannot be used in both; start processes with multiprocessing's 'spawn', "
            "or give device='cpu'"
        )


def _is_forked() -> bool:
    return os.getpid() != _LOADED_IN
