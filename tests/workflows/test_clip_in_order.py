"""Frames painted in order and stored in groups: scenes, memory, interruptions, kills."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import CheckpointError
from stylenet.video.groups import OpenGroup
from stylenet.video.reading import read_frames
from stylenet.workflows.frames import FramePainter
from stylenet.workflows.video import FrameDone, paint_video
from tests.video.clips import pan, read_back, request_of, write_clip

pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 10

PAINT = """
import sys
import stylenet.video.groups as groups
from stylenet.workflows.video import paint_video
from stylenet.requests.video import VideoRequest

groups.MAX_FRAMES = 3  # groups end often
clip, output = sys.argv[1:]
request = VideoRequest(clip=clip, styles=("starry-night",), output=output, recipe="instant", threads=1, resume=True)
for event in paint_video(request):
    print(type(event).__name__, getattr(event, "painted", ""), flush=True)
"""


def start(clip: Path, output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PAINT, str(clip), str(output)], stdout=subprocess.PIPE, text=True)


def frames(path: Path) -> list[np.ndarray]:
    with PIL.Image.open(path) as loop:
        found = []
        for number in range(getattr(loop, "n_frames", 1)):
            loop.seek(number)
            found.append(np.asarray(loop.convert("RGB")))
    return found


def killed(process: subprocess.Popen[str], rng: random.Random) -> bool:
    """Kill a run after a few frames and a random delay; returns whether it was still running."""
    with process:
        assert process.stdout is not None
        for _ in range(rng.randrange(8)):
            process.stdout.readline()
        time.sleep(rng.random() * 0.1)
        process.kill()
    return process.returncode != 0


def test_kills_change_no_frame(tmp_path: Path) -> None:
    """STYLENET_KILLS sets the number of kills, at random times."""
    clip = write_clip(tmp_path / "clip.mkv", [*pan(6), *pan(COUNT - 6, seed=1)], codec="ffv1", pix_fmt="bgr0")
    whole, output = tmp_path / "whole.apng", tmp_path / "killed.apng"  # neither its groups nor an APNG lose anything
    assert finished(start(clip, whole)) == 0
    rng = random.Random(0)
    for _ in range(int(os.environ.get("STYLENET_KILLS", "2"))):
        if not killed(start(clip, output), rng):
            check_same(whole, output)
    before = finished(start(clip, output))
    assert 0 <= before <= COUNT
    check_same(whole, output)
    assert not list(tmp_path.glob("*.parts"))


def finished(process: subprocess.Popen[str]) -> int:
    """Wait for the end of a run; returns the number of frames that it found."""
    said, _ = process.communicate()
    assert process.returncode == 0
    return int(said.split()[1])


def check_same(whole: Path, output: Path) -> None:
    assert len(frames(output)) == COUNT
    assert all(np.array_equal(*pair) for pair in zip(frames(whole), frames(output), strict=True))
    output.unlink()


def test_an_interrupted_clip_continues_with_the_same_frames(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.video.groups.MAX_FRAMES", 4)  # groups end within a scene, too
    kept: dict[str, list[np.ndarray]] = {"whole": [], "parts": []}
    name, add = "whole", OpenGroup.add

    def spy(self: OpenGroup, frame: Any, painted: Any) -> None:
        kept[name].append(painted.copy())
        add(self, frame, painted)

    monkeypatch.setattr(OpenGroup, "add", spy)
    list(paint_video(request_of(clip)))
    name = "parts"
    painted: list[FrameDone] = []
    for event in paint_video(request_of(clip, output=str(clip.parent / "other.mp4")), should_stop=lambda: len(painted) >= 5):
        if isinstance(event, FrameDone):
            painted.append(event)
    assert not (clip.parent / "other.mp4").exists()
    with pytest.raises(CheckpointError, match="another request"):
        list(paint_video(request_of(clip, output=str(clip.parent / "other.mp4"), resume=True, steady=10.0)))
    events: list[Any] = list(paint_video(request_of(clip, output=str(clip.parent / "other.mp4"), resume=True)))
    assert events[0].painted == 5
    assert len(kept["parts"]) == len(kept["whole"]) == 8
    assert all(np.array_equal(one, other) for one, other in zip(kept["whole"], kept["parts"], strict=True))
    assert len(read_back(clip.parent / "other.mp4")[0]) == 8


def test_memory_does_not_grow_with_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.video.groups.MAX_FRAMES", 4)
    monkeypatch.setattr("stylenet.workflows.frames.FramePainter._paint_photo", lambda self, photo, *_: (photo, ()))
    held: list[weakref.ref[np.ndarray]] = []
    paint = FramePainter.paint

    def frames(*given: Any, **more: Any) -> Iterator[Any]:
        for frame in read_frames(*given, **more):
            held.append(weakref.ref(frame.pixels))
            yield frame

    def painted(self: FramePainter, *given: Any) -> Any:
        done = paint(self, *given)
        assert done is not None
        held.append(weakref.ref(done.pixels))
        return done

    monkeypatch.setattr("stylenet.workflows.clip_painter.read_frames", frames)
    monkeypatch.setattr(FramePainter, "paint", painted)
    clip = write_clip(tmp_path / "clip.mkv", pan(8) * 8, codec="ffv1", pix_fmt="bgr0")
    alive = [sum(known() is not None for known in held) for event in paint_video(request_of(clip)) if isinstance(event, FrameDone)]
    assert len(held) == 2 * 64
    assert max(alive) <= 2 * 14  # the frames of the open group, of the group that is being encoded, and of the past, each with its source


def test_scenes_begin_anew(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", [*pan(3), *pan(3, seed=1)], codec="ffv1", pix_fmt="bgr0")
    events = list(paint_video(request_of(source)))
    assert [event.scenes for event in events if isinstance(event, FrameDone)] == [1, 1, 1, 2, 2, 2]
