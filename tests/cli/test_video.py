"""`stylenet video`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, files_in
from tests.video.clips import pan, write_clip

pytest.importorskip("cv2")


def test_a_clip_without_steadying(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(folder / "clip.mkv", pan(3), codec="ffv1", pix_fmt="bgr0")
    monkeypatch.setattr("stylenet.video.past.MotionEstimator", None)  # 0 is a value, not a missing option
    ended = run("video", "clip.mkv", "starry-night", "-o", "out.mp4", "--steady", "0", "--json", "--recipe", "instant", "--threads", "1")
    assert (ended.code, ended.err) == (0, "")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["event"] for event in events] == ["started", "frame", "frame", "frame", "saved", "done"]
    assert "out.mp4" in files_in(folder)
    assert "out.mp4.parts" not in files_in(folder)


def test_what_is_rejected(run: Run, folder: Path) -> None:
    assert "--strength is 'much'" in run("video", "photo.png", "starry-night", "-o", "out.mp4", "--strength", "much").error
    assert "is a picture" in run("video", "photo.png", "starry-night", "-o", "out.mp4").error
    assert "steady is 101" in run("video", "photo.png", "starry-night", "-o", "out.mp4", "--steady", "101").error
