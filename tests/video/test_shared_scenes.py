"""The scenes of a clip, painted side by side: the same frames, after kills and interruptions too."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from stylenet.events import Notice
from stylenet.requests.video import VideoRequest
from stylenet.video.reading import probe
from stylenet.workflows.scene_list import find_scenes
from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted, paint_video
from tests.video.clips import pan, read_back, write_clip

pytest.importorskip("av")
pytest.importorskip("cv2")

LONG = 52
"""Frames of the longest scene, which has two groups."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of 3, 52 and 4 frames."""
    there_and_back = [*pan(LONG // 2, seed=1), *pan(LONG // 2, seed=1)[::-1]]
    frames = [*pan(3), *there_and_back, *pan(4, seed=2)]
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mkv", frames, codec="ffv1", pix_fmt="bgr0")


def request_of(clip: Path, output: Path, **values: Any) -> VideoRequest:
    return VideoRequest.of(
        {"clip": str(clip), "styles": ("starry-night",), "output": str(output), "recipe": "instant", "threads": 1, "size": "32", **values}
    )


def check_same_as_alone(clip: Path, output: Path) -> None:
    """Compare the frames with those that one process paints without interruption."""
    alone = output.with_name("alone" + output.suffix)
    list(paint_video(request_of(clip, alone)))
    (frames, times), (expected, expected_times) = read_back(output), read_back(alone)
    assert len(frames) == LONG + 7
    assert times == expected_times
    assert all(np.array_equal(*pair) for pair in zip(frames, expected, strict=True))
    assert not output.with_name(output.name + ".parts").exists()


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def test_scenes_have_the_frames_between_cuts(clip: Path) -> None:
    found = find_scenes(request_of(clip, clip.with_name("out.mkv")), probe(clip), should_stop=lambda: False)
    assert found is not None
    scenes = found.scenes()
    assert [(scene.number, len(scene.times)) for scene in scenes] == [(0, 3), (1, LONG), (2, 4)]
    assert [scene.before for scene in scenes] == [None, scenes[0].times[-1], scenes[1].times[-1]]
    thinned = find_scenes(request_of(clip, clip.with_name("out.mkv"), fps=5.0, begin="0.3"), probe(clip), should_stop=lambda: False)
    assert thinned is not None
    assert len(thinned.times) == LONG // 2 + 2
    assert thinned.scenes()[0].times[0] == Fraction(3, 10)


def test_two_workers_of_which_one_is_killed_paint_the_same_frames(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    done: list[FrameDone] = []
    killed = 0
    for event in paint_video(request_of(clip, output, workers=2)):
        if isinstance(event, VideoStarted):
            before = {one.pid for one in workers()}
        if isinstance(event, FrameDone):
            done.append(event)
            if not killed:
                victim = next(one for one in workers() if one.pid not in before)
                victim.kill()
                killed = victim.pid
    assert killed
    painted = [event.frame for event in done]
    assert sorted(np.diff([0, *painted]).tolist()) == [3, 4, LONG - 48, 48]  # every group once
    assert all(event.frames == LONG + 7 for event in done)
    assert done[-1].scenes == 3
    check_same_as_alone(clip, output)
    assert not [one for one in workers() if one.pid not in before]


def test_what_is_painted_is_kept_and_continued_by_any_number_of_workers(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.apng"  # lossless, because the interruptions end groups elsewhere
    painted: list[int] = []

    def painted_by(count: int, least: int) -> VideoDone:
        """Run until at least so many frames are painted."""
        request = request_of(clip, output, workers=count, resume=True)
        for event in paint_video(request, should_stop=lambda: bool(painted) and painted[-1] >= least):
            if isinstance(event, VideoStarted):
                painted.append(event.painted)
            elif isinstance(event, FrameDone):
                painted.append(event.frame)
        assert isinstance(event, VideoDone)
        return event

    assert painted_by(1, 5).reason == "interrupted"  # in the second scene
    assert painted_by(2, 9).reason == "interrupted"
    assert painted[-1] < LONG + 7
    assert painted_by(1, 1000).reason == "finished"
    assert painted == sorted(painted)  # what is painted stays painted
    check_same_as_alone(clip, output)


def test_a_clip_of_one_scene_uses_one_worker(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", pan(5), codec="ffv1", pix_fmt="bgr0")
    events = list(paint_video(request_of(clip, tmp_path / "out.mkv", workers=3)))
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert notices == ["the clip has 1 scene, and each is painted by one worker at a time"]
    assert len(read_back(tmp_path / "out.mkv")[0]) == 5
