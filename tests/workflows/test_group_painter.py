"""The painter of the groups of a clip, in a worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.requests.video import VideoRequest
from stylenet.workflows.group_painter import GroupJob, GroupPainter, GroupResult
from stylenet.workflows.jobs import NEEDS_DATA, Result
from stylenet.workflows.request_files import read_named_files, with_local_files


def test_a_machine_without_the_clip_and_its_masks_paints_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    from tests.video.clips import pan, write_clip

    home, away = tmp_path / "home", tmp_path / "away"
    (home / "masks").mkdir(parents=True)
    away.mkdir()
    monkeypatch.chdir(home)
    for number in range(3):
        PIL.Image.new("L", (8, 6), 80 * number).save(home / "masks" / f"{number}.png")
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 40, 3), dtype=np.uint8)).save(home / "style.png")
    clip = write_clip(home / "clip.mkv", pan(3), codec="ffv1", pix_fmt="bgr0")
    values = {"clip": "clip.mkv", "styles": ["starry-night"], "output": "out.mkv", "recipe": "instant", "threads": 1}
    request = VideoRequest.of({**values, "masks": ["invert:masks=style.png"]})
    given: dict[str, Any] = {"source": Path("clip.mkv"), "path": clip, "after": None, "frames": 3, "state": None, "seeks": True}
    unseen, sent = GroupJob(**given, sha256="another"), GroupJob(**given, sha256="", data=clip.read_bytes())
    here = GroupPainter(request)
    assert here.paint(unseen, should_stop=lambda: False) == Result(state=NEEDS_DATA)
    named, expected = read_named_files(request), here.paint(sent, should_stop=lambda: False)
    os.rename(home, tmp_path / "elsewhere")
    monkeypatch.chdir(away)
    there = GroupPainter(with_local_files(request, named, tmp_path / "copies"), given=request)
    assert there.keys == here.keys
    found = there.paint(sent, should_stop=lambda: False)
    assert isinstance(found, GroupResult), found
    assert isinstance(expected, GroupResult), expected
    assert len(found.times) == 3
    assert found.data == expected.data
