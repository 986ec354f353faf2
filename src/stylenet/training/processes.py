"""Distributed training with processes started by `torchrun`, on one machine or several."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from stylenet.errors import UsageError

_TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others, for example while the first one paints previews."""


_FIX = "start the training with torchrun, or unset WORLD_SIZE and RANK to train in one process"


@dataclass(frozen=True)
class Processes:
    """Rank and number of processes.

    Attributes:
        rank: Rank of this process, from 0; the first one writes files.
        count: Number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """The items of a batch for this process.

        Raises:
            UsageError: the batch cannot be divided evenly; the mean over processes would differ from the mean over the batch.
        """
        if batch % self.count:
            raise UsageError(f"a batch of {batch} cannot be divided among {self.count} processes; give a multiple of {self.count}")
        size = batch // self.count
        return range(self.rank * size, (self.rank + 1) * size)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """`values` summed over all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values


def current_processes() -> Processes:
    """Rank and number of processes from the environment variables set by `torchrun`, without connecting.

    Raises:
        UsageError: variables are missing or invalid.
    """
    count, rank = _number("WORLD_SIZE", 1), _number("RANK", 0)
    if count > 1:
        for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
            if name not in os.environ:
                raise UsageError(f"WORLD_SIZE is {count} in the environment, but {name} is not set; {_FIX}")
    if count < 1 or not 0 <= rank < count:
        raise UsageError(f"WORLD_SIZE is {count} and RANK {rank} in the environment; ranks go from 0 to WORLD_SIZE - 1: {_FIX}")
    return Processes(rank, count)


def choose_gpu() -> None:
    """Select this process's own GPU as "cuda", if there are several processes on a machine."""
    if "LOCAL_RANK" in os.environ and torch.cuda.is_available():
        torch.cuda.set_device(_number("LOCAL_RANK", 0) % torch.cuda.device_count())


def _number(name: str, default: int) -> int:
    """An environment variable as an integer.

    Raises:
        UsageError: the value is not an integer.
    """
    text = os.environ.get(name, "").strip()
    try:
        return int(text) if text else default
    except ValueError:
        raise UsageError(f"{name} is '{text}' in the environment, but must be a whole number; {_FIX}") from None


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[Processes]:
    """Context manager that connects the processes, with NCCL on GPUs and gloo otherwise."""
    processes = current_processes()
    if processes.count == 1:
        yield processes
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_TIMEOUT)
    try:
        yield processes
    finally:
        distributed.destroy_process_group()
