"""Photos enlarged and colored by networks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import PIL.Image
import pytest
import torch
from skimage.color import rgb2lab

import stylenet
from stylenet.catalog.networks import JohnsonRecord, NetworkCard, Paints
from stylenet.errors import StyleError, UsageError, WeightsError
from stylenet.image.files import Picture, load_image
from stylenet.image.metadata import read_receipt
from stylenet.image.resize import resize
from stylenet.networks.files import build, write_network
from stylenet.networks.johnson import JohnsonNet
from stylenet.painting.receipts import Replay
from stylenet.shapes import Image
from stylenet.workflows import restoring

SHARP = JohnsonRecord(width=2, blocks=1, normalization="batch", factor=4, residual=True)
COLORS = JohnsonRecord(width=2, blocks=1)


def network_file(path: Path, paints: Paints, record: JohnsonRecord) -> Path:
    """A network with seeded random weights, including those initialized with zeros."""
    torch.manual_seed(0)
    state = {name: value + 0.1 * torch.randn_like(value) for name, value in build(record).state_dict().items()}
    state = {name: value.abs() + 0.5 if name.endswith("variance") else value for name, value in state.items()}
    write_network(path, state, NetworkCard(name=paints, paints=paints, record=record))
    return path


@pytest.fixture
def sharp(tmp_path: Path) -> Path:
    return network_file(tmp_path / "sharp.safetensors", "super-resolution", SHARP)


@pytest.fixture
def colors(tmp_path: Path) -> Path:
    return network_file(tmp_path / "colors.safetensors", "colorization", COLORS)


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(1).random((1, 3, height, width), dtype=np.float32)


def test_the_public_names() -> None:
    assert stylenet.enlarge is restoring.enlarge
    assert stylenet.colorize is restoring.colorize


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 9), (21, 34)])
def test_four_times_as_large_and_colored_at_any_size(sharp: Path, colors: Path, height: int, width: int) -> None:
    photo = Picture(pixels=noise(height, width))
    large = stylenet.enlarge(photo, sharp)
    assert large.pixels.shape == (1, 3, 4 * height, 4 * width)
    bicubic = resize(photo.pixels, (4 * width, 4 * height))
    assert float(np.abs(large.pixels - bicubic).max()) > 0
    assert stylenet.colorize(photo, colors).pixels.shape == photo.pixels.shape


def test_by_tiles_it_is_the_same(sharp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Picture(pixels=noise(70, 90))
    whole = stylenet.enlarge(photo, sharp, precision="float32").pixels
    monkeypatch.setattr(restoring, "_TILE_PX", 60 * 60)
    np.testing.assert_allclose(stylenet.enlarge(photo, sharp, precision="float32").pixels, whole, atol=1e-5)


def test_lightness_stays_and_own_colors_go(colors: Path, photo: Picture) -> None:
    colored = stylenet.colorize(photo, colors, precision="float32").pixels
    lab, before = (rgb2lab(image[0].transpose(1, 2, 0)) for image in (colored, photo.pixels))
    assert np.abs(lab - before)[..., 0].max() < 0.05  # of 100
    assert np.abs(lab - before)[..., 1:].max() > 5
    turned = Picture(pixels=photo.pixels.mean(1, keepdims=True).repeat(3, axis=1))
    gray = rgb2lab(stylenet.colorize(turned, colors).pixels[0].transpose(1, 2, 0))
    assert np.abs(gray[..., 1:]).max() > 5


def test_colors_are_painted_small(colors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    forward = JohnsonNet.forward

    def watched(self: JohnsonNet, image: torch.Tensor) -> torch.Tensor:
        seen.append((image.shape[2], image.shape[3]))
        return forward(self, image)

    monkeypatch.setattr(JohnsonNet, "forward", watched)
    assert stylenet.colorize(Picture(pixels=noise(30, 600)), colors).pixels.shape == (1, 3, 30, 600)
    assert seen == [(13, 256)]


def test_alpha_and_receipts_go_along(sharp: Path, colors: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (12, 16, 4), np.uint8)
    pixels[:6, :, 3], pixels[6:, :, 3] = 255, 0
    PIL.Image.fromarray(pixels).save(tmp_path / "cut.png")
    large = stylenet.enlarge(tmp_path / "cut.png", sharp)
    assert (large.image.mode, large.image.size) == ("RGBA", (64, 48))
    large.save(tmp_path / "large.png")
    alpha = load_image(tmp_path / "large.png").alpha
    assert alpha is not None
    assert alpha[..., :20, :].min() == 1
    assert alpha[..., 28:, :].max() == 0
    stylenet.colorize(tmp_path / "large.png", colors).save(tmp_path / "colored.png")
    receipt = read_receipt(tmp_path / "colored.png")
    assert receipt is not None
    told = receipt["restored"]
    assert (told["what"], told["network"], told["photo"], told["size"]) == ("colorization", "colors", "large.png", [64, 48])
    assert (told["before"]["what"], told["before"]["photo"]) == ("super-resolution", "cut.png")
    with pytest.raises(UsageError, match="enlarged or colored by a network"):
        Replay.of(tmp_path / "colored.png")


def test_networks_for_something_else_are_refused(sharp: Path, colors: Path, tmp_path: Path, photo: Picture) -> None:
    with pytest.raises(WeightsError, match="is for super-resolution, not for colorization; use it with: stylenet enlarge"):
        stylenet.colorize(photo, sharp)
    with pytest.raises(WeightsError, match=r"is for colorization, not for super-resolution.* stylenet train --task super-resolution"):
        stylenet.enlarge(photo, colors)
    style = network_file(tmp_path / "style.safetensors", "style", msgspec.structs.replace(COLORS, width=3))
    with pytest.raises(WeightsError, match="use it with: stylenet stylize"):
        stylenet.enlarge(photo, style)
    with pytest.raises(StyleError, match="is not for a style but for super-resolution; use it with: stylenet enlarge"):
        stylenet.stylize(photo, str(sharp), recipe="trained")


def test_what_is_too_large_is_told_before(sharp: Path) -> None:
    with pytest.raises(UsageError, match="16000 x 16000 pixels are too many"):
        stylenet.enlarge(Picture(pixels=np.broadcast_to(np.float32(0), (1, 3, 4000, 4000))), sharp)
