"""Animations: loops have their frames and their length, clips are read back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError, OutputError, UsageError
from stylenet.shapes import Image
from stylenet.video.writing import save_animation

av = pytest.importorskip("av")


def frames(count: int, size: tuple[int, int] = (48, 64)) -> list[Image]:
    return [np.full((1, 3, *size), index / count, np.float32) for index in range(count)]


def test_frames_come_back(tmp_path: Path) -> None:
    path = save_animation(frames(10), tmp_path / "clip.mp4", seconds=1.0)
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (64, 48, 10)
        seen = [frame.to_ndarray(format="rgb24").mean() / 255 for frame in clip.decode(stream)]
    assert len(seen) == 10 + 14, "the last one stays for a second and a half"
    assert seen[:10] == pytest.approx([index / 10 for index in range(10)], abs=0.02)


def test_odd_sides_and_smaller_frames_are_fitted(tmp_path: Path) -> None:
    path = save_animation([np.zeros((1, 3, 20, 30), np.float32), np.zeros((1, 3, 41, 61), np.float32)], tmp_path / "clip.mp4")
    with av.open(str(path)) as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (60, 40)


def test_bad_paths_and_no_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="there are no frames"):
        save_animation([], tmp_path / "clip.mp4")
    with pytest.raises(OutputError, match=r"allowed are \.gif, \.webp, \.apng, \.mp4, \.webm"):
        save_animation(frames(2), tmp_path / "clip.avi")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r'pip install "stylenet\[video\]"'):
        save_animation(frames(2), tmp_path / "clip.mp4")
    assert not list(tmp_path.iterdir())


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
    path = save_animation(frames(5), tmp_path / name, seconds=2)
    shown = durations(path)
    assert len(shown) == 5
    assert sum(shown[:-1]) == pytest.approx(2000)
    assert shown[-1] == pytest.approx(1500)


def test_coarse_frames_take_the_size_of_the_last(tmp_path: Path) -> None:
    path = save_animation([*frames(2, (6, 6)), *frames(1, (24, 24))], tmp_path / "a.webp")
    with PIL.Image.open(path) as loop:
        assert loop.size == (24, 24)


def test_too_many_frames_are_thinned(tmp_path: Path) -> None:
    shown = durations(save_animation(frames(101), tmp_path / "a.gif", seconds=0.2))
    assert len(shown) == 11
    assert sum(shown[:-1]) == pytest.approx(200)


def test_one_frame_is_a_picture(tmp_path: Path) -> None:
    assert save_animation(frames(1), tmp_path / "a.webp").is_file()


@pytest.mark.parametrize(
    ("name", "pictures", "seconds", "message"),
    [
        ("a.avi", frames(2), 1, r"unsupported output format '\.avi'; allowed are \.gif, \.webp, \.apng, \.mp4, \.webm"),
        ("a.gif", [], 1, "there are no frames"),
        ("a.gif", frames(2), 0, "with a length of 0 seconds"),
        ("no/a.gif", frames(2), 1, "there is no folder"),
    ],
)
def test_loops_that_cannot_be_written(tmp_path: Path, name: str, pictures: list[Image], seconds: float, message: str) -> None:
    with pytest.raises(OutputError, match=message):
        save_animation(pictures, tmp_path / name, seconds=seconds)


def test_frames_that_are_not_finite(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="not finite"):
        save_animation([np.full((1, 3, 4, 4), np.nan, np.float32)], tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()
