"""All inputs of a painting are moved to the encoder's device, tested with torch's meta device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.evaluation.explaining import CONTENT_LAYERS, _content
from stylenet.evaluation.measures import on_device
from stylenet.optimization.paint import _Run
from stylenet.requests.task import Task
from stylenet.styles.framing import framed_features
from stylenet.styles.style import PictureStyle

PIXELS = np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32)


@pytest.fixture(scope="module")
def encoder() -> OpenEncoder:
    return open_encoder(EncoderSection(), device=torch.device("meta"), dtype=torch.bfloat16)


@pytest.mark.parametrize("start", ["content", "noise", "style", "given"])
def test_photo_regions_and_every_start(encoder: OpenEncoder, start: str) -> None:
    recipe = load_recipe("standard", {"picture.start": "content" if start == "given" else start})
    task = Task[object](photo=PIXELS, styles=[], weights=np.ones((2, 1, 64, 64), np.float32))
    run = _Run(
        task,
        recipe=recipe,
        encoder=encoder,
        targets_at=lambda width, height: [],
        start=PIXELS if start == "given" else None,
        style_picture=PIXELS,
    )
    assert run.photo.is_meta
    assert run.regions is not None
    assert run.regions.is_meta
    assert run._initial_image(run.levels[0]).is_meta


def test_style_pictures_and_compared_pictures(encoder: OpenEncoder) -> None:
    style = PictureStyle(name="a", pixels=PIXELS, encoder=encoder.exact, rim_px=16)
    assert all(moments.gram.is_meta for moments in style.at(64, ("relu1_1", "relu2_1")).values())
    picture = on_device(PIXELS, encoder.exact)
    assert picture.is_meta
    features, _ = framed_features(encoder.exact, picture, CONTENT_LAYERS, 16)
    assert all(values.is_meta for values in features.values())
    assert _content(picture, picture, encoder.exact).is_meta
