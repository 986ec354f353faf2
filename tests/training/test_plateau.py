"""Detection of a plateau of the loss."""

from __future__ import annotations

import math

from stylenet.training.plateau import Plateau


def test_a_loss_that_falls_is_no_plateau() -> None:
    plateau = Plateau()
    assert not any(plateau.reached(5 * 0.9995**step, 2) for step in range(2000))


def test_a_loss_that_stays_is_one_after_patience_looks_of_fifty() -> None:
    plateau = Plateau()
    reached = [plateau.reached(5.0 + (-1) ** step, 3) for step in range(400)]
    assert reached.index(True) == 4 * 50 - 1  # the first look is a gain, and three are none
    assert not any(Plateau().reached(5.0, 0) for _ in range(400))


def test_gains_below_a_thousandth_do_not_count() -> None:
    plateau = Plateau(lowest=1.0)
    for _ in range(50):
        plateau.reached(0.9995, 9)
    assert (plateau.lowest, plateau.looks) == (1.0, 1)
    for _ in range(50):
        plateau.reached(0.998, 9)
    assert plateau.looks == 0
    assert math.isclose(plateau.lowest, 0.998)
