"""Regions of the frames of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import StyleError, UsageError
from stylenet.image.files import load_image, save_image
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.video.reading import probe, read_frames
from stylenet.workflows.frame_regions import FrameRegions
from tests.video.clips import HEIGHT, WIDTH, request_of

pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return open_stylizer("instant", threads=1)


@pytest.fixture
def masks(clip: Path) -> Path:
    """A folder with a mask for each of the eight frames, with one more of the leftmost columns in each."""
    folder = clip.parent / "masks"
    folder.mkdir()
    for number in range(8):
        levels = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
        levels[..., : number + 1] = 1
        save_image(levels, folder / f"{number}.png")
    return folder


def regions_of(clip: Path, stylizer: Stylizer, **values: Any) -> FrameRegions:
    return FrameRegions(request_of(clip, **values), probe(clip), stylizer)


def test_masks_move_and_keep_their_style(clip: Path, masks: Path, stylizer: Stylizer) -> None:
    still = masks / "3.png"
    regions = regions_of(clip, stylizer, masks=(f"{masks}=photo", f"invert:{still}=great-wave"))
    assert regions.files == [*sorted(masks.iterdir()), still]
    for number, frame in enumerate(read_frames(probe(clip))):
        moving, fixed = regions.at(frame.time, frame.pixels)
        assert moving.style is None
        assert np.asarray(moving.mask).sum() == (number + 1) * HEIGHT
        assert getattr(fixed.style, "name", None) == "great-wave"
        assert np.array_equal(np.asarray(fixed.mask), 1 - load_image(still).pixels[:, :1])


def test_a_style_that_is_recolored_for_each_frame_is_not_opened(clip: Path, masks: Path, stylizer: Stylizer) -> None:
    save_image(np.full((1, 3, 32, 32), 0.5, np.float32), clip.parent / "painting.png")
    painting = str(clip.parent / "painting.png")
    regions = regions_of(clip, stylizer, styles=(painting,), masks=(f"{masks}={painting}",), keep_colors="histogram:before")
    frame = next(iter(read_frames(probe(clip))))
    (region,) = regions.at(frame.time, frame.pixels)
    assert region.style == painting


def test_what_is_not_found_in_a_frame_is_no_region(clip: Path, stylizer: Stylizer) -> None:
    regions = regions_of(clip, stylizer, protect=("faces", "subject"))
    assert regions.files == []
    gray = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    assert regions.at(next(iter(read_frames(probe(clip)))).time, gray) == []
    gray[12:36, 16:48] = (230, 140, 40)
    (subject,) = regions.at(next(iter(read_frames(probe(clip)))).time, gray)
    assert subject.style is None
    assert np.asarray(subject.mask)[0, 0, 24, 32] > 0.5 > np.asarray(subject.mask)[0, 0, 2, 2]


def test_masks_and_styles_that_cannot_be_used(clip: Path, masks: Path, stylizer: Stylizer) -> None:
    with pytest.raises(StyleError, match="no-such-style"):
        regions_of(clip, stylizer, masks=(f"{masks}=no-such-style",))
    (masks / "7.png").unlink()
    with pytest.raises(UsageError, match="has 7 pictures, the clip has 8 frames"):
        regions_of(clip, stylizer, masks=(f"{masks}=photo",))
