"""The style term compared with its formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import moments
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.base import StyleTarget
from tests.optimization.scenes import PAINTED, PAINTINGS, PHOTO, features, style_by_hand, targets


def test_a_blend_is_the_share_of_each(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    terms = Objective(small, encoder, PHOTO, targets(encoder, small, (0.7, 0.3))).terms(PAINTED)
    expected = 5 * (0.7 * style_by_hand(encoder, PAINTINGS[0]) + 0.3 * style_by_hand(encoder, PAINTINGS[1]))
    assert terms["style"].item() == pytest.approx(expected, rel=1e-4)


def test_shift_and_chain_by_hand(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Novak and Nikulin: each layer's loss of shifted Gram matrices, minus the next one's; layers in the network's order."""
    layers = ["relu1_1", "relu1_2", "relu2_1", "relu3_1"]
    shuffled = "{ relu2_1 = 1.0, relu3_1 = 1.0, relu1_1 = 1.0, relu1_2 = 1.0 }"
    chained = recipe(style_layers=shuffled, style_shift="1.0", style_chain="true", style_distance="mean", style_weight="1.0")
    term = Objective(chained, encoder, PHOTO, targets(encoder, chained)).terms(PAINTED)["style"]
    losses = []
    for layer in layers:
        f, a = features(encoder, PAINTED, layer) - 1, features(encoder, PAINTINGS[0], layer) - 1
        losses.append(np.mean((f @ f.T / f.shape[1] - a @ a.T / a.shape[1]) ** 2))
    expected = sum((losses[i] - losses[i + 1]) / 2 ** (len(layers) - 1 - (i + 1)) for i in range(len(layers) - 1))
    assert term.item() == pytest.approx(expected, rel=1e-3)


def test_keras_distance_knows_the_pictures_size(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    keras = recipe(style_distance="keras", style_weight="1.0")
    target = [StyleTarget({layer: moments(values) for layer, values in encoder(PHOTO, keras.style.layers).items()}, 1.0)]
    term = Objective(keras, encoder, PHOTO, target).terms(PAINTED)["style"]
    expected = 0.0
    for layer in ("relu1_1", "relu3_1"):
        c, s = features(encoder, PAINTED, layer), features(encoder, PHOTO, layer)
        expected += np.sum((s @ s.T - c @ c.T) ** 2) / (4.0 * 3**2 * (21 * 26) ** 2)
    assert term.item() == pytest.approx(expected, rel=1e-4)
