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
    assert events[-1].items() >= {"output": "out.mp4", "frames": 3, "reason": "finished"}.items()
    assert ".parts" not in ended.out
    assert "out.mp4" in files_in(folder)
    assert "out.mp4.parts" not in files_in(folder)


def test_a_clip_of_one_frame(run: Run, folder: Path) -> None:
    write_clip(folder / "clip.mkv", pan(1), codec="ffv1", pix_fmt="bgr0")
    ended = run("video", "clip.mkv", "starry-night", "-o", "out.mp4", "--steady", "0", "--recipe", "instant", "--threads", "1")
    assert "frames per second, about 1 frame\n" in ended.out
    assert "out.mp4  (1 frame in " in ended.out


def test_an_interrupted_clip_names_the_folder_to_resume_from(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(folder / "clip.mkv", pan(3), codec="ffv1", pix_fmt="bgr0")
    monkeypatch.setattr("stylenet.cli.video.Stop.__call__", lambda stop: True)
    ended = run("video", "clip.mkv", "starry-night", "-o", "out.mp4", "--json", "--recipe", "instant", "--threads", "1")
    done = json.loads(ended.out.splitlines()[-1])
    assert done.items() >= {"event": "done", "reason": "interrupted", "output": "out.mp4", "folder": "out.mp4.parts"}.items()


def test_what_is_rejected(run: Run, folder: Path) -> None:
    assert "--strength is 'much'" in run("video", "photo.png", "starry-night", "-o", "out.mp4", "--strength", "much").error
    assert "is a picture" in run("video", "photo.png", "starry-night", "-o", "out.mp4").error
    assert "steady is 101" in run("video", "photo.png", "starry-night", "-o", "out.mp4", "--steady", "101").error
