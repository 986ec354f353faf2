"""The objective of a recipe compared with the formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.objective import Objective
from tests.optimization.scenes import PAINTED, PAINTINGS, PHOTO, features, style_by_hand, targets


def test_terms_by_hand(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    terms = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    f, p = features(encoder, PAINTED, "relu2_1"), features(encoder, PHOTO, "relu2_1")
    assert terms["content"].item() == pytest.approx(np.mean((f - p) ** 2) / np.mean(p**2), rel=1e-4)
    assert terms["style"].item() == pytest.approx(5 * style_by_hand(encoder, PAINTINGS[0]), rel=1e-4)
    x = PAINTED.double().numpy()
    assert terms["smoothness"].item() == pytest.approx(
        0.1 * ((np.diff(x, axis=2) ** 2).mean() + (np.diff(x, axis=3) ** 2).mean()), rel=1e-5
    )


def test_factors_multiply_their_terms(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    plain = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    changed = Objective(small, encoder, PHOTO, targets(encoder, small), style_factor=10, content_factor=3).terms(PAINTED)
    torch.testing.assert_close(changed["style"], 10 * plain["style"])
    torch.testing.assert_close(changed["content"], 3 * plain["content"])
    torch.testing.assert_close(changed["smoothness"], 10 * plain["smoothness"])


def test_terms_of_weight_nothing_are_left_out(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    bare = recipe(content_weight="0", smoothness_weight="0")
    assert set(Objective(bare, encoder, PHOTO, targets(encoder, bare)).terms(PAINTED)) == {"style"}


def test_gradient_reaches_the_picture_through_everything(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Against central differences along a random direction, in float64."""
    exact = VggEncoder(encoder.record).double()
    exact.load_state_dict(encoder.state_dict())
    small = recipe(style_balance="start")
    objective = Objective(small, exact.double(), PHOTO.double(), targets(exact, small))
    image = PAINTED.double().requires_grad_()
    total = sum(objective.terms(image).values())
    assert isinstance(total, Tensor)
    (gradient,) = torch.autograd.grad(total, image)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    with torch.no_grad():
        ahead, behind = (sum(v.item() for v in objective.terms(image + step * direction).values()) for step in (1e-6, -1e-6))
    assert (gradient * direction).sum().item() == pytest.approx((ahead - behind) / 2e-6, rel=1e-4)


def test_deepest_leaves_out_the_layers_behind_it(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Deeper layers, here relu3_1, have no effect."""
    small = recipe()
    shallow = Objective(small, encoder, PHOTO, targets(encoder, small), deepest="relu2_1").terms(PAINTED)
    whole = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    f, a = features(encoder, PAINTED, "relu1_1"), features(encoder, PAINTINGS[0], "relu1_1")
    g, target = f @ f.T / f.shape[1], a @ a.T / a.shape[1]
    assert shallow["style"].item() == pytest.approx(5 * np.sum((g - target) ** 2) / np.sum(target**2), rel=1e-4)
    torch.testing.assert_close(shallow["content"], whole["content"])
