"""A clip whose painting is killed at random moments has the frames of one that was not. STYLENET_KILLS sets how often (default 2)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tests.video.clips import pan, write_clip

pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 10

PAINT = """
import sys
import stylenet.video.groups as groups
from stylenet.workflows.video import paint_video
from stylenet.requests.video import VideoRequest

groups.MOST_FRAMES = 3  # groups end often
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
    """Kill a run after a few frames, and a moment; whether it was still at work."""
    with process:
        assert process.stdout is not None
        for _ in range(rng.randrange(8)):
            process.stdout.readline()
        time.sleep(rng.random() * 0.1)
        process.kill()
    return process.returncode != 0


def test_kills_change_no_frame(tmp_path: Path) -> None:
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
    """Let a run end; how many frames it found."""
    said, _ = process.communicate()
    assert process.returncode == 0
    return int(said.split()[1])


def check_same(whole: Path, output: Path) -> None:
    assert len(frames(output)) == COUNT
    assert all(np.array_equal(*pair) for pair in zip(frames(whole), frames(output), strict=True))
    output.unlink()
