"""MP4 clips, read back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import OutputError, UsageError
from stylenet.shapes import Image
from stylenet.video.writing import save_clip

av = pytest.importorskip("av")


def frames(count: int, size: tuple[int, int] = (48, 64)) -> list[Image]:
    return [np.full((1, 3, *size), index / count, np.float32) for index in range(count)]


def test_frames_come_back(tmp_path: Path) -> None:
    path = save_clip(frames(10), tmp_path / "clip.mp4", seconds=1.0)
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (64, 48, 10)
        seen = [frame.to_ndarray(format="rgb24").mean() / 255 for frame in clip.decode(stream)]
    assert len(seen) == 10 + 14, "the last one stays for a second and a half"
    assert seen[:10] == pytest.approx([index / 10 for index in range(10)], abs=0.02)


def test_odd_sides_and_smaller_frames_are_fitted(tmp_path: Path) -> None:
    path = save_clip([np.zeros((1, 3, 20, 30), np.float32), np.zeros((1, 3, 41, 61), np.float32)], tmp_path / "clip.mp4")
    with av.open(str(path)) as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (60, 40)


def test_bad_paths_and_no_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="there are no frames"):
        save_clip([], tmp_path / "clip.mp4")
    with pytest.raises(OutputError, match=r"allowed are \.mp4"):
        save_clip(frames(2), tmp_path / "clip.avi")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r'pip install "stylenet\[video\]"'):
        save_clip(frames(2), tmp_path / "clip.mp4")
    assert not list(tmp_path.iterdir())
