"""Crops of the pictures in a folder."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.image.crops import find_pictures, read_crop, read_strip


def ramp(width: int, height: int) -> PIL.Image.Image:
    """A ramp: red increases to the right, green downwards."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack((columns * 255 / max(1, width - 1), rows * 255 / max(1, height - 1), np.full_like(rows, 40)), axis=2)
    return PIL.Image.fromarray(pixels.round().astype(np.uint8))


def test_pictures_are_found_in_order_hidden_ones_not(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/c.png", ".hidden.jpg", ".cache/d.jpg", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_pictures(tmp_path) == [tmp_path / "a/c.png", tmp_path / "b.JPG"]


def test_no_folder_and_no_picture_are_reported(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"'.*nowhere' is not a folder; give a folder"):
        find_pictures(tmp_path / "nowhere")
    with pytest.raises(ImageError, match=r"contains no picture \(.*\.jpg"):
        find_pictures(tmp_path)


def test_a_crop_is_a_square_of_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    ramp(300, 200).save(path)
    places = []
    for seed in range(20):
        crop = read_crop(path, 64, random.Random(seed), zooms=(1.0, 1.0))
        assert crop.shape == (3, 64, 64)
        assert crop.dtype == np.float32
        red, green = crop[0, 32], crop[1, :, 32]
        # 64 pixels of 300 and of 200, whatever the place; flipped or not.
        assert abs(float(red[-1] - red[0])) == pytest.approx(63 / 299, abs=0.012)
        assert float(green[-1] - green[0]) == pytest.approx(63 / 199, abs=0.012)
        places.append((round(float(red.mean()), 2), float(red[-1] - red[0]) < 0))
    assert len({place for place, _ in places}) > 10
    assert {flipped for _, flipped in places} == {True, False}


@pytest.mark.parametrize(("side", "kept"), [(300, 64), (50, 50), (20, 32)])
def test_a_small_picture_is_mirrored_instead_of_enlarged(tmp_path: Path, side: int, kept: int) -> None:
    path = tmp_path / "a.png"
    ramp(side, side).save(path)
    crop = read_crop(path, 64, random.Random(0), zooms=(1.0, 1.0), enlarge=False)
    assert crop.shape == (3, 64, 64)
    before = (64 - kept) // 2
    inside = crop[:, before : before + kept, before : before + kept]
    assert np.array_equal(crop, np.pad(inside, ((0, 0), *2 * [(before, 64 - kept - before)]), "symmetric"))
    assert abs(float(inside[0, 0, -1] - inside[0, 0, 0])) == pytest.approx(min(1.0, 63 / (side - 1)), abs=0.1)


def test_the_same_draws_the_same_crop(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    ramp(300, 200).save(path)
    first, again = (read_crop(path, 64, random.Random(3), zooms=(0.6, 1.6)) for _ in range(2))
    assert np.array_equal(first, again)


def test_small_pictures_are_enlarged_and_zooms_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    ramp(20, 30).save(path)
    crop = read_crop(path, 64, random.Random(0), zooms=(0.6, 1.6))
    assert crop.shape == (3, 64, 64)
    assert float(crop[0].max() - crop[0].min()) > 0.9  # the whole width


def test_a_strip_has_the_height_and_the_middle_of_a_wide_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    ramp(400, 100).save(path)
    strip = read_strip(path, 50, 75)
    assert strip.shape == (3, 50, 75)
    assert strip.dtype == np.uint8
    assert strip[0, 25].tolist() == pytest.approx(np.linspace(125 / 400, 275 / 400, 75) * 255, abs=2)
    assert read_strip(path, 50, 1000).shape == (3, 50, 200)


def test_a_strip_of_a_tall_picture_is_the_square_at_its_top(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    ramp(100, 400).save(path)
    strip = read_strip(path, 50, 75)
    assert strip.shape == (3, 50, 50)
    assert strip[1, :, 25].tolist() == pytest.approx(np.linspace(0, 100 / 400, 50) * 255, abs=2)


def test_large_jpegs_are_decoded_small_and_look_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    ramp(1600, 1200).save(path, quality=95)
    small = read_strip(path, 75, 100)
    expected = np.array(ramp(100, 75)).transpose(2, 0, 1).astype(int)
    assert np.abs(small - expected).max() < 10


def test_orientation_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = PIL.Image.Exif()
    exif[274] = 6  # the camera was turned
    ramp(200, 300).save(path, exif=exif)
    assert read_strip(path, 200, 1000).shape == (3, 200, 300)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1", "I;16"])
def test_any_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        PIL.Image.fromarray(np.full((80, 90), 30000, np.uint16)).save(path)
    else:
        ramp(90, 80).convert("RGB").convert(mode).save(path)
    crop = read_crop(path, 64, random.Random(0), zooms=(1.0, 1.0))
    assert crop.shape == (3, 64, 64)
    assert 0 <= float(crop.min()) <= float(crop.max()) <= 1
    if mode == "I;16":
        assert float(crop.mean()) == pytest.approx(30000 / 65535, abs=0.01)


def test_what_cannot_be_read_is_reported_with_its_name(tmp_path: Path) -> None:
    text, cut, empty = (tmp_path / name for name in ("text.jpg", "cut.jpg", "empty.png"))
    text.write_text("dear diary")
    ramp(300, 200).save(cut)
    cut.write_bytes(cut.read_bytes()[:1500])
    empty.touch()
    for path, reason in (
        (text, "it is a text file"),
        (cut, "damaged or cut off"),
        (empty, "empty"),
        (tmp_path / "gone.jpg", "no such file"),
    ):
        with pytest.raises(ImageError, match=f"{path.name}': .*{reason}"):
            read_crop(path, 64, random.Random(0), zooms=(1.0, 1.0))
        with pytest.raises(ImageError, match=f"{path.name}': .*{reason}"):
            read_strip(path, 64, 96)


def test_floats_and_printing_inks_are_cropped_as_they_are_read(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    levels = np.asarray(ramp(90, 60)) / 255
    tifffile.imwrite(tmp_path / "floats.tif", levels.astype(np.float32), photometric="rgb")
    inks = np.concatenate([1 - levels, np.zeros((60, 90, 1))], axis=2)
    tifffile.imwrite(tmp_path / "inks.tif", (inks * 65535).round().astype(np.uint16), photometric="separated")
    for name in ("floats.tif", "inks.tif"):
        crop = read_crop(tmp_path / name, 60, random.Random(0), zooms=(1.0, 1.0))
        assert float(crop[1, -1].mean() - crop[1, 0].mean()) == pytest.approx(1, abs=0.05), name
