"""Forecasts before the first step: memory, independent of earlier paintings, and time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stylenet.encoders import freed_memory
from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.engines import forecast
from stylenet.image.files import Picture
from stylenet.optimization.pyramid import Level
from stylenet.optimization.work import step_work
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return open_stylizer("draft", device="cpu", precision="float32")


@pytest.mark.skipif(freed_memory._glibc() is None, reason="another C library")
def test_a_painting_before_changes_no_plan(stylizer: Stylizer, photo: Picture) -> None:
    options = Options(size=128, memory="4GB")
    first = stylizer.plan(photo, options)
    with freed_memory_kept():
        blocks = [torch.ones(2**20) for _ in range(80)]  # 4 MB each
        del blocks
    second = stylizer.plan(photo, options)
    assert second.tile_px == first.tile_px
    assert second.values["memory_bytes"] == pytest.approx(first.values["memory_bytes"], abs=60 * 2**20)


def test_seconds_follow_steps_sizes_and_exact_steps(stylizer: Stylizer, photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine that takes 1 ms per step and 1 ns per 10,000 multiply-adds, and twice that in float32."""
    encoder, recipe = stylizer.engine.encoder, stylizer.recipe  # type: ignore[attr-defined]
    fast = object()
    two = replace(encoder, fast=fast)

    def step_seconds(recipe: object, looks: object, side: int) -> float:
        level = Level(width=side, height=side, steps=1, content_factor=1.0, deepest=None)
        work = step_work(stylizer.recipe, encoder.record, level, None)
        return 1e-3 + (1 if looks is fast else 2) * 1e-13 * work

    monkeypatch.setattr(forecast, "_step_seconds", step_seconds)
    levels = stylizer.plan(photo, Options(size=256)).levels
    works = [step_work(recipe, encoder.record, level, None) for level in levels]
    exact = min(levels[-1].steps, recipe.pyramid.exact_steps)
    truth = sum((level.steps + 1.4) * (1e-3 + 1e-13 * work) for level, work in zip(levels, works, strict=True))
    truth += exact * 1e-13 * works[-1]
    assert forecast._seconds(recipe, two, levels, None) == pytest.approx(truth, rel=1e-6)
