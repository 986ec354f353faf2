"""Recoloring from the command line."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.catalog.styles import list_styles
from stylenet.errors import ImageError, StyleError, UsageError
from stylenet.image.files import load_image, save_image
from stylenet.image.metadata import Metadata, read_receipt
from stylenet.image.recolor import keep_colors, with_palette
from stylenet.styles.sources import open_palette
from tests.cli.conftest import INPUTS, Run, files_in

RECEIPT = {"seed": 7, "recipe": {"name": "draft"}, "photo": "photo.png"}


@pytest.fixture
def painted(folder: Path) -> Path:
    """A painting with alpha, metadata and receipt."""
    picture = load_image(folder / "drawing.png")
    alpha = picture.pixels[:, :1].round()
    save_image(picture.pixels, folder / "painted.png", alpha=alpha, metadata=Metadata(author="A Painter", dpi=(300, 300)), receipt=RECEIPT)
    return folder / "painted.png"


def levels(path: Path) -> Any:
    with PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def same(path: Path, expected: Any) -> bool:
    """Whether two pictures are equal within one 8-bit level, where they are opaque."""
    with PIL.Image.open(path) as image:
        seen = np.asarray(image.convert("RGBA"))[..., 3] > 0
    return bool(np.abs(levels(path) - (expected[0].transpose(1, 2, 0) * 255))[seen].max() < 1)


@pytest.mark.parametrize("mode", [None, "luminance", "histogram", "mean-covariance"])
def test_a_painting_gets_its_photos_colors_and_keeps_all_else(run: Run, folder: Path, painted: Path, mode: str | None) -> None:
    words = () if mode is None else ("--keep-colors", mode)
    ended = run("recolor", "painted.png", "-o", "out.png", "--photo", "photo.png", *words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"out.png  (the colors of photo.png, by {mode or 'luminance'})\n"
    before, after = load_image(painted), load_image(folder / "out.png")
    assert same(folder / "out.png", keep_colors(before.pixels, load_image(folder / "photo.png").pixels, mode or "luminance"))
    assert before.alpha is not None
    assert after.alpha is not None
    assert np.array_equal(before.alpha, after.alpha)
    assert after.metadata == before.metadata
    receipt = read_receipt(folder / "out.png")
    assert receipt is not None
    told = receipt.pop("recolor")
    assert receipt == RECEIPT
    assert (told["keep_colors"], told["photo"], len(told["photo_sha256"])) == (mode or "luminance", "photo.png", 64)


def test_a_palette_as_a_list_of_a_style_and_of_a_picture(run: Run, folder: Path, painted: Path) -> None:
    card = list_styles()[0]
    assert run("styles", "add", "painting.jpg", "-o", "mine.safetensors").code == 0
    (folder / "a, b.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    for source in (
        ",".join(["#264653"] * 64),
        "a, b.jpg",
        "#264653,#2a9d8f,#E9C46A",
        "264653, 2a9d8f",
        "#264653",
        card.name,
        "mine.safetensors",
        "painting.jpg",
    ):
        ended = run("recolor", "painted.png", "-o", "out.png", "--palette", source)
        assert (ended.code, ended.err) == (0, "")
        assert same(folder / "out.png", with_palette(load_image(painted).pixels, open_palette(source)))
        receipt = read_receipt(folder / "out.png")
        assert receipt == {**RECEIPT, "recolor": {"palette": [list(entry) for entry in open_palette(source)]}}
        assert all(color in ended.out for color, _ in open_palette(source))
    assert open_palette(card.name) == card.colors


def test_palettes() -> None:
    assert open_palette("#264653, 2A9D8F") == (("#264653", 0.5), ("#2a9d8f", 0.5))
    with pytest.raises(UsageError, match="'#26465' is not a color; write #rrggbb"):
        open_palette("#26465")
    with pytest.raises(StyleError, match="neither a file nor one of the"):
        open_palette("no-such-style")
    with pytest.raises(ImageError, match=r"missing\.jpg"):
        open_palette("missing.jpg")


def test_a_style_that_does_not_tell_its_colors(tmp_path: Path) -> None:
    header = b'{"__metadata__": {"stylenet_style": "{\\"name\\": \\"plain\\", \\"format\\": 2, \\"measured_with\\": \\"vgg19\\"}"}}'
    (tmp_path / "plain.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(StyleError, match="style 'plain' has no colors"):
        open_palette(str(tmp_path / "plain.safetensors"))


def test_any_picture_twice_without_a_receipt_and_quietly(run: Run, folder: Path) -> None:
    ended = run("recolor", "painting.jpg", "--palette", "#264653,#e9c46a", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert files_in(folder) == INPUTS | {"painting-recolored.png"}
    first = {"palette": [["#264653", 0.5], ["#e9c46a", 0.5]]}
    assert read_receipt(folder / "painting-recolored.png") == {"recolor": first}
    assert run("recolor", "painting-recolored.png", "--photo", "photo.png", "-o", "again.tif").code == 0
    receipt = read_receipt(folder / "again.tif")
    assert receipt is not None
    assert list(receipt) == ["recolor"]
    assert receipt["recolor"]["before"] == first


def test_what_a_person_should_know_is_said(run: Run, folder: Path) -> None:
    frames = [PIL.Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    ended = run("recolor", "drawing.png", "-o", "out.png", "--photo", "film.gif")
    assert ended.out.splitlines()[0] == "note: animated: the first of 2 frames is used"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("painting.jpg",), 2, "either --photo PHOTO or --palette"),
        (("painting.jpg", "--photo", "photo.png", "--palette", "#264653"), 2, "either --photo PHOTO or --palette"),
        (("painting.jpg", "--palette", "#264653", "--keep-colors", "histogram"), 2, "--keep-colors requires --photo PHOTO"),
        (("painting.jpg", "--photo", "photo.png", "--keep-colors", "luminence"), 2, "Did you mean 'luminance'?"),
        (("painting.jpg", "--palette", "#26465"), 2, "'#26465' is not a color"),
        (("painting.jpg", "--palette", "no-such-style"), 5, "no-such-style"),
        (("painting.jpg", "--palette", "missing.jpg"), 3, "missing.jpg"),
        (("painting.jpg", "--photo", "missing.jpg"), 3, "missing.jpg"),
        (("missing.jpg", "--palette", "#264653"), 3, "missing.jpg"),
        (("painting.jpg", "--palette", "#264653", "-o", "painting.jpg"), 2, "also an input"),
        (("painting.jpg", "--photo", "photo.png", "-o", "photo.png"), 2, "also an input"),
        (("painting.jpg", "--palette", "drawing.png", "-o", "drawing.png"), 2, "also an input"),
        (("missing.jpg", "--palette", "#264653", "-o", "out.gif"), 7, ".gif"),
        (("missing.jpg", "--palette", "#264653", "-o", "nowhere/out.png"), 7, "nowhere"),
    ],
)
def test_bad_input(run: Run, folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ended = run("recolor", *words)
    assert ended.code == code
    assert told in ended.error
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
