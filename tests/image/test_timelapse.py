"""Loops have their frames, their length, and the last frame's size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError, OutputError
from stylenet.image.timelapse import save_timelapse
from stylenet.shapes import Image


def frames(count: int, *, size: int = 12) -> list[Image]:
    return [np.full((1, 3, size, size), number / max(1, count - 1), np.float32) for number in range(count)]


def durations(path: Path) -> list[float]:
    with PIL.Image.open(path) as loop:
        found = []
        for number in range(getattr(loop, "n_frames", 1)):
            loop.seek(number)
            loop.load()
            found.append(float(loop.info["duration"]))
        return found


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng"])
def test_a_loop_lasts_as_long_as_asked(tmp_path: Path, name: str) -> None:
    path = save_timelapse(frames(5), tmp_path / name, seconds=2)
    shown = durations(path)
    assert len(shown) == 5
    assert sum(shown[:-1]) == pytest.approx(2000)
    assert shown[-1] == pytest.approx(1500)


def test_coarse_frames_take_the_size_of_the_last(tmp_path: Path) -> None:
    path = save_timelapse([*frames(2, size=6), *frames(1, size=24)], tmp_path / "a.webp")
    with PIL.Image.open(path) as loop:
        assert loop.size == (24, 24)


def test_too_many_frames_are_thinned(tmp_path: Path) -> None:
    shown = durations(save_timelapse(frames(101), tmp_path / "a.gif", seconds=0.2))
    assert len(shown) == 11
    assert sum(shown[:-1]) == pytest.approx(200)


def test_one_frame_is_a_picture(tmp_path: Path) -> None:
    assert save_timelapse(frames(1), tmp_path / "a.webp").is_file()


@pytest.mark.parametrize(
    ("name", "pictures", "seconds", "message"),
    [
        ("a.mp4", frames(2), 1, r"unsupported output format '\.mp4'; allowed are \.gif, \.webp, \.apng"),
        ("a.gif", [], 1, "there are no frames"),
        ("a.gif", frames(2), 0, "with a length of 0 seconds"),
        ("no/a.gif", frames(2), 1, "there is no folder"),
    ],
)
def test_loops_that_cannot_be_written(tmp_path: Path, name: str, pictures: list[Image], seconds: float, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        save_timelapse(pictures, tmp_path / name, seconds=seconds)


def test_frames_that_are_not_finite(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="not finite"):
        save_timelapse([np.full((1, 3, 4, 4), np.nan, np.float32)], tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()
