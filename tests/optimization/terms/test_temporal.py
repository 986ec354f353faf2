"""The temporal term of clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.temporal import TemporalTerm
from tests.optimization.conftest import picture
from tests.optimization.scenes import targets

GENERATOR = torch.Generator().manual_seed(0)
BEFORE = torch.rand(1, 3, 5, 4, generator=GENERATOR, dtype=torch.float64)
WEIGHTS = torch.rand(1, 1, 5, 4, generator=GENERATOR, dtype=torch.float64)
IMAGE = torch.rand(1, 3, 5, 4, generator=GENERATOR, dtype=torch.float64)


def test_value_by_hand() -> None:
    expected = np.mean(WEIGHTS.numpy() * (IMAGE.numpy() - BEFORE.numpy()) ** 2)
    assert TemporalTerm(BEFORE, WEIGHTS).value(IMAGE).item() == pytest.approx(expected)
    assert TemporalTerm(BEFORE, WEIGHTS).value(BEFORE).item() == 0


def test_slope_is_that_of_differences() -> None:
    term = TemporalTerm(BEFORE, WEIGHTS)
    gradient = torch.zeros_like(IMAGE)
    term.add_slope(IMAGE, gradient)
    for place in ((0, 0, 0, 0), (0, 1, 2, 3), (0, 2, 4, 1)):
        step = torch.zeros_like(IMAGE)
        step[place] = 1e-5
        numeric = (term.value(IMAGE + step) - term.value(IMAGE - step)) / 2e-5
        assert gradient[place].item() == pytest.approx(numeric.item(), rel=1e-6)
    assert torch.autograd.gradcheck(term.value, (IMAGE.clone().requires_grad_(),))


def test_the_objective_has_it_where_there_is_a_history(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    photo, before = (torch.from_numpy(picture(24, 32, seed)) for seed in (1, 2))
    weights = torch.zeros(1, 1, 24, 32)
    weights[..., :16] = 3.0
    paintings = targets(encoder, recipe())
    plain = Objective(recipe(), encoder, photo, paintings)
    steady = Objective(recipe(), encoder, photo, paintings, history=(before, weights))
    (without, slope), (with_term, steady_slope) = plain.evaluate(photo), steady.evaluate(photo)
    assert "temporal" not in without
    assert with_term["temporal"] == pytest.approx(float((weights * (photo - before) ** 2).mean()), rel=1e-4)
    assert torch.allclose(slope[..., 16:], steady_slope[..., 16:], atol=1e-7)
    assert not torch.allclose(slope[..., :16], steady_slope[..., :16], atol=1e-7)
