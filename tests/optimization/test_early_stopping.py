"""Early stopping for sequences of losses."""

from __future__ import annotations

import pytest

from stylenet.optimization.early_stopping import EarlyStopping


def steps_until_over(losses: list[float], steps: int) -> int | None:
    stopping = EarlyStopping(steps)
    for number, loss in enumerate(losses, start=1):
        stopping.add(loss)
        if stopping.is_over:
            return number
    return None


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([5.0] * 10, 4),
        ([5.0, 4.0, 3.0, 3.0, 2.999, 2.998, 1.0], 6),  # decreases of less than 0.1 % do not count
        ([5.0, 5.0, 5.0, 4.9, 4.9, 4.9, 4.8], None),
        ([-1.0, -1.0, -1.0005, -1.0009], 4),
        ([-1.0, -1.1, -1.2, -1.3, -1.4], None),
        ([5.0, float("nan"), float("nan"), float("nan")], 4),
    ],
)
def test_over_after_three_steps_without_a_lower_loss(losses: list[float], expected: int | None) -> None:
    assert steps_until_over(losses, 3) == expected


def test_zero_disables_it() -> None:
    assert steps_until_over([5.0] * 1000, 0) is None
