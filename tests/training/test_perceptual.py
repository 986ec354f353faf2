"""The training loss, compared with the loss of the everyday recipes."""

from __future__ import annotations

import pytest
import torch

from stylenet.encoders.opening import OpenEncoder
from stylenet.losses.style import strength_factor
from stylenet.training.perceptual import PerceptualLoss, Weights, strength_factors
from stylenet.training.style_targets import StyleTargets


def test_strengths_mean_what_they_mean_elsewhere() -> None:
    strengths = [0.0, 10.0, 49.9, 50.0, 75.0, 100.0]
    assert strength_factors(torch.tensor(strengths)).tolist() == pytest.approx([strength_factor(each) for each in strengths], rel=1e-5)


def test_the_border_of_a_crop_is_free(encoder: OpenEncoder) -> None:
    """Otherwise, networks learn to leave the photo unchanged there."""
    judge = PerceptualLoss(encoder.exact, Weights())
    painting, photo = torch.rand((2, 1, 3, 128, 128), generator=torch.Generator().manual_seed(0))
    whole, half = (StyleTargets.of(statistics) for statistics in judge.statistics(painting))
    changed, inside = photo.clone(), photo.clone()
    changed[:, :, :, :2] = 0
    inside[:, :, :, 62:64] = 0
    strengths = torch.tensor([50.0])
    beside, within = (float(judge(one, photo, (whole, half), strengths)["content"]) for one in (changed, inside))
    assert beside < within / 50
