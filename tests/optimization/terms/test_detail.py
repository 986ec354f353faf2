"""The detail term: its initial value is its weight, and it rejects masks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import UsageError
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.base import StyleTarget
from tests.optimization.scenes import PAINTINGS, PHOTO, targets


@pytest.mark.parametrize("statistic", ["nearest", "sliced", "histogram"])
def test_details_begin_at_their_weight(statistic: str, encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """The loss of each layer is divided by its value for the photo; blended paintings are weighted by their shares."""
    small = recipe(detail_weight="3.0", detail_statistic=f"'{statistic}'", detail_layers="{relu2_1 = 0.5, relu3_1 = 0.5}")
    wanted = [
        StyleTarget(goal.moments, goal.share, features=encoder(picture, small.detail.layers))
        for goal, picture in zip(targets(encoder, small, (0.7, 0.3)), PAINTINGS, strict=True)
    ]
    objective = Objective(small, encoder, PHOTO, wanted, style_factor=2.0)
    assert objective.terms(PHOTO)["detail"].item() == pytest.approx(2 * 3.0, rel=1e-4)
    at_painting = Objective(small, encoder, PAINTINGS[0], [StyleTarget(wanted[0].moments, 1.0, features=wanted[1].features)])
    assert at_painting.terms(PAINTINGS[1])["detail"].item() < 0.05


def test_details_and_masks_do_not_go_together(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(detail_weight="1.0", detail_layers="{relu2_1 = 1}")
    first, second = targets(encoder, small, (1.0, 1.0))
    split = [StyleTarget(first.moments, 1.0, 0), StyleTarget(second.moments, 1.0, 1)]
    with pytest.raises(UsageError, match=r"omit --mask or set `detail\.weight` to 0"):
        Objective(small, encoder, PHOTO, split, regions=torch.full((2, 1, 21, 26), 0.5))
