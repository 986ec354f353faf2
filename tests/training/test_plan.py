"""Learning rates and durations of plans."""

from __future__ import annotations

import pytest

from stylenet.training.plan import Plan


def test_the_rate_grows_stays_and_falls() -> None:
    plan = Plan(steps=1000, learning_rate=2e-3, warmup=100, decay=0.3)
    rates = [plan.rate(step) for step in range(1000)]
    assert rates[:100] == sorted(rates[:100])
    assert rates[99] == pytest.approx(2e-3)
    assert set(rates[100:700]) == {2e-3}
    assert rates[700:] == sorted(rates[700:], reverse=True)
    assert 0 < rates[-1] < 1e-6
    assert rates[849] == pytest.approx(1e-3, rel=0.02)  # a cosine: the half in the middle


def test_an_end_that_begins_early_decays_at_once_and_as_long_in_proportion() -> None:
    plan = Plan(steps=10_000, decay=0.3)
    end = plan.end_if_decaying_after(700)
    assert end == 1000
    assert plan.rate(699, end) == plan.learning_rate
    assert plan.rate(701, end) < plan.learning_rate
    assert plan.rate(end - 1, end) < 1e-3 * plan.learning_rate


def test_no_end_lies_behind_the_plan() -> None:
    assert Plan(steps=800, decay=0.3).end_if_decaying_after(700) == 800
    assert Plan(steps=800, decay=0.0).end_if_decaying_after(700) == 701
    assert Plan(steps=800, decay=1.0).end_if_decaying_after(5) == 800


def test_late_leaves_time_for_the_decay() -> None:
    plan = Plan(steps=9, minutes=10, decay=0.25)
    assert not plan.is_late(449)
    assert plan.is_late(450)
    assert not Plan(steps=9).is_late(1e9)
