"""Recipes of the literature with the compact encoder."""

from __future__ import annotations

import pytest

from stylenet.catalog.encoders import COMPACT, VGG16, VGG19
from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.stylizers.adapting import STYLE_WEIGHT, adapted


def test_the_recipes_own_encoder_changes_nothing() -> None:
    recipe = load_recipe("gatys-2016")
    assert adapted(recipe, VGG19) == (recipe, ())


def test_another_vgg_keeps_every_number_and_says_so() -> None:
    recipe = load_recipe("gatys-2016")
    same, notices = adapted(recipe, VGG16)
    assert same == recipe
    assert notices == ("painting with encoder 'vgg16' in place of 'vgg19': the recipe was made for the latter",)


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).encoder.name != "compact"])
def test_the_compact_encoder_has_all_layers_and_relative_weights(name: str) -> None:
    recipe, notices = adapted(load_recipe(name), COMPACT)
    assert {*recipe.content.layers, *recipe.style.layers} <= set(COMPACT.layers)
    assert sum(recipe.style.layers.values()) == pytest.approx(1)
    assert recipe.style.weight / recipe.content.weight == STYLE_WEIGHT
    assert "mean nothing in its units" in notices[0]


def test_layers_behind_the_last_one_move_to_it_and_this_is_said() -> None:
    recipe, notices = adapted(load_recipe("tensorflow-tutorial"), COMPACT)
    assert recipe.content.layers == {"relu5_1": 1.0}
    assert notices[1] == "the compact encoder has no relu5_2; its last layers of that block stand for them"
