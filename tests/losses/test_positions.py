"""Losses on positions, by their names in recipes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch

from stylenet.catalog.recipe import DetailSection
from stylenet.losses.histogram import histogram, histogram_distance
from stylenet.losses.nearest import nearest_distance, neighbors
from stylenet.losses.positions import position_loss
from stylenet.losses.sliced import sliced, sliced_distance


def layer(seed: int) -> torch.Tensor:
    return torch.randn(1, 4, 6, 7, generator=torch.Generator().manual_seed(seed))


def test_every_name_of_a_recipe_is_its_loss() -> None:
    given, painting = layer(0), layer(1)
    expected = {
        "nearest": nearest_distance(given, neighbors(painting)),
        "sliced": sliced_distance(given, sliced(painting, seed=2).slices()),
        "histogram": histogram_distance(given, histogram(painting)),
    }
    described: Any = msgspec.inspect.type_info(DetailSection)
    (named,) = (field.type.type for field in described.fields if field.name == "statistic")
    assert set(expected) == set(named.values)
    for statistic, value in expected.items():
        assert position_loss(painting, statistic, seed=2)(given).item() == value.item()


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="unknown position statistic 'far'"):
        position_loss(layer(1), "far")
