"""One-pass painting from Python."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylenet
from stylenet.engines import onnx_networks
from stylenet.engines.parts import parts_of
from stylenet.errors import UsageError
from stylenet.image.resize import resize
from stylenet.image.scenes import street


def shipped(name: str) -> Path:
    """The file of a built-in style."""
    return Path(str(resources.files("stylenet"))) / "catalog" / "styles" / f"{name}.safetensors"


def distance(one: Any, other: Any) -> float:
    return float(np.abs(one.pixels - other.pixels).mean())


def test_a_built_in_style_its_file_and_a_painting(folder: Path) -> None:
    photo = stylenet.load_image(folder / "photo.png")
    named = stylenet.stylize(photo, "starry-night")
    assert named.receipt["recipe"]["name"] == "instant"
    assert named.pixels.shape == photo.pixels.shape
    assert 0.03 < distance(named, photo) < 0.6
    assert np.array_equal(named.pixels, stylenet.stylize(photo, shipped("starry-night")).pixels)
    painted = stylenet.stylize(photo, folder / "painting.png")
    assert distance(painted, named) > 0.02
    assert 0.03 < distance(painted, photo) < 0.4


@pytest.mark.parametrize("side", [48, 96, 128])
def test_a_small_painting_is_a_style_as_the_large_one_is(photo: Any, side: int) -> None:
    large = stylenet.load_image(street()).pixels
    small = resize(large, (side, side))
    painted, expected = (stylenet.stylize(photo, each, recipe="instant").pixels for each in (small, large))
    assert np.abs(painted - expected).mean() < 0.12
    assert np.abs(painted - photo.pixels).mean() < 0.4


@pytest.mark.parametrize("pattern", ["white", "gradient", "stripes", "lines", "noise"])
def test_a_picture_unlike_any_painting_leaves_the_photo_recognizable(photo: Any, pattern: str) -> None:
    rows, columns = np.mgrid[:200, :200]
    values = {
        "white": np.ones((200, 200)),
        "gradient": columns / 199,
        "stripes": (columns // 16) % 2,
        "lines": (rows + columns) % 40 > 0,
        "noise": np.random.default_rng(0).random((200, 200)),
    }[pattern]
    style = np.repeat(values[None, None].astype(np.float32), 3, axis=1)
    painted = stylenet.stylize(photo, style, recipe="instant").pixels
    assert np.corrcoef(painted.mean(axis=1).ravel(), photo.pixels.mean(axis=1).ravel())[0, 1] > 0.7


def test_a_folder_of_paintings_is_one_style(folder: Path, photo: Any, painting: Any) -> None:
    (folder / "both").mkdir()
    for number, picture in enumerate((painting, painting[..., ::-1].copy())):
        stylenet.save_image(picture, folder / "both" / f"{number}.png")
    assert distance(stylenet.stylize(photo, folder / "both"), photo) > 0.03


def test_a_network_of_one_painting_is_a_style(photo: Any) -> None:
    painted = stylenet.stylize(photo, "starry-night", recipe="trained")
    assert distance(painted, photo) > 0.03


def test_strength(photo: Any) -> None:
    none, half, full = (stylenet.stylize(photo, "the-scream", strength=strength) for strength in (0, 50, 100))
    assert np.array_equal(none.pixels, photo.pixels)
    assert 0.02 < distance(half, photo) < distance(full, photo)


def test_blends(photo: Any) -> None:
    styles = ["starry-night", "great-wave"]
    first, second = (stylenet.stylize(photo, style) for style in styles)
    even = stylenet.stylize(photo, styles, blend=(0.5, 0.5))
    assert np.allclose(stylenet.stylize(photo, styles, blend=(1, 0)).pixels, first.pixels, atol=1e-5)
    assert max(distance(even, first), distance(even, second)) < distance(first, second)


def test_a_mask_keeps_the_photo(folder: Path) -> None:
    photo = stylenet.load_image(folder / "photo.png")
    kept = stylenet.stylize(photo, "starry-night", regions=[stylenet.Region(mask=folder / "mask.png", style=None)])
    half = photo.width // 2
    assert np.array_equal(kept.pixels[..., :half], photo.pixels[..., :half])
    assert np.abs(kept.pixels[..., half:] - photo.pixels[..., half:]).mean() > 0.03


@pytest.mark.parametrize("way", ["luminance", "histogram", "mean-covariance"])
def test_colors_are_kept(photo: Any, way: str) -> None:
    plain, kept = (stylenet.stylize(photo, "the-scream", keep_colors=colors) for colors in (None, way))
    mean = photo.pixels.mean((0, 2, 3))
    assert np.abs(kept.pixels.mean((0, 2, 3)) - mean).max() < np.abs(plain.pixels.mean((0, 2, 3)) - mean).max()


def test_large_pictures_are_painted_in_parts(photo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    large = resize(photo.pixels, (700, 560))
    painter = onnx_networks.open_painter("instant")
    style = stylenet.open_stylizer("instant").open_style("starry-night")
    told = [(style.sha256, style.value, 1.0)]
    whole, parts = (painter.paint(large, told, part_px=size) for size in (2**20, 2**16))
    assert len(list(parts_of(560, 700, 2**16))) > 3
    assert np.abs(whole - parts).max() < 1e-4


def test_what_is_saved_says_how_it_was_painted(folder: Path) -> None:
    from stylenet.image.metadata import read_receipt

    painted = stylenet.stylize(folder / "photo.png", "starry-night", strength=70)
    painted.save(folder / "out.png")
    receipt = read_receipt(folder / "out.png")
    assert receipt is not None
    assert receipt["recipe"]["name"] == "instant"
    assert "onnxruntime" in receipt
    assert "torch" not in receipt
    buffer = io.BytesIO()
    painted.save(buffer, format="jpg")
    assert buffer.getvalue().startswith(b"\xff\xd8\xff")
    painted.save(folder / "out.tif")
    assert stylenet.load_image(folder / "out.tif").pixels.shape == painted.pixels.shape


def test_eight_threads_paint_the_same_bytes(photo: Any) -> None:
    stylizer = stylenet.open_stylizer("instant")
    styles = ["starry-night", "great-wave", "the-scream", "water-lilies"] * 2

    def paint(style: str) -> bytes:
        return stylenet.stylize(photo, style, recipe=stylizer).pixels.tobytes()

    alone = [paint(style) for style in styles]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(paint, styles)) == alone


def test_sequence(folder: Path) -> None:
    stylizer = stylenet.open_stylizer("instant")
    frames = list(stylenet.sequence(stylizer, folder / "photo.png", ["starry-night", "great-wave"], 3))
    assert len(frames) == 3
    assert not np.array_equal(frames[0].image, frames[-1].image)


def test_what_needs_torch_says_so(photo: Any) -> None:
    told = r'needs torch; install it with: pip install "stylenet\[torch\]"'
    with pytest.raises(UsageError, match=told):
        stylenet.stylize(photo, "starry-night", recipe="standard")
    with pytest.raises(UsageError, match=told):
        stylenet.texture("starry-night")
    with pytest.raises(UsageError, match=f"stylenet.enlarge {told}"):
        stylenet.enlarge  # noqa: B018
