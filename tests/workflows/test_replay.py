"""Paintings are painted again from their receipts as they stand, and resumed in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.events import Done, Event, Notice
from stylenet.image.files import Picture, load_image, save_image
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.painting import paint_file

QUICK = {"pyramid.steps": "[2]", "pyramid.coarsest_px": "0"}


@pytest.fixture
def here(photo: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a photo, a mask and a painting."""
    monkeypatch.chdir(tmp_path)
    save_image(photo.pixels, "photo.png")
    mask = np.zeros((1, 3, 64, 80), np.float32)
    mask[..., :32] = 1
    save_image(mask, "left.png")
    save_image(photo.pixels[:, ::-1].copy(), "painting.png")
    return tmp_path


def paint(**values: Any) -> list[Event]:
    return list(paint_file(PaintFileRequest(**{"precision": "float32", "device": "cpu", **values})))


def quick(**values: Any) -> list[Event]:
    return paint(**{"recipe": "draft", "changes": QUICK, "size": 48, **values})


def same(one: str, other: str) -> bool:
    return bool(np.array_equal(load_image(one).pixels, load_image(other).pixels))


@pytest.mark.parametrize("masks", [("left.png=painting.png",), ("invert:left.png=photo",), ("left.png=photo", "left.png=great-wave")])
def test_masked_pictures_replay_as_their_receipt_stands(here: Path, masks: tuple[str, ...]) -> None:
    quick(photo="photo.png", styles=("starry-night",), masks=masks, feather=2.0, output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def test_masks_are_found_beside_the_painting(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(photo="photo.png", styles=("starry-night",), masks=("left.png=painting.png",), output="a.png")
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    paint(replay="../a.png", output="b.png")
    assert same("../a.png", "b.png")


def test_textures_have_no_photo(here: Path) -> None:
    quick(styles=("starry-night",), output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def test_style_files_are_found_by_their_name_and_hash(here: Path) -> None:
    (path,) = [Path(name) for name in style_file(here)]
    quick(photo="photo.png", styles=(str(path),), output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def style_file(here: Path) -> Iterator[str]:
    from stylenet.catalog.styles import style_files

    target = here / "my-own.safetensors"
    target.write_bytes(style_files()["starry-night"].read_bytes())
    yield str(target)


def test_a_photo_that_is_elsewhere_is_asked_for(here: Path) -> None:
    quick(photo="photo.png", styles=("starry-night",), output="a.png")
    (here / "photo.png").rename(here / "other.png")
    with pytest.raises(UsageError, match=r"the photo 'photo.png' is neither in"):
        paint(replay="a.png", output="b.png")
    paint(replay="a.png", photo="other.png", output="b.png")
    assert same("a.png", "b.png")


def test_resuming_says_where_or_that_there_is_nothing(here: Path) -> None:
    values: dict[str, Any] = {
        "photo": "photo.png",
        "styles": ("starry-night",),
        "output": "a.png",
        "changes": {**QUICK, "pyramid.steps": "[6]"},
    }
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 5

    request = PaintFileRequest(precision="float32", device="cpu", recipe="draft", size=48, **values)
    (*_, ended) = list(paint_file(request, should_stop=stop))
    assert isinstance(ended, Done)
    assert ended.reason == "interrupted"
    told = [event.message for event in quick(**values, resume=True) if isinstance(event, Notice)]
    assert told == [f"resuming after step {ended.steps}"]
    told = [event.message for event in quick(**values, resume=True) if isinstance(event, Notice)]
    assert len(told) == 1
    assert told[0].startswith("there is nothing to resume from in 'a.png.resume'")
