"""The optimization engine: checks, step counts and reports."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.engines.optimizing import OptimizationEngine
from stylenet.errors import UsageError
from stylenet.events import Step
from stylenet.optimization.pyramid import Level
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options


def opened(name: str = "standard", changes: dict[str, str] | None = None, **more: str) -> OptimizationEngine:
    return OptimizationEngine(load_recipe(name, changes or {}), device="cpu", precision="float32", **more)


def test_steps_are_evaluations_of_all_levels() -> None:
    levels = [Level(width=32 * side, height=32, steps=4 + side, content_factor=1.0, deepest=None) for side in (1, 2)]
    assert opened().steps(levels) == 11
    rounds = opened(changes={"solver.name": "scipy-lbfgs", "solver.evaluations_per_round": "20"})
    assert rounds.steps(levels) == 220


def test_a_style_scale_needs_a_recipe_that_keeps_the_shape_of_the_painting() -> None:
    engine = opened(changes={"painting.size": "photo"})
    engine.check(Options(), has_start=False, wants_previews=True)
    with pytest.raises(UsageError, match=r"so --style-scale has no effect; omit it, or give --set painting\.size=long-side, too"):
        engine.check(Options(style_scale=2.0), has_start=False, wants_previews=False)


def test_a_measured_style_has_no_shares() -> None:
    engine = opened()
    with pytest.raises(UsageError, match="style 'senecio' is a single style; omit its shares"):
        engine.with_shares(engine.open_style("senecio"), (0.5, 0.5))


def test_a_texture_has_no_content_and_starts_from_noise() -> None:
    engine = opened()
    recipe = engine.for_texture().recipe
    assert (recipe.content.weight, recipe.picture.start) == (0, "noise")
    assert engine.recipe.content.weight > 0
    # The style loss is divided by that of the initial image, and noise is far from every painting.
    assert recipe.smoothness.weight == pytest.approx(engine.recipe.smoothness.weight / 5)
    again = OptimizationEngine(recipe, device="cpu", precision="float32").for_texture().recipe
    assert again == recipe, "a replay has the recipe of the receipt"


def test_a_texture_of_a_recipe_from_the_literature_keeps_its_smoothness() -> None:
    engine = opened("style-transfer-pytorch", {"encoder.name": "compact"})
    assert engine.for_texture().recipe.smoothness == engine.recipe.smoothness


def test_a_start_from_the_painting_needs_its_picture() -> None:
    stylizer = open_stylizer("standard", changes={"picture.start": "style"}, device="cpu")
    with pytest.raises(UsageError, match="a style file has no picture; give the picture, or --start"):
        stylize(np.zeros((40, 48, 3), np.uint8), "senecio", recipe=stylizer)


def test_another_encoder_is_reported() -> None:
    assert opened().notices == ()
    (notice,) = opened(encoder="vgg19").notices
    assert notice == "painting with the encoder 'vgg19' instead of 'compact', which has nearly the same features"


OPTIMIZING = [name for name in recipe_names() if load_recipe(name).method == "optimization"]


@pytest.mark.parametrize(
    ("name", "precision"), [*((name, "float32") for name in OPTIMIZING), ("standard", "bfloat16"), ("style-transfer-pytorch", "bfloat16")]
)
def test_the_loss_of_every_recipe_falls(name: str, precision: str) -> None:
    waves = np.sin(np.arange(72)[:, None, None] / (5, 9, 13) + np.arange(96)[None, :, None] / (11, 7, 3))
    photo = (waves * 90 + 128).astype(np.uint8)
    painting = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    changes = {"encoder.name": "compact", "pyramid.coarsest_px": "0", "pyramid.steps": "[6]", "pyramid.exact_steps": "0"}
    changes |= {"solver.evaluations_per_round": "1"} if load_recipe(name).solver.name == "scipy-lbfgs" else {}
    stylizer = open_stylizer(name, changes=changes, device="cpu", precision=precision)
    losses = [event.loss for event in stylizer.stylize(photo, painting, Options(size=64)) if isinstance(event, Step)]
    reached = min(losses) if load_recipe(name).solver.name == "lbfgs" else losses[-1]  # L-BFGS without a line search overshoots at first
    assert reached < losses[0]
