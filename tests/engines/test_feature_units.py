"""Losses of recipes whose network is replaced by the Caffe-trained VGG-19."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
import torch

from stylenet.catalog.recipe import Recipe, StyleSection
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.engines.feature_units import in_units_of
from stylenet.engines.optimizing import OptimizationEngine
from stylenet.losses.content import ContentTarget
from stylenet.losses.moments import Moments, moments
from stylenet.losses.style import gram_distance, layer_loss

RATIO = 200.0


@pytest.fixture(scope="module")
def compact() -> OpenEncoder:
    return open_encoder(load_recipe("standard").encoder, device=torch.device("cpu"), dtype=torch.float32)


def _recipe(content: str, style: str, **style_changes: object) -> Recipe:
    recipe = load_recipe("pytorch-tutorial")
    return msgspec.structs.replace(
        recipe,
        content=msgspec.structs.replace(recipe.content, distance=content),
        style=msgspec.structs.replace(recipe.style, distance=style, **style_changes),
    )


def _moments(features: torch.Tensor) -> Moments:
    flat = features.flatten(2)[0].double()
    return Moments(gram=flat @ flat.T / flat.shape[1], mean=flat.mean(1), positions=flat.shape[1])


@pytest.mark.parametrize("content", ["mean", "half-mean", "sum", "half-sum", "relative", "spread"])
def test_a_content_loss_is_as_large_as_that_of_the_smaller_features(compact: OpenEncoder, content: str):
    photo, painting = torch.rand(2, 1, 8, 5, 7, generator=torch.Generator().manual_seed(1))
    recipe = _recipe(content, "mean-per-element")
    adjusted = in_units_of(compact, recipe)
    wanted = recipe.content.weight * ContentTarget(photo, content).loss(painting)
    assert adjusted.content.weight * ContentTarget(RATIO * photo, content).loss(RATIO * painting) == pytest.approx(float(wanted), rel=1e-4)


@pytest.mark.parametrize("style", ["mean", "mean-per-element", "gatys", "keras", "relative"])
def test_a_style_loss_is_as_large_as_that_of_the_smaller_features(compact: OpenEncoder, style: str):
    given, target = torch.rand(2, 1, 8, 5, 7, generator=torch.Generator().manual_seed(2))
    recipe = _recipe("mean", style)
    adjusted = in_units_of(compact, recipe)
    wanted = recipe.style.weight * gram_distance(_moments(given), _moments(target), style, picture_positions=35)
    found = adjusted.style.weight * gram_distance(_moments(RATIO * given), _moments(RATIO * target), style, picture_positions=35)
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_a_wasserstein_loss_and_its_ridge_are_as_large_as_those_of_the_smaller_features(compact: OpenEncoder):
    given, target = torch.rand(2, 1, 8, 2, 2, generator=torch.Generator().manual_seed(2))  # fewer positions than channels
    recipe = load_recipe("style-transfer-pytorch")
    adjusted = in_units_of(compact, recipe)

    def loss(style: StyleSection, scale: float) -> float:
        distance = layer_loss(moments((scale * target).double()), "wasserstein", "mean", ridge=style.ridge)
        return style.weight * float(distance(moments((scale * given).double())))

    assert loss(adjusted.style, RATIO) == pytest.approx(loss(recipe.style, 1.0), rel=1e-6)


def test_a_balanced_style_is_not_adjusted(compact: OpenEncoder):
    assert in_units_of(compact, _recipe("mean", "mean", balance="start")).style.weight == 1e6


def test_the_published_weights_and_other_networks_are_not_adjusted(compact: OpenEncoder):
    recipe = load_recipe("pytorch-tutorial")
    assert in_units_of(dataclasses.replace(compact, weights="vgg19-torchvision"), recipe) is recipe
    assert in_units_of(compact, load_recipe("neural-style")) == load_recipe("neural-style")


def test_a_recipe_for_any_weights_is_not_adjusted():
    recipe = load_recipe("standard", {"encoder.caffe_ratio": "2", "style.balance": '"raw"'})
    engine = OptimizationEngine(recipe)
    assert engine.notices == ()
    assert in_units_of(engine.encoder, recipe) is recipe


def test_the_adjustment_is_reported():
    engine = OptimizationEngine(load_recipe("pytorch-tutorial"), encoder="compact")
    assert engine.notices == (
        "painting with the weights 'compact', but the recipe was tuned for 'vgg19-torchvision'; its losses are adjusted",
    )
