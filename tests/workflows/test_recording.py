"""Files written while a picture is painted."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.events import Preview
from stylenet.workflows.recording import Recorder, interval_path


def gray(level: float, width: int = 8, height: int = 6) -> Any:
    return np.full((1, 3, height, width), level, np.float32)


def preview(step: int, level: float, *, scheduled: bool = True) -> Preview:
    return Preview(image=gray(level, 4, 3), step=step, scheduled=scheduled)


def level_of(path: Path) -> int:
    with PIL.Image.open(path) as picture:
        (level,) = np.unique(np.asarray(picture))
    return int(level)


def test_names_of_pictures_on_the_way() -> None:
    assert interval_path(Path("out/a.b.jpg"), 20) == Path("out/a.b-0020.jpg")
    assert interval_path(Path("a.png"), 12345) == Path("a-12345.png")


def test_scheduled_pictures_have_the_size_of_the_result(tmp_path: Path) -> None:
    recorder = Recorder(output=tmp_path / "out.png", size_px=(8, 6))
    assert recorder.record(preview(1, 1.0, scheduled=False)) is None
    assert recorder.record(preview(2, 1.0)) == tmp_path / "out-0002.png"
    recorder.finish(gray(0.0))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out-0002.png"]
    with PIL.Image.open(tmp_path / "out-0002.png") as picture:
        assert picture.size == (8, 6)
    assert level_of(tmp_path / "out-0002.png") == 255


def test_a_timelapse_holds_the_scheduled_pictures_and_the_result(tmp_path: Path) -> None:
    recorder = Recorder(output=tmp_path / "out.png", size_px=(1280, 960), timelapse=tmp_path / "making.gif", pictures=False)
    for step, level in ((1, 0.2), (2, 0.4), (3, 0.6)):
        assert recorder.record(preview(step, level, scheduled=step != 2)) is None
    recorder.finish(gray(1.0, 1280, 960))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["making.gif"]
    with PIL.Image.open(tmp_path / "making.gif") as loop:
        assert loop.n_frames == 3  # type: ignore[attr-defined]
        assert loop.size == (640, 480), "frames are held in memory"


def test_previews_take_a_tenth_of_the_time_and_end_with_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(100)  # a second passes with each look at it, so that writing a file takes one
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    recorder = Recorder(output=tmp_path / "out.png", size_px=(8, 6), preview=tmp_path / "now.png")
    shown = []
    for number in range(1, 31):
        recorder.record(preview(number, number / 255, scheduled=False))
        shown.append(level_of(tmp_path / "now.png"))
    assert shown[0] == 1
    written = sorted(set(shown))
    assert np.diff(written).tolist() == [10] * (len(written) - 1)
    recorder.finish(gray(1.0))
    assert level_of(tmp_path / "now.png") == 255
