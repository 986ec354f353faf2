"""Training loop for all tasks, with checkpoints, previews and distributed training."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from stylenet.catalog.networks import Paints
from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.errors import CheckpointError, NumericalError
from stylenet.events import Notice, Preview
from stylenet.image.sheet import contact_sheet
from stylenet.networks.base import Network
from stylenet.training.batches import prefetch
from stylenet.training.capture import Captured, unchanged
from stylenet.training.checkpoint import CHECKPOINT, read_checkpoint, under, write_checkpoint
from stylenet.training.muon import Muon
from stylenet.training.plan import Plan
from stylenet.training.plateau import Plateau
from stylenet.training.processes import Processes

_PREVIEW_PX = 320


class Task(Protocol):
    """Interface of the training tasks.

    Attributes:
        paints: What the network paints.
        capturable: Whether batches consist of tensors, and `loss` performs the same operations for each without reading values back; see
            `capture.Captured`.
    """

    paints: Paints
    capturable: bool

    @property
    def network(self) -> Network[Any]:
        """The network to train."""

    def batch(self, step: int, places: range) -> Any:
        """The items `places` of the batch of update `step`, identical in all processes. Called from other threads."""

    def loss(self, batch: Any) -> Mapping[str, Tensor]:
        """The terms of the loss, averaged over the batch; their sum is minimized."""

    def job(self) -> Mapping[str, Any]:
        """Everything besides the plan that determines the weights."""

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """Preview pictures of `network`, which has the same architecture: names and pictures (1, 3, H, W), 0..1; may be empty."""

    def notices(self) -> Sequence[str]:
        """All notices for the user so far; the trainer reports each one once."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """Event after one update.

    Attributes:
        step: Number of updates so far.
        steps: Expected total number of updates.
        loss: Sum of the terms.
        terms: Terms by name.
        rate: Learning rate.
        seconds: Total training time, including the time before interruptions.
        seconds_left: Estimated time left.
    """

    step: int
    steps: int
    loss: float
    terms: Mapping[str, float]
    rate: float
    seconds: float
    seconds_left: float


Event = Update | Preview | Notice


class Trainer:
    """A training loop that can be interrupted at any time and resumes with a byte-identical result.

    Args:
        task: The task; its network is trained in place.
        plan: Hyperparameters.
        folder: Folder of the checkpoint, shared by all processes and written by the first one.
        device: Training device.
        dtype: Dtype of convolutions; weights, losses and the optimizer use float32.
        processes: Processes that share every batch.

    Attributes:
        average: Moving average of the weights by name, which is the result.
        step: Number of updates so far.
        seconds: Training time so far.
        reason: Why training ended: "finished", "interrupted", "stalled" or "out of time".

    Raises:
        CheckpointError: the checkpoint in the folder belongs to another training, or is damaged.
        UsageError: the batch cannot be divided among the processes.
    """

    def __init__(
        self, task: Task, plan: Plan, folder: Path, *, device: torch.device, dtype: torch.dtype, processes: Processes | None = None
    ) -> None:
        self.task, self.plan, self.folder = task, plan, folder
        self._device, self._dtype, self._processes = device, dtype, processes or Processes()
        self._places = self._processes.share(plan.batch)
        self._optimizer = _optimizer_for(task.network, plan.learning_rate, device)
        self.average = {name: value.detach().clone() for name, value in task.network.state_dict().items()}
        self.step, self.seconds, self.reason = 0, 0.0, "finished"
        self._ending: tuple[int, str] | None = None
        self._plateau = Plateau()
        if (folder / CHECKPOINT).exists():
            self._resume()
        self._loss: nn.Module = _Loss(task)
        if self._processes.count > 1:
            self._check_same_step()
            self._loss = DistributedDataParallel(self._loss)
        self._gradients: Callable[[Any], Mapping[str, Tensor]] = self._compute_gradients
        self._apply_gradients: Callable[[], None] = self._optimizer.step

    @property
    def end(self) -> int:
        """Expected total number of updates."""
        return self.plan.steps if self._ending is None else self._ending[0]

    def events(self, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Train to the end of the plan and yield an `Update` after each update, notices and previews.

        Args:
            should_stop: Called after every update; True writes a checkpoint and ends the training.

        Raises:
            NumericalError: the loss became NaN; the checkpoint has the last good state.
            ImageError: none of the pictures can be read.
        """
        reported: set[str] = set()
        if self._device.type == "cuda" and self._processes.count == 1 and self.task.capturable and self.step < self.end:
            self._capture()
        with (
            freed_memory_kept(),
            contextlib.closing(prefetch(lambda step: self.task.batch(step, self._places), self.step, self.plan.steps)) as batches,
        ):
            stopped = False
            while self.step < self.end and not stopped:
                update, stopped = self._update(batches, should_stop)
                last = stopped or self.step >= self.end
                self.reason = "interrupted" if stopped else "finished" if self._ending is None else self._ending[1]
                if last or self.step % self.plan.checkpoint_every == 0:
                    self._save_checkpoint()
                yield update
                for line in self.task.notices():
                    if line not in reported:
                        reported.add(line)
                        yield Notice(message=line)
                if (last or self.step == 1 or self.step % self.plan.preview_every == 0) and (preview := self._preview()):
                    yield preview

    def _update(self, batches: Iterator[Any], should_stop: Callable[[], bool]) -> tuple[Update, bool]:
        """One update, and whether a process was asked to stop."""
        started = time.perf_counter()
        batch = next(batches)
        network, rate = self.task.network, self.plan.rate(self.step, self.end)
        for group in self._optimizer.param_groups:
            group["lr"].fill_(rate)
        buffers = [buffer.clone() for buffer in network.buffers()]
        terms = self._gradients(batch)
        length = nn.utils.clip_grad_norm_(network.parameters(), self.plan.clip)
        if not torch.isfinite(length):
            for buffer, value in zip(network.buffers(), buffers, strict=True):
                buffer.copy_(value)  # the running moments would include the batch with the NaN
            self._save_checkpoint()
            raise NumericalError(
                f"update {self.step + 1}: the loss became NaN; the last good state is kept: try --precision float32, or a learning rate "
                f"below {self.plan.learning_rate:g}"
            )
        self._apply_gradients()
        self.step += 1
        self._update_average()
        self.seconds += time.perf_counter() - started
        flags = (should_stop(), self.plan.is_late(self.seconds))
        values_and_flags = [*(term.float() for term in terms.values()), *length.new_tensor(flags, dtype=torch.float32)]
        *sums, stopped, late = self._processes.sum(torch.stack(values_and_flags)).tolist()
        values = {name: value / self._processes.count for name, value in zip(terms, sums, strict=True)}
        self._check_ending(sum(values.values()), late=late > 0)
        return self._event(values, rate), stopped > 0

    def _capture(self) -> None:
        """Record the update as CUDA graphs before other threads start to create batches."""
        with unchanged(self.task.network.buffers()):
            self._gradients = Captured(self._compute_gradients, self.task.batch(self.step, self._places))
        if isinstance(self._optimizer, Muon):
            with unchanged((*self.task.network.parameters(), *self._optimizer.tensors())):
                step = Captured(lambda _: self._optimizer.step(), ())
            self._apply_gradients = lambda: step(())

    def _compute_gradients(self, batch: Any) -> dict[str, Tensor]:
        """The terms of the loss; replaces the gradients of the parameters."""
        with torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32):
            terms: dict[str, Tensor] = self._loss(batch)
            loss = torch.stack(list(terms.values())).sum()
        self._optimizer.zero_grad()
        loss.backward()
        return {name: term.detach() for name, term in terms.items()}

    def _event(self, values: Mapping[str, float], rate: float) -> Update:
        left = self.end - self.step
        if self.plan.minutes and self._ending is None:
            left = min(left, max(1, round(self.step * (60 * self.plan.minutes / self.seconds - 1))))
        return Update(
            step=self.step,
            steps=self.step + left,
            loss=sum(values.values()),
            terms=values,
            rate=rate,
            seconds=self.seconds,
            seconds_left=left * self.seconds / self.step,
        )

    def _update_average(self) -> None:
        """Update the moving average of the weights, with a lower decay rate at first to forget the random initialization."""
        share = min(self.plan.average, self.step / (self.step + 10))
        averages_and_values: tuple[list[Tensor], list[Tensor]] = [], []
        for name, value in self.task.network.state_dict().items():
            if value.is_floating_point():
                averages_and_values[0].append(self.average[name])
                averages_and_values[1].append(value)
            else:
                self.average[name].copy_(value)
        torch._foreach_lerp_(*averages_and_values, 1 - share)

    def _check_ending(self, loss: float, *, late: bool) -> None:
        """Begin the decay of the learning rate if the loss stalls or time runs out."""
        stalled = self._plateau.reached(loss, self.plan.patience)
        if self._ending is None and (stalled or late) and (end := self.plan.end_if_decaying_after(self.step)) < self.plan.steps:
            self._ending = end, "out of time" if late else "stalled"

    @torch.no_grad()
    def _preview(self) -> Preview | None:
        """Preview of the averaged network, in the first process only."""
        if not self._processes.first:
            return None
        network = copy.deepcopy(self.task.network)
        network.load_state_dict(self.average)
        with torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32):
            cells = [(name, image.float().cpu().numpy()) for name, image in self.task.pictures(network.eval())]
        return Preview(image=contact_sheet(cells, cell_px=_PREVIEW_PX), step=self.step, scheduled=True) if cells else None

    def _save_checkpoint(self) -> None:
        if not self._processes.first:
            return
        state = self._optimizer.state_dict()["state"]
        tensors = {f"network.{name}": value for name, value in self.task.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.items()}
        tensors |= {f"optimizer.{index}.{name}": value for index, values in state.items() for name, value in values.items()}
        progress = {"step": self.step, "seconds": self.seconds, "ending": self._ending, "plateau": vars(self._plateau)}
        write_checkpoint(self.folder, tensors, {**progress, "job": self.task.job()})

    def _resume(self) -> None:
        tensors, progress = read_checkpoint(self.folder, self.task.job())
        try:
            self.task.network.load_state_dict(under("network", tensors))
        except RuntimeError:
            path = self.folder / CHECKPOINT
            raise CheckpointError(f"'{path}' was written by an incompatible version; delete it to start over") from None
        for name, value in under("average", tensors).items():
            self.average[name].copy_(value)
        states: dict[int, dict[str, Tensor]] = {}
        parameters = list(self.task.network.parameters())
        for name, value in under("optimizer", tensors).items():
            index, part = name.split(".")
            # In the memory layout of the parameter, as created by the optimizer: other layouts may round differently.
            state = value.clone() if part == "step" else torch.empty_like(parameters[int(index)]).copy_(value)
            states.setdefault(int(index), {})[part] = state
        self._optimizer.load_state_dict({"state": states, "param_groups": self._optimizer.state_dict()["param_groups"]})
        self.step, self.seconds = progress["step"], progress["seconds"]
        if progress.get("ending"):
            self._ending = tuple(progress["ending"])
        self._plateau = Plateau(**progress.get("plateau", {}))

    def _check_same_step(self) -> None:
        total = self._processes.sum(torch.tensor(float(self.step), device=self._device))
        if float(total) != self.step * self._processes.count:
            raise CheckpointError(
                f"the processes have read different checkpoints; the folder '{self.folder}' must be shared by all of them"
            )


def _optimizer_for(network: Network[Any], rate: float, device: torch.device) -> torch.optim.Optimizer:
    """The optimizer of a network's kind. Its learning rate is a tensor, so that its updates can be recorded."""
    if network.optimizer == "muon":
        return Muon(network.parameters(), rate)
    return torch.optim.Adam(network.parameters(), lr=torch.tensor(rate, device=device), betas=(0.9, 0.99), fused=device.type == "cuda")


class _Loss(nn.Module):
    """Loss of a task as a module for `DistributedDataParallel`, which averages gradients over the processes."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.network, self._task = task.network, task

    def forward(self, batch: Any) -> Mapping[str, Tensor]:
        return self._task.loss(batch)
