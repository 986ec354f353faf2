"""Several processes, on one machine or many, that teach one network: found where `torchrun` has started them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from stylenet.errors import UsageError

_PATIENCE = timedelta(minutes=30)
"""How long one process waits for the others, as while the first one paints previews."""


_CURE = "start the training with torchrun, or unset WORLD_SIZE and RANK to train in one process"


@dataclass(frozen=True)
class Processes:
    """Which one this is.

    Attributes:
        rank: From 0; the first one writes files.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """The places in a batch that are this one's.

        Raises:
            UsageError: the batch cannot be shared evenly; then the mean of the processes were not the mean of the batch.
        """
        if batch % self.count:
            raise UsageError(f"a batch of {batch} cannot be shared by {self.count} processes; give a multiple of {self.count}")
        each = batch // self.count
        return range(self.rank * each, (self.rank + 1) * each)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """`values` summed over all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values


def found() -> Processes:
    """What the environment says, as `torchrun` sets it; nothing is waited for.

    Raises:
        UsageError: it says less than several processes need, or no whole numbers.
    """
    count, rank = _number("WORLD_SIZE", 1), _number("RANK", 0)
    if count > 1:
        for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
            if name not in os.environ:
                raise UsageError(f"WORLD_SIZE is {count} in the environment, and {name} is not set; {_CURE}")
    if count < 1 or not 0 <= rank < count:
        raise UsageError(f"WORLD_SIZE is {count} and RANK {rank} in the environment; ranks go from 0 to WORLD_SIZE - 1: {_CURE}")
    return Processes(rank, count)


def choose_gpu() -> None:
    """Let "cuda" mean this process's own GPU, where there are several processes on a machine."""
    if "LOCAL_RANK" in os.environ and torch.cuda.is_available():
        torch.cuda.set_device(_number("LOCAL_RANK", 0) % torch.cuda.device_count())


def _number(name: str, default: int) -> int:
    """A variable of the environment as a whole number.

    Raises:
        UsageError: it is none.
    """
    word = os.environ.get(name, "").strip()
    try:
        return int(word) if word else default
    except ValueError:
        raise UsageError(f"{name} is '{word}' in the environment, and must be a whole number; {_CURE}") from None


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """The processes, able to speak with each other inside the block: over NCCL on GPUs, over gloo elsewhere."""
    processes = found()
    if processes.count == 1:
        yield processes
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield processes
    finally:
        distributed.destroy_process_group()
