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
    """What the environment says, as `torchrun` sets it; nothing is waited for."""
    return Processes(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))


def choose_gpu() -> None:
    """Let "cuda" mean this process's own GPU, where there are several processes on a machine."""
    if "LOCAL_RANK" in os.environ and torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())


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
