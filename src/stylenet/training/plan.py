"""Hyperparameters of training: duration, learning rate, batch and crop size, for any task."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hyperparameters of a training.

    Attributes:
        steps: Largest number of updates.
        minutes: Time limit, including the time before interruptions; 0: no limit.
        batch: Batch size over all processes.
        crop_px: Side of the photos' crops.
        learning_rate: Learning rate of the optimizer; see `Network.optimizer`.
        warmup: Number of updates in which the learning rate increases from 0.
        decay: Share of the updates, at the end, in which the learning rate decreases to 0; it is constant before, so that a training can
            be extended.
        average: Decay rate of the moving average of the weights, which is the result.
        clip: Largest norm of the gradient.
        patience: Number of intervals without improvement after which the decay of the learning rate begins; 0: disabled. See `plateau`.
        seed: Random seed of crops, weights and noise.
        checkpoint_every: Updates between checkpoints.
        preview_every: Updates between previews.
    """

    steps: Annotated[int, Meta(ge=1)]
    minutes: Annotated[float, Meta(ge=0)] = 0.0
    batch: Annotated[int, Meta(ge=1)] = 4
    crop_px: Annotated[int, Meta(ge=64)] = 224
    learning_rate: Annotated[float, Meta(gt=0)] = 1e-3
    warmup: Annotated[int, Meta(ge=0)] = 100
    decay: Annotated[float, Meta(ge=0, le=1)] = 0.3
    average: Annotated[float, Meta(ge=0, lt=1)] = 0.998
    clip: Annotated[float, Meta(gt=0)] = 1.0
    patience: Annotated[int, Meta(ge=0)] = 0
    seed: int = 0
    checkpoint_every: Annotated[int, Meta(ge=1)] = 250
    preview_every: Annotated[int, Meta(ge=1)] = 250

    def rate(self, step: int, end: int | None = None) -> float:
        """The learning rate of update `step`, counted from 0, of a training with `end` updates."""
        end = end or self.steps
        decay_steps = max(1, round(self.decay * end))
        share = min(1.0, (step + 1) / max(1, self.warmup), (end - step) / decay_steps)
        return self.learning_rate * 0.5 * (1 - math.cos(math.pi * share))

    def end_if_decaying_after(self, step: int) -> int:
        """Total number of updates if the learning rate starts to decay after `step`, such that the decay takes a share of `decay`."""
        decay_steps = self.steps if self.decay == 1 else math.ceil(step * self.decay / (1 - self.decay))
        return min(self.steps, step + max(1, decay_steps))

    def is_late(self, seconds: float) -> bool:
        """Whether the decay must start now, after `seconds`, to meet the time limit."""
        return 0 < 60 * self.minutes * (1 - self.decay) <= seconds
