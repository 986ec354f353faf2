"""When a training has stopped to gain."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LOOK = 50
"""Updates whose mean loss is one look: that of a single batch says more about its photos than about the network."""

_GAIN = 1e-3
"""Share of the lowest loss that counts as a gain."""


@dataclass
class Plateau:
    """Watches a loss. Its fields are its whole state, in plain numbers that JSON keeps exactly.

    Attributes:
        total: Sum of the losses since the last look.
        count: How many these are.
        lowest: Mean loss of the best look.
        looks: Looks without a gain since.
    """

    total: float = 0.0
    count: int = 0
    lowest: float = math.inf
    looks: int = 0

    def reached(self, loss: float, patience: int) -> bool:
        """Add the loss of one update; true where `patience` looks have passed without a gain. 0 is for ever."""
        self.total += loss
        self.count += 1
        if self.count == _LOOK:
            mean = self.total / _LOOK
            gained = mean < self.lowest * (1 - _GAIN)
            self.lowest, self.looks = (mean, 0) if gained else (self.lowest, self.looks + 1)
            self.total, self.count = 0.0, 0
        return 0 < patience <= self.looks
