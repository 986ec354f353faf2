"""Recoloring finished paintings, and their receipts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import ImageError, OutputError, UsageError
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.metadata import read_receipt
from stylenet.workflows.recoloring import recolor_file


@pytest.fixture
def here(photo: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a photo, and a gray painting of it with a receipt."""
    monkeypatch.chdir(tmp_path)
    save_image(photo.pixels, "photo.png")
    save_image(photo.pixels.mean(axis=1, keepdims=True).repeat(3, axis=1), "painting.png", receipt={"seed": 7})
    return tmp_path


def receipt_of(path: Path) -> Any:
    receipt = read_receipt(path)
    assert receipt is not None
    return receipt


def test_a_gray_painting_of_a_photo_becomes_the_photo(here: Path, photo: Picture) -> None:
    made = recolor_file(Path("painting.png"), Path("out.png"), photo=Path("photo.png"))
    assert made.colors == "the colors of photo.png, by luminance"
    assert made.notices == ()
    assert np.abs(load_image(made.output).pixels - photo.pixels).mean() < 0.05
    receipt = receipt_of(made.output)
    assert receipt["seed"] == 7
    assert (receipt["recolor"]["keep_colors"], receipt["recolor"]["photo"]) == ("luminance", "photo.png")


def test_what_was_recolored_before_is_remembered(here: Path) -> None:
    first = recolor_file(Path("painting.png"), palette="#ff0000")
    assert first.output == Path("painting-recolored.png")
    second = recolor_file(first.output, Path("out.png"), palette="#0000ff")
    assert second.colors == "the palette #0000ff"
    assert receipt_of(second.output)["recolor"]["before"] == receipt_of(first.output)["recolor"]
    pixels = load_image(first.output).pixels
    assert pixels[:, 0].mean() > pixels[:, 2].mean() + 0.1


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"palette": "#ff000"}, UsageError, "is not a color"),
        ({"photo": "missing.png"}, ImageError, "missing.png"),
        ({"photo": "photo.png", "mode": "red"}, UsageError, "'red'"),
        ({"palette": "#ff0000", "output": "painting.png"}, UsageError, "also an input"),
        ({"photo": "photo.png", "output": "photo.png"}, UsageError, "also an input"),
        ({"palette": "#ff0000", "output": "out.gif"}, OutputError, "gif"),
    ],
)
def test_nothing_is_written_where_it_fails(here: Path, values: dict[str, str], error: type[Exception], message: str) -> None:
    before = {path: path.read_bytes() for path in here.iterdir() if path.is_file()}
    paths: Any = {name: Path(value) if name in ("photo", "output") else value for name, value in values.items()}
    with pytest.raises(error, match=message):
        recolor_file(Path("painting.png"), **paths)
    assert {path: path.read_bytes() for path in here.iterdir() if path.is_file()} == before
