"""The strength sets the ratio of the losses, independent of size, encoder and start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stylenet.catalog.encoders import COMPACT, VGG19
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.files import Picture
from stylenet.image.resize import resize
from stylenet.losses.style import strength_factor
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.base import StyleTarget
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import open_stylizer
from stylenet.styles.style import PictureStyle


def vgg_shaped() -> VggEncoder:
    """VGG-19's layers at an eighth of its width, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        widths = {name: width // 8 for name, width in VGG19.widths.items()}
        encoder = VggEncoder(replace(VGG19, widths=widths, preprocessing=COMPACT.preprocessing))
        for parameter in encoder.parameters():
            if parameter.ndim == 4:
                torch.nn.init.kaiming_normal_(parameter)
    return encoder.requires_grad_(False).eval()


def test_factor_goes_from_none_by_one_to_ten() -> None:
    assert [strength_factor(strength) for strength in (0, 50, 100)] == pytest.approx([0, 1, 10])
    assert strength_factor(25) == pytest.approx((10**1.1 - 1) / (10**2.2 - 1))
    assert strength_factor(75) == pytest.approx(10**0.5)
    factors = [strength_factor(strength) for strength in range(101)]
    assert factors == sorted(factors)


@pytest.mark.parametrize("name", ["standard", "fine", "gatys-2016", "instant"])
def test_strength_0_is_the_photo_to_the_byte(name: str, photo: Picture) -> None:
    painted = stylize(photo, "starry-night", recipe=open_stylizer(name, encoder="compact"), strength=0)
    assert np.array_equal(painted.pixels, photo.pixels)


@pytest.mark.parametrize(("name", "strength"), [("compact", 50.0), ("vgg-shaped", 20.0), ("vgg-shaped", 50.0), ("vgg-shaped", 80.0)])
def test_the_ratio_at_the_start(name: str, strength: float, photo: Picture) -> None:
    """The style loss of the photo, relative to the content loss of a picture without content, which is 1 by definition of `spread`."""
    recipe = load_recipe("standard")
    encoder = open_encoder(recipe.encoder, device=torch.device("cpu"), dtype=torch.float32).exact if name == "compact" else vgg_shaped()
    painting = np.random.default_rng(1).random((1, 3, 90, 120), dtype=np.float32)
    style = PictureStyle(name="s", pixels=resize(painting, (360, 270)), encoder=encoder, rim_px=16)
    ratios = []
    for size in (96, 192, 384):
        pixels = torch.from_numpy(resize(photo.pixels, (size, size * 4 // 5)))
        goals = [StyleTarget(style.at(size, recipe.style.layers), 1.0)]
        objective = Objective(recipe, encoder, pixels, goals, style_factor=strength_factor(strength))
        with torch.no_grad():
            terms = objective.terms(pixels)
        assert float(terms["content"]) == pytest.approx(0, abs=1e-6)
        ratios.append(float(terms["style"]))
    assert ratios == pytest.approx([recipe.style.weight * strength_factor(strength)] * 3, rel=0.1)
