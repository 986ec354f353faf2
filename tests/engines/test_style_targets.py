"""The size at which a painting is measured: a style file gives the same statistics as its picture, up to its largest size."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipes import load_recipe
from stylenet.catalog.styles import StyleCard
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.style_targets import AnyStyle, StyleTargets
from stylenet.losses.moments import Moments
from stylenet.styles.packed import PackedMoments
from stylenet.styles.statistics import LayerStatistics
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import PictureStyle

SIZES = (800, 400, 200, 100)
LADDER = [LayerStatistics(np.full(2, math.log(size)), np.full((2, 2), math.log(size) ** 2)) for size in SIZES]
"""The mean is the logarithm of the size: blended by octaves, it tells what size was asked for."""

STORED = StoredStyle(
    card=StyleCard(name="ladder", sizes_px=SIZES, width=400, height=300), layers={"relu1_1": PackedMoments.of(LADDER, 1, 1e-3)}
)


def moments_for(style: AnyStyle, size: str, level: tuple[int, int], *, photo_size: tuple[int, int], style_scale: float = 1.0) -> Moments:
    """Moments of relu1_1 at a level, for a recipe with this size of the painting."""
    recipe = load_recipe("gatys-2016")
    recipe = msgspec.structs.replace(
        recipe,
        painting=msgspec.structs.replace(recipe.painting, size=size),
        style=msgspec.structs.replace(recipe.style, layers={"relu1_1": 1.0}),
    )
    targets = StyleTargets(recipe, [[(style, 1.0)]], photo_size=photo_size, style_scale=style_scale, device=torch.device("cpu"))
    (target,) = targets(*level)
    return target.moments["relu1_1"]


# A painting of 400 x 300 and a level of 100 x 200.
@pytest.mark.parametrize(
    ("size", "photo_size", "style_scale", "expected"),
    [
        ("area", (100, 200), 1.0, math.sqrt(100 * 200)),
        ("area", (100, 200), 2.0, 2 * math.sqrt(100 * 200)),
        ("photo", (100, 200), 1.0, math.sqrt(100 * 200)),
        ("long-side", (100, 200), 1.0, math.sqrt(200 * 150)),
        ("long-side", (100, 200), 2.0, math.sqrt(400 * 300)),
        ("width", (100, 200), 2.0, math.sqrt(200 * 150)),
        ("own", (100, 200), 1.0, math.sqrt(400 * 300)),
        ("own", (200, 400), 1.0, math.sqrt(200 * 150)),
    ],
)
def test_a_style_file_is_asked_for_the_size_its_picture_would_have(
    size: str, photo_size: tuple[int, int], style_scale: float, expected: float
) -> None:
    mean = moments_for(STORED, size, (100, 200), photo_size=photo_size, style_scale=style_scale).mean[0, 0]
    assert math.exp(mean) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("size", "scale", "expected"), [("width", 0.5, 100), ("own", 9.0, 800)])
def test_beyond_the_ladder_its_last_step_answers(size: str, scale: float, expected: float) -> None:
    mean = moments_for(STORED, size, (100, 200), photo_size=(100, 200), style_scale=scale).mean[0, 0]
    assert math.exp(mean) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("size", "positions"), [("photo", 100 * 200), ("long-side", 200 * 150), ("width", 100 * 75), ("own", 200 * 150), ("area", 20000)]
)
def test_a_picture_is_brought_to_that_size(size: str, positions: int) -> None:
    encoder = VggEncoder(EncoderRecord(name="small", widths={"conv1_1": 2})).requires_grad_(False)
    picture = PictureStyle(name="p", pixels=np.zeros((1, 3, 300, 400), np.float32), encoder=encoder, rim_px=0)
    given = moments_for(picture, size, (100, 200), photo_size=(200, 400))
    assert given.positions == pytest.approx(positions, rel=0.01)
