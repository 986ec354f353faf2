"""Loading, saving, and loading again."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL.ExifTags import Base

from stylenet.errors import ImageError, OutputError, ShapeError
from stylenet.image.files import load_image, save_image, to_pil
from stylenet.image.metadata import Metadata
from stylenet.shapes import Image


def random_image(seed: int, *, height: int = 13, width: int = 17, levels: int = 255) -> Image:
    return np.random.default_rng(seed).integers(0, levels + 1, (1, 3, height, width)).astype(np.float32) / np.float32(levels)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("name", "options"), [("a.png", {}), ("a.tif", {"bits": 8}), ("a.webp", {"quality": 100})])
def test_lossless_formats_give_back_8_bits_exactly(tmp_path: Path, name: str, options: dict[str, Any], seed: int) -> None:
    image = random_image(seed)
    save_image(image, tmp_path / name, **options)
    assert np.array_equal(load_image(tmp_path / name).pixels, image)


def test_tiff_keeps_16_bits(tmp_path: Path) -> None:
    image, alpha = random_image(0, levels=65535), random_image(1, levels=65535)[:, :1].clip(min=0.01)
    save_image(image, tmp_path / "a.tiff")
    assert np.array_equal(load_image(tmp_path / "a.tiff").pixels, image)
    save_image(image, tmp_path / "b.tiff", alpha=alpha)
    loaded = load_image(tmp_path / "b.tiff").alpha
    assert loaded is not None
    assert np.abs(loaded - alpha).max() <= 0.51 / 65535


@pytest.mark.parametrize(("name", "tolerance"), [("a.jpg", 0.012), ("a.jpeg", 0.012), ("A.JPG", 0.012), ("a.webp", 0.012)])
def test_lossy_formats_come_close(tmp_path: Path, photo: PIL.Image.Image, name: str, tolerance: float) -> None:
    image = load_image(photo.resize((90, 60))).pixels
    save_image(image, tmp_path / name)
    assert np.abs(load_image(tmp_path / name).pixels - image).mean() < tolerance


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_alpha_is_put_back(tmp_path: Path, name: str) -> None:
    alpha = np.linspace(0, 255, 6 * 51, dtype=np.float32).round().reshape(1, 1, 6, 51) / np.float32(255)
    save_image(np.full((1, 3, 6, 51), 0.6, np.float32), tmp_path / name, alpha=alpha)
    picture = load_image(tmp_path / name)
    assert picture.alpha is not None
    assert np.abs(picture.alpha - alpha).max() < 1e-4
    assert np.abs(picture.pixels - 0.6).max() < 0.012


def test_jpeg_keeps_fine_color(tmp_path: Path) -> None:
    """Red and blue columns of one pixel; with color subsampling, all would be purple."""
    image = np.zeros((1, 3, 16, 16), np.float32)
    image[:, 0, :, ::2] = 1
    image[:, 2, :, 1::2] = 1
    save_image(image, tmp_path / "a.jpg")
    assert np.abs(load_image(tmp_path / "a.jpg").pixels - image).max() < 0.1


def test_jpeg_lays_transparent_parts_on_white(tmp_path: Path) -> None:
    save_image(np.zeros((1, 3, 16, 16), np.float32), tmp_path / "a.jpg", alpha=np.zeros((1, 1, 16, 16), np.float32))
    assert load_image(tmp_path / "a.jpg").pixels.min() > 0.98


def test_opaque_alpha_is_none(tmp_path: Path) -> None:
    save_image(random_image(0), tmp_path / "a.png", alpha=np.ones((1, 1, 13, 17), np.float32))
    assert load_image(tmp_path / "a.png").alpha is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_upright(photo: PIL.Image.Image, kind: str, orientation: int) -> None:
    turn = PIL.Image.Transpose  # what a camera held that way stores
    half = [turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM]  # 2, 3, 4
    quarter = [turn.TRANSPOSE, turn.ROTATE_90, turn.TRANSVERSE, turn.ROTATE_270]  # 5, 6, 7, 8
    stored = photo if orientation == 1 else photo.transpose((half + quarter)[orientation - 2])
    exif = PIL.Image.Exif()
    exif[Base.Orientation] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, kind, exif=exif, **({"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}))
    picture = load_image(buffer.getvalue())
    assert (picture.width, picture.height) == (30, 20)
    assert np.abs(picture.pixels - load_image(photo).pixels).mean() < 0.02


def test_orientation_turns_alpha_and_16_bits_too(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 65536, (5, 9, 4), dtype=np.uint16)
    values[..., 3] |= 1
    tag = [(274, 3, 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unassalpha"], metadata=None, extratags=tag)
    picture = load_image(tmp_path / "a.tif")
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == pytest.approx(np.rot90(values[..., 3], k=-1) / 65535, abs=1e-6)


@pytest.mark.parametrize("orientation", [0, 9, "up"])
def test_an_impossible_orientation_is_ignored(photo: PIL.Image.Image, orientation: object) -> None:
    photo.getexif()[Base.Orientation] = orientation
    assert load_image(photo).width == 30


@pytest.mark.parametrize(
    ("kind", "notice"), [("GIF", "animated"), ("WEBP", "animated"), ("PNG", "animated"), ("AVIF", "animated"), ("TIFF", "pages")]
)
def test_of_many_frames_the_first_is_used_and_reported(photo: PIL.Image.Image, kind: str, notice: str) -> None:
    buffer = io.BytesIO()
    others = [PIL.Image.new("RGB", photo.size, color) for color in ("black", "white")]
    photo.save(buffer, kind, save_all=True, append_images=others)
    picture = load_image(buffer.getvalue())
    expected = {"animated": "animated: the first of 3 frames is used", "pages": "3 pages: the first is used"}[notice]
    assert picture.notices == (expected,)
    assert np.abs(picture.pixels - load_image(photo).pixels).mean() < 0.05


def test_a_photo_with_a_second_view_is_no_film(photo: PIL.Image.Image) -> None:
    buffer = io.BytesIO()
    photo.save(buffer, "MPO", save_all=True, append_images=[photo])
    assert load_image(buffer.getvalue()).notices == ()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_same_picture_same_bytes(tmp_path: Path, name: str) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        save_image(
            random_image(0), tmp_path / folder / name, receipt={"seed": 7, "styles": ["Große Welle"]}, metadata=Metadata(dpi=(72.0, 72.0))
        )
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_to_pil_rounds_to_the_nearest_and_clamps() -> None:
    values = np.array([-0.3, 0.0, 0.49 / 255, 0.51 / 255, 254.4 / 255, 254.6 / 255, 1.7], np.float32)
    assert list(to_pil(np.broadcast_to(values, (1, 3, 1, 7))).getchannel(0).tobytes()) == [0, 0, 0, 1, 254, 255, 255]
    assert to_pil(np.zeros((1, 3, 2, 2), np.float16)).mode == "RGB"
    assert to_pil(np.zeros((1, 3, 2, 2), np.float32), np.zeros((1, 1, 2, 2), np.float32)).mode == "RGBA"


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_floats_of_another_scale_are_never_written(tmp_path: Path, name: str) -> None:
    for value in (128.0, 1.1, -0.1):
        with pytest.raises(ImageError, match=r"values in .*; allowed are 0\.\.1, divide by its full scale"):
            save_image(np.full((1, 3, 4, 4), value, np.float32), tmp_path / name)
    assert not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_values_that_are_not_finite_are_never_written(tmp_path: Path, name: str, bad: float) -> None:
    image = np.zeros((1, 3, 4, 4), np.float32)
    image[0, 1, 2, 3] = bad
    with pytest.raises(ImageError, match=r"not finite \(NaN or infinity\); nothing was written"):
        save_image(image, tmp_path / name)
    assert not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("image", "alpha", "message"),
    [
        (np.zeros((3, 4, 4), np.float32), None, r"got \(3, 4, 4\)"),
        (np.zeros((2, 3, 4, 4), np.float32), None, "can be written at a time"),
        (np.zeros((1, 3, 4, 4), np.float32), np.zeros((1, 1, 4, 5), np.float32), r"alpha for a picture .* got \(1, 1, 4, 5\)"),
    ],
)
def test_shapes_are_checked(tmp_path: Path, image: Image, alpha: Image | None, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        save_image(image, tmp_path / "a.png", alpha=alpha)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.png", {"bits": 16}, r"with 16 bits; allowed are 8, and 16 for \.tif"),
        ("a.tif", {"bits": 12}, "with 12 bits"),
        ("a.jpg", {"quality": 0}, "with quality 0; allowed are whole numbers from 1 to 100"),
        ("a.jpg", {"receipt": {"log": "x" * 70_000}}, r"its receipt has \d+ bytes, JPEG holds 65500; write a \.png"),
        ("a.png", {"receipt": {"when": object()}}, "the receipt cannot be written as JSON"),
        ("a.gif", {}, r"unsupported output format '\.gif'; allowed are \.png, \.jpg"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OutputError, match=message):
        save_image(np.zeros((1, 3, 4, 4), np.float32), tmp_path / name, **options)
    assert not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.parametrize("size", [(1, 1), (7, 513), (3000, 40)])
def test_odd_sizes_pass_through(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((1, 3, size[1], size[0]), dtype=np.float32)
    for name in ("a.png", "a.jpg", "a.webp", "a.tif"):
        save_image(image, tmp_path / name)
        assert load_image(tmp_path / name).pixels.shape == image.shape


class Unwritable:
    """A file object that is open for reading."""

    def write(self, data: bytes) -> int:
        raise io.UnsupportedOperation("write")


@pytest.mark.parametrize("target", [None, 5, b"x.png", io.StringIO(), Unwritable()])
def test_targets_that_cannot_be_written(target: object) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        save_image(np.zeros((1, 3, 4, 4), np.float32), target)  # type: ignore[call-overload]


@pytest.mark.parametrize("quality", ["9", 9.5, None, 101, True + 100])
def test_qualities_that_are_not_allowed(quality: object) -> None:
    with pytest.raises(OutputError, match="allowed are whole numbers from 1 to 100"):
        save_image(np.zeros((1, 3, 4, 4), np.float32), io.BytesIO(), quality=quality)  # type: ignore[call-overload]


def test_a_quality_of_numpy(tmp_path: Path) -> None:
    assert save_image(np.zeros((1, 3, 4, 4), np.float32), tmp_path / "a.jpg", quality=np.int64(9)).exists()  # type: ignore[call-overload]


def test_a_picture_that_is_no_array() -> None:
    with pytest.raises(ShapeError, match=r"an array of shape \(B, 3, H, W\); got Image"):
        save_image(PIL.Image.new("RGB", (4, 4)), io.BytesIO())  # type: ignore[call-overload]


def test_names_of_numpy_and_paths_of_bytes(tmp_path: Path) -> None:
    path = save_image(random_image(0), tmp_path / "a.png")
    with os.scandir(os.fsencode(tmp_path)) as entries:
        entry = next(entries)
    sources: list[Any] = [np.str_(path), np.bytes_(path.read_bytes()), entry]
    for source in sources:
        assert np.array_equal(load_image(source).pixels, random_image(0))
    path.unlink()
    assert save_image(random_image(0), sources[-1]) == path


@pytest.mark.parametrize("layout", ["sparse", "meta"])
def test_tensors_without_plain_numbers(layout: str) -> None:
    torch = pytest.importorskip("torch")
    dense = torch.zeros(3, 8, 8)
    tensor = dense.to_sparse() if layout == "sparse" else dense.to("meta")
    with pytest.raises(ImageError, match="give a dense tensor of numbers"):
        load_image(tensor)
