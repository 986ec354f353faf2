"""Recipes of the literature with the compact encoder."""

from __future__ import annotations

import msgspec
import pytest

from stylenet.catalog.encoders import COMPACT, VGG16, VGG19
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.stylizers.adapting import STYLE_WEIGHT, adapted

LITERATURE = [name for name in recipe_names() if load_recipe(name).encoder.name != "compact"]


def test_the_recipes_own_encoder_changes_nothing() -> None:
    recipe = load_recipe("gatys-2016")
    assert adapted(recipe, VGG19) == (recipe, ())


@pytest.mark.parametrize("name", LITERATURE)
def test_another_vgg_keeps_every_number_and_says_so(name: str) -> None:
    recipe = load_recipe(name)
    other = VGG16 if recipe.encoder.name == "vgg19" else VGG19
    same, notices = adapted(recipe, other)
    assert same == recipe
    assert notices == (f"painting with encoder '{other.name}' in place of '{recipe.encoder.name}': the recipe was made for the latter",)


@pytest.mark.parametrize("name", LITERATURE)
def test_the_compact_encoder_has_all_layers_and_relative_weights(name: str) -> None:
    recipe, notices = adapted(load_recipe(name), COMPACT)
    assert {*recipe.content.layers, *recipe.style.layers} <= set(COMPACT.layers)
    assert sum(recipe.style.layers.values()) == pytest.approx(1)
    assert sum(recipe.content.layers.values()) == pytest.approx(1)
    assert (recipe.content.distance, recipe.style.distance, recipe.style.balance) == ("spread", "relative", "start")
    assert recipe.style.weight / recipe.content.weight == STYLE_WEIGHT
    assert "mean nothing in its units" in notices[0]


@pytest.mark.parametrize("name", LITERATURE)
def test_half_of_the_content_is_held_where_a_pixel_has_at_least_its_three_values(name: str) -> None:
    recipe, notices = adapted(load_recipe(name), COMPACT)
    wide = {layer for layer in recipe.content.layers if COMPACT.widths["conv" + layer[4:]] / 4 ** (int(layer[4]) - 1) >= 3}
    assert sum(recipe.content.layers[layer] for layer in wide) >= 0.5
    kept = set(load_recipe(name).content.layers) <= wide
    assert any("deep layers are narrow" in notice for notice in notices) != kept


def test_a_shallow_content_layer_keeps_all_of_its_weight() -> None:
    assert adapted(load_recipe("pytorch-tutorial"), COMPACT)[0].content.layers == {"conv2_2": 1.0}


def test_a_layer_before_the_relu_shares_with_one_before_the_relu() -> None:
    assert adapted(load_recipe("gatys-2016"), COMPACT)[0].content.layers == {"conv4_2": 0.5, "conv3_1": 0.5}


def test_only_narrow_layers_share_their_weight_and_only_they_are_named() -> None:
    recipe = load_recipe("gatys-2016-code")
    both = msgspec.structs.replace(recipe, content=msgspec.structs.replace(recipe.content, layers={"relu2_2": 1.0, "relu4_2": 1.0}))
    changed, notices = adapted(both, COMPACT)
    assert changed.content.layers == {"relu2_2": 0.5, "relu4_2": 0.25, "relu3_1": 0.25}
    assert "half of the weight of relu4_2 goes to relu3_1" in notices[1]


def test_layers_behind_the_last_one_move_to_it_and_this_is_said() -> None:
    recipe, notices = adapted(load_recipe("tensorflow-tutorial"), COMPACT)
    assert recipe.content.layers == {"relu5_1": 0.5, "relu3_1": 0.5}
    assert notices[1:] == (
        "the compact encoder has no relu5_2; its last layers of that block stand for them",
        "half of the weight of relu5_1 goes to relu3_1, for the scene's sake: the compact encoder's deep layers are narrow",
    )


def test_a_chain_of_shifted_layers_is_taken_apart_and_this_is_said() -> None:
    recipe, notices = adapted(load_recipe("novak-nikulin-2016"), COMPACT)
    assert (recipe.style.chain, recipe.style.shift) == (False, 0.0)
    assert "one by one, not as a chain" in notices[2]
    assert not any("chain" in notice for notice in adapted(load_recipe("keras-2016"), COMPACT)[1])


def test_steps_that_end_on_the_way_from_the_noise_become_longer_and_this_is_said() -> None:
    recipe, notices = adapted(load_recipe("cnn-stylenet"), COMPACT)
    assert recipe.solver.learning_rate * 250 == pytest.approx(3 * 255)
    assert recipe.pyramid.steps == (250,)
    assert notices[-1] == "the learning rate is 3.06 in place of 0.5: 250 steps of the latter end on the way from the noise"


@pytest.mark.parametrize("name", [name for name in LITERATURE if name != "cnn-stylenet"])
def test_every_other_solver_stays_the_recipes_the_ruins_too(name: str) -> None:
    recipe, notices = adapted(load_recipe(name), COMPACT)
    assert recipe.solver == load_recipe(name).solver
    assert not any("learning rate" in notice for notice in notices)


@pytest.mark.parametrize(("unit", "extent"), [("bytes", 255.0), ("unit", 1.0)])
def test_the_learning_rate_follows_the_unit_of_the_picture(unit: str, extent: float) -> None:
    slow = _from_noise(unit, rate=0.01 * extent, steps=100)
    assert adapted(slow, COMPACT)[0].solver.learning_rate == pytest.approx(0.03 * extent)


def _from_noise(unit: str, *, rate: float, steps: int) -> Recipe:
    recipe = load_recipe("cnn-stylenet")
    return msgspec.structs.replace(
        recipe,
        picture=msgspec.structs.replace(recipe.picture, unit=unit),
        solver=msgspec.structs.replace(recipe.solver, learning_rate=rate),
        pyramid=msgspec.structs.replace(recipe.pyramid, steps=(steps,)),
    )
