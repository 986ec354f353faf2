"""Estimates of the time left, on a simulated clock."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch

from stylenet.catalog.encoders import ENCODERS
from stylenet.catalog.recipes import load_recipe
from stylenet.optimization.clock import Clock
from stylenet.optimization.pyramid import levels
from stylenet.optimization.solvers import SolverStep
from stylenet.optimization.work import step_work

RECIPE = load_recipe("standard")
SIZES: list[tuple[int, int, int | None]] = [
    (256, 192, None),
    (640, 480, None),
    (1024, 768, None),
    (2048, 1536, 2**19),  # by tiles
    (512, 2048, 2**18),
]


def run(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int, int | None],
    slowness: Callable[[float], float],
    *,
    seconds: float = 60.0,
) -> list[tuple[float, float | None, float]]:
    """Elapsed, estimated and true remaining time of every step, for a painting that takes `seconds` on an idle machine."""
    width, height, tile_px = size
    record = ENCODERS[RECIPE.encoder.name]
    found = levels(width, height, RECIPE.pyramid)
    works = [step_work(RECIPE, record, level, tile_px) for level in found]
    rate = seconds / sum(work * level.steps for work, level in zip(works, found, strict=True))
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    clock = Clock(RECIPE, record, found, tile_px)
    begun, told = now, []
    for index, (work, level) in enumerate(zip(works, found, strict=True)):
        now += 1.4 * work * rate * slowness(now - begun)
        for number in range(level.steps):
            # Steps differ by a tenth, and small levels are less efficient than their work says.
            now += work * rate * slowness(now - begun) * (1 + 0.1 * (-1) ** number) * (1.15 if index == 0 else 1.0)
            event = clock.step(index, SolverStep(terms={"style": 1.0}, result=lambda: torch.zeros(1)))
            told.append((now - begun, event.seconds_left))
    end = now - begun
    return [(at, left, end - at) for at, left in told]


def check(told: list[tuple[float, float | None, float]], *, since: float) -> None:
    total = told[-1][0]
    late = [(at, left, truth) for at, left, truth in told if at >= since]
    assert late
    for at, left, truth in late:
        assert left is not None
        assert abs(at + left - total) <= 0.25 * total, (at, left, truth)
        if truth > 10:
            assert left == pytest.approx(truth, rel=0.25), (at, left, truth)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slowness", [1.0, 4.0])
def test_within_a_quarter_from_the_tenth_second_on(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int, int | None], slowness: float
) -> None:
    check(run(monkeypatch, size, lambda at: slowness), since=10)


@pytest.mark.parametrize("size", SIZES)
def test_another_program_that_ends_is_forgotten(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int, int | None]) -> None:
    """Another program uses three quarters of the machine in the first of three minutes."""
    told = run(monkeypatch, size, lambda at: 4.0 if at < 60 else 1.0, seconds=120)
    check(told, since=75)


def test_nothing_is_said_before_the_second_step(monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, SIZES[0], lambda at: 1.0)
    assert [left is None for _, left, _ in told[:3]] == [True, False, False]
    assert told[-1][1] == 0


def test_levels_with_fewer_layers_and_tiles_count_as_they_cost() -> None:
    record = ENCODERS[RECIPE.encoder.name]
    whole = levels(1024, 1024, RECIPE.pyramid)[-1]
    assert step_work(RECIPE, record, whole, 2**18) > 4 / 3 * step_work(RECIPE, record, whole, None) * 0.99
