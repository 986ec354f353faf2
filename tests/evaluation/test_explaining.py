"""Maps of the losses over the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.evaluation.explaining import colored, explain, overlay, placed, window_starts
from stylenet.evaluation.measures import lightness
from stylenet.image.files import Picture
from stylenet.shapes import Image
from stylenet.styles.style import PictureStyle


@pytest.fixture(scope="module")
def encoder() -> VggEncoder:
    return open_encoder(load_recipe("standard").encoder, device=torch.device("cpu"), dtype=torch.float32).exact


def smooth(height: int = 160, width: int = 192, seed: int = 0) -> Image:
    coarse = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1).numpy()


def test_explained_where_it_is(encoder: VggEncoder) -> None:
    """Half of the picture is still the photo: there, the content is preserved, and the style is missing."""
    photo = Picture(pixels=smooth(128, 256, seed=1))
    painting = np.random.default_rng(3).random((1, 3, 128, 256), dtype=np.float32)
    half = photo.pixels.copy()
    half[..., 128:] = painting[..., 128:]
    style = PictureStyle(name="s", pixels=painting, encoder=encoder, rim_px=16)
    told = explain(Picture(pixels=half), photo, [style], encoder)
    assert told.content.shape == told.style.shape == (1, 1, 128, 256)
    assert told.content[..., :90].mean() < 0.1 * told.content[..., 160:].mean()
    assert told.style[..., :90].mean() > 2 * told.style[..., 160:].mean()
    shown = overlay(half, told.style, most=1.0)
    assert shown.shape == (1, 3, 128, 256)
    assert 0 <= shown.min() <= shown.max() <= 1
    darkest = overlay(np.zeros((1, 3, 4, 4), np.float32), np.full((1, 1, 4, 4), 0.5, np.float32), least=0.5, most=1.0)
    assert np.allclose(darkest, 0.65 * colored(np.zeros((1, 1, 4, 4), np.float32)))


def test_windows_lie_where_they_were_taken() -> None:
    """Windows that hold their own middle: the map is the place itself, between the first middle and the last."""
    starts = torch.arange(0, 97, 16.0)
    heat = placed((starts + 15.5)[None, None, None].expand(1, 1, 3, 7), (64, 128), 32)
    assert heat.shape == (1, 1, 64, 128)
    row = heat[0, 0, 30]
    # A window of 32 pixels has its middle between two of them: half a pixel is rounded.
    assert torch.allclose(row[15:112], torch.arange(15.5, 112), atol=1e-4)
    assert torch.equal(row[:15], torch.full((15,), 15.5))
    assert torch.equal(row[-15:], torch.full((15,), 111.5))


@pytest.mark.parametrize(("length", "side"), [(32, 32), (33, 32), (70, 32), (160, 32), (157, 8), (2, 2), (5, 2), (1, 2)])
def test_windows_reach_both_ends(length: int, side: int) -> None:
    starts = window_starts(length, side)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - side)
    assert all(0 < step <= side // 2 for step in np.diff(starts))


def test_a_small_picture_is_explained(encoder: VggEncoder) -> None:
    picture = Picture(pixels=smooth(16, 17))
    told = explain(picture, picture, [PictureStyle(name="s", pixels=smooth(), encoder=encoder, rim_px=16)], encoder)
    assert told.content.shape == told.style.shape == (1, 1, 16, 17)
    assert np.isfinite(told.style).all()


def test_the_map_goes_from_dark_to_bright() -> None:
    ramp = colored(np.linspace(0, 1, 9, dtype=np.float32).reshape(1, 1, 1, 9))
    light = lightness(ramp)[0]
    assert (np.diff(light) > 0.03).all()
