"""Measures of pictures with known results."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.evaluation.measures import border, checkerboard, color_distance, edges_kept, lightness, measure, noise, seam, ssim
from stylenet.image.files import Picture
from stylenet.shapes import Image
from stylenet.styles.style import PictureStyle


@pytest.fixture(scope="module")
def encoder() -> VggEncoder:
    return open_encoder(load_recipe("standard").encoder, device=torch.device("cpu"), dtype=torch.float32).exact


def smooth(height: int = 160, width: int = 192, seed: int = 0) -> Image:
    coarse = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1).numpy()


def plane(seed: int = 0, grain: float = 2 / 255) -> np.ndarray:
    random = np.random.default_rng(seed)
    return smooth(seed=seed)[0, 0].astype(np.float64) + grain * random.standard_normal((160, 192))


@pytest.mark.parametrize("sigma", [2.0, 8.0, 20.0])
def test_noise_is_the_deviation_that_was_added(sigma: float) -> None:
    assert noise(plane(grain=sigma / 255)) == pytest.approx(sigma, rel=0.05)
    assert noise(plane(grain=0)) < 0.2


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_a_checkerboard_stands_out(period: int) -> None:
    rows, columns = np.indices((160, 192))
    wave = np.cos(2 * np.pi * columns / period) * np.cos(2 * np.pi * rows / period)
    assert 0.8 < checkerboard(plane()) < 3
    assert checkerboard(plane() + 4 / 255 * wave) > 15


def test_upright_edges_are_no_checkerboard() -> None:
    house = plane()
    house[:, 50:53] += 0.4
    house[:, 120:] -= 0.3
    assert checkerboard(house) < 3


@pytest.mark.parametrize("seed", range(4))
def test_a_seam_of_two_levels_stands_out(seed: int) -> None:
    clean = plane(seed, grain=1 / 255)
    assert 0.8 < seam(clean) < 1.7
    for cut in (clean.copy(), clean.T.copy()):
        cut[:, 96:] += 2 / 255
        assert seam(cut) > 2
        assert seam(cut, rows=[], columns=[96]) == seam(cut)
        assert seam(cut, rows=[80], columns=[]) < 1.5
    assert seam(clean, rows=[80], columns=[96]) < 1.5


def test_a_frame_is_no_seam() -> None:
    framed = plane()
    framed[:3] = framed[:, -4:] = 0
    assert seam(framed) < 2


def test_a_flat_picture_has_neither() -> None:
    assert checkerboard(np.full((160, 192), 0.5)) == 1
    assert seam(np.full((160, 192), 0.5)) <= 1


def test_similarity_and_edges() -> None:
    target = plane(grain=0)
    target[40:100, 50:140] += 0.4
    assert ssim(target, target) == pytest.approx(1)
    assert edges_kept(target, target) == 1
    assert ssim(plane(seed=1), target) < 0.9
    assert edges_kept(np.full_like(target, 0.5), target) == 0
    assert edges_kept(np.roll(target, 2, axis=1), target) > 0.95
    assert edges_kept(np.roll(target, 12, axis=1), target) < 0.6


def test_color_distance_of_gray_levels() -> None:
    """Between one gray and another a fifth brighter: 0.2 times the mean of abs(r + g + b) over the directions."""
    dark, light = np.full((1, 3, 8, 8), 0.3, np.float32), np.full((1, 3, 8, 8), 0.5, np.float32)
    directions = torch.nn.functional.normalize(torch.randn(16, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    assert color_distance(dark, light) == pytest.approx(0.2 * float(directions.sum(1).abs().mean()), rel=1e-4)
    assert color_distance(dark, dark) == 0


def test_lightness_of_gray() -> None:
    assert lightness(np.full((1, 3, 4, 5), 0.5, np.float32)) == pytest.approx(np.full((4, 5), 0.534), abs=1e-3)


def test_measures_order_pictures_as_they_are_near(encoder: VggEncoder) -> None:
    photo, painting = Picture(pixels=smooth(seed=1)), smooth(seed=2)
    painting[:, 0] = painting[:, 0] * 0.5
    style = PictureStyle(name="s", pixels=painting, encoder=encoder, rim_px=16)
    # Near to the painting: halfway between two smooth pictures lies a smoother one, which VGG-19 finds unlike both.
    mixtures = [Picture(pixels=photo.pixels + np.float32(share) * (painting - photo.pixels)) for share in (0.0, 0.95, 1.0)]
    first, middle, last = (measure(mixture, encoder, photo=photo, styles=[style]) for mixture in mixtures)
    for name in ("style", "gram", "palette"):
        assert getattr(first, name) > getattr(middle, name) > getattr(last, name) >= 0
    assert first.content == pytest.approx(0, abs=1e-6)
    assert middle.content is not None
    assert last.content is not None
    assert 0 < middle.content < last.content
    assert first.ssim == pytest.approx(1)
    bare = measure(mixtures[1], encoder)
    assert (bare.style, bare.content, bare.ssim, bare.palette) == (None, None, None, None)


@pytest.mark.parametrize("size", [(16, 16), (17, 100)])
def test_small_pictures_are_measured(size: tuple[int, int], encoder: VggEncoder) -> None:
    picture = Picture(pixels=smooth(*size))
    found = measure(picture, encoder, photo=picture, styles=[PictureStyle(name="s", pixels=smooth(), encoder=encoder, rim_px=16)])
    assert found.ssim == pytest.approx(1)
    assert found.style is not None


def test_a_frame_that_is_left_of_the_photo_shows() -> None:
    photo = plane()
    strokes = 0.05 * np.random.default_rng(3).standard_normal(photo.shape)
    framed = photo + strokes
    for outside in (np.s_[:12], np.s_[-12:], np.s_[:, :12], np.s_[:, -12:]):
        framed[outside] = photo[outside]
    assert 0.8 < border(photo + strokes, photo) < 1.25
    assert border(framed, photo) < 0.4
    assert border(photo, photo) == 1
    assert border(photo[:3, :3], photo[:3, :3]) == 1
