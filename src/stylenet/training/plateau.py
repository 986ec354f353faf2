"""Detect when the loss of a training stops improving."""

from __future__ import annotations

import math
from dataclasses import dataclass

_INTERVAL = 50
"""Length of an interval in updates. The loss is averaged over it, since that of a single batch depends mostly on its photos."""

_GAIN = 1e-3
"""Smallest relative decrease of the lowest loss that counts as an improvement."""


@dataclass
class Plateau:
    """Plateau detector. The fields are its complete state, in numbers that JSON represents exactly.

    Attributes:
        total: Sum of the losses in the current interval.
        count: Number of these losses.
        lowest: Lowest mean loss of an interval.
        looks: Number of intervals without improvement since then.
    """

    total: float = 0.0
    count: int = 0
    lowest: float = math.inf
    looks: int = 0

    def reached(self, loss: float, patience: int) -> bool:
        """Add the loss of one update; True after `patience` intervals without improvement, never if `patience` is 0."""
        self.total += loss
        self.count += 1
        if self.count == _INTERVAL:
            mean = self.total / _INTERVAL
            improved = mean < self.lowest * (1 - _GAIN)
            self.lowest, self.looks = (mean, 0) if improved else (self.lowest, self.looks + 1)
            self.total, self.count = 0.0, 0
        return 0 < patience <= self.looks
