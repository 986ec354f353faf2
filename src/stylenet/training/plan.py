"""Hyperparameters of training: duration, learning rate, batch and crop size, for any task."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers of a training.

    Attributes:
        steps: Updates in all, at most.
        minutes: Of training in all, those before an interruption included; 0: as long as the updates take.
        batch: Pictures an update, over all processes.
        crop_px: Side of the photos' crops.
        learning_rate: Of Adam.
        warmup: Updates in which the rate grows from nothing.
        decay: Share of all updates, the last ones, in which the rate falls to nothing; before, it stays: a training can be prolonged.
        average: Memory of the average over the weights of many updates, which is what is kept in the end.
        clip: Longest gradient.
        patience: Looks at the loss without a gain after which the end begins: the decay, at once; 0: never. See `plateau`.
        seed: Of crops, weights and noise.
        checkpoint_every: Updates between two checkpoints.
        preview_every: Updates between two previews.
    """

    steps: Annotated[int, Meta(ge=1)]
    minutes: Annotated[float, Meta(ge=0)] = 0.0
    batch: Annotated[int, Meta(ge=1)] = 4
    crop_px: Annotated[int, Meta(ge=64)] = 256
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
        """The learning rate of update `step`, the first is 0, of a training that ends with `end`."""
        end = end or self.steps
        falling = max(1, round(self.decay * end))
        share = min(1.0, (step + 1) / max(1, self.warmup), (end - step) / falling)
        return self.learning_rate * 0.5 * (1 - math.cos(math.pi * share))

    def end_begun(self, step: int) -> int:
        """Updates in all where the decay begins after `step` of them: as long that it is `decay` of the whole."""
        falling = self.steps if self.decay == 1 else math.ceil(step * self.decay / (1 - self.decay))
        return min(self.steps, step + max(1, falling))

    def late(self, seconds: float) -> bool:
        """Whether after so long the decay has to begin for the training to end in time."""
        return 0 < 60 * self.minutes * (1 - self.decay) <= seconds
