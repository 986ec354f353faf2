"""Content terms compared with their formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.selfsimilarity import self_similarity, self_similarity_distance
from stylenet.optimization.objective import Objective
from tests.optimization.scenes import PAINTED, PHOTO, features, targets


def test_layers_are_weighted_and_summed(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(content_layers="{relu1_1 = 0.5, relu2_1 = 2.0}", content_weight="3.0", content_distance="'mean'")
    expected = 0.0
    for layer, weight in (("relu1_1", 0.5), ("relu2_1", 2.0)):
        difference = features(encoder, PAINTED, layer) - features(encoder, PHOTO, layer)
        expected += 3 * weight * np.mean(difference**2)
    term = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)["content"]
    assert term.item() == pytest.approx(expected, rel=1e-4)


def test_self_similarity_takes_the_place_of_features(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(content_layers="{relu2_1 = 2.0}", content_weight="3.0", content_distance="'self-similarity'")
    (photo,), (painted,) = (encoder(image, ["relu2_1"]).values() for image in (PHOTO, PAINTED))
    expected = 6 * self_similarity_distance(painted, self_similarity(photo)).item()
    term = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)["content"]
    assert term.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("distance", ["relative", "self-similarity"])
def test_without_weight_there_is_none(distance: str, encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(content_weight="0", content_distance=f"'{distance}'")
    assert "content" not in Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
