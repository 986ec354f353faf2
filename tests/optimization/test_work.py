"""The work of a step grows with the picture, the depth and the tiles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stylenet.catalog.encoders import COMPACT
from stylenet.catalog.recipes import load_recipe
from stylenet.optimization.pyramid import Level
from stylenet.optimization.work import step_work

RECIPE = load_recipe("standard", {"picture.rim_px": "0"})
LEVEL = Level(width=512, height=384, steps=1, content_factor=1.0, deepest=None)


def test_against_a_sum_over_convolutions() -> None:
    """Each output of a convolution costs 9 multiply-adds for each channel; factored ones two smaller products."""
    recipe = load_recipe("standard", {"picture.rim_px": "0", "style.layers": "{relu2_1=1}", "content.layers": "{relu1_2=1}"})
    expected, channels = 0.0, 3
    for name, shrink in (("conv1_1", 1), ("conv1_2", 1), ("conv2_1", 4)):
        width, rank = COMPACT.widths[name], COMPACT.ranks.get(name)
        expected += (9 * channels * width if rank is None else 9 * channels * rank + rank * width) / shrink
        channels = width
    assert step_work(recipe, COMPACT, LEVEL, None) / (512 * 384) == pytest.approx(expected, abs=5_000)


def test_follows_the_area() -> None:
    double = replace(LEVEL, width=1024)
    assert step_work(RECIPE, COMPACT, double, None) == pytest.approx(2 * step_work(RECIPE, COMPACT, LEVEL, None), rel=0.01)


def test_a_level_without_the_deep_layers_costs_less() -> None:
    recipe = load_recipe("standard", {"content.layers": "{relu1_2=1}"})
    shallow = replace(LEVEL, deepest="relu2_1")
    assert step_work(recipe, COMPACT, shallow, None) < 0.6 * step_work(recipe, COMPACT, LEVEL, None)


def test_tiles_cost_a_pass_more_and_their_overlap() -> None:
    whole, few, many = (step_work(RECIPE, COMPACT, LEVEL, tile_px) for tile_px in (None, 150_000, 60_000))
    assert 1.3 * whole < few < many
