"""Pixel terms: smoothness in the recipe's units, and edges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.objective import Objective
from tests.optimization.scenes import PAINTED, PHOTO, targets


def test_bytes_scale_the_smoothness(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    unit, in_bytes = recipe(), recipe(picture_unit="bytes")
    plain = Objective(unit, encoder, PHOTO, targets(encoder, unit)).terms(PAINTED)
    scaled = Objective(in_bytes, encoder, PHOTO, targets(encoder, in_bytes)).terms(PAINTED)
    torch.testing.assert_close(scaled["smoothness"], plain["smoothness"] * 255**2)
    torch.testing.assert_close(scaled["content"], plain["content"])


def test_edges_and_places_of_the_photo_cost_nothing(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(edges_weight="2.0", edges_pools="[1, 4, 16]", content_distance="'self-similarity'")
    objective = Objective(small, encoder, PHOTO, targets(encoder, small))
    at_photo, painted = objective.terms(PHOTO), objective.terms(PAINTED)
    assert at_photo["edges"].item() == pytest.approx(0, abs=1e-6)
    assert at_photo["content"].item() == pytest.approx(0, abs=1e-5)
    assert painted["edges"].item() > 0.5
    assert painted["content"].item() > 0.05
    flat = objective.terms(torch.full_like(PHOTO, 0.5))
    assert flat["edges"].item() == pytest.approx(2.0, rel=1e-4), "1 for a picture without edges, pools that do not fit left out"
