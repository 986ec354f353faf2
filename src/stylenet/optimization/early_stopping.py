"""Early stopping of an optimization."""

from __future__ import annotations


class EarlyStopping:
    """Stop if the lowest loss has not decreased by 0.1 % within `steps` steps; 0 disables early stopping."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.lowest, self.since = float("inf"), 0

    def add(self, loss: float) -> None:
        if self.lowest == float("inf") or loss < self.lowest - 1e-3 * abs(self.lowest):
            self.lowest, self.since = loss, 0
        else:
            self.since += 1

    @property
    def is_over(self) -> bool:
        return bool(self._steps) and self.since >= self._steps
