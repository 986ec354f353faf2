"""Scenes of a clip painted in parallel: the same frames, also after kills and interruptions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil
import pytest

from stylenet.errors import ImageError
from stylenet.events import Notice
from stylenet.requests.video import VideoRequest
from stylenet.video.coding import coding_for
from stylenet.video.groups import Groups, State
from stylenet.workflows.group_painter import GroupJob, GroupResult
from stylenet.workflows.jobs import PAINTED, Job
from stylenet.workflows.scene_list import SceneList
from stylenet.workflows.shared_scenes import SharedScenes
from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted, paint_video
from tests.video.clips import pan, read_back, request_of, write_clip
from tests.workflows.conftest import LONG

pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture
def clip(three_scenes: Path) -> Path:
    return three_scenes


def small(clip: Path, output: Path, **values: Any) -> VideoRequest:
    # H.264 of less than 64 pixels is not always encoded to the same bytes.
    return request_of(clip, output=str(output), **{"size": "64", **values})


def check_same_as_alone(clip: Path, output: Path) -> None:
    """Compare the frames with those that one process paints without interruption."""
    alone = output.with_name("alone" + output.suffix)
    list(paint_video(small(clip, alone)))
    (frames, times), (expected, expected_times) = read_back(output), read_back(alone)
    assert len(frames) == LONG + 7
    assert times == expected_times
    assert all(np.array_equal(*pair) for pair in zip(frames, expected, strict=True))
    assert not output.with_name(output.name + ".parts").exists()


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def test_two_workers_of_which_one_is_killed_paint_the_same_frames(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    done: list[FrameDone] = []
    killed = 0
    for event in paint_video(small(clip, output, workers=2)):
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
        request = small(clip, output, workers=count, resume=True)
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


def test_damaged_clips_lose_the_same_frames(tmp_path: Path) -> None:
    scenes = [*pan(6), *pan(6, seed=1), *pan(6, seed=2)]
    path = write_clip(tmp_path / "clip.mp4", scenes, group=6, options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    begin = len(data) // 2
    data[begin : begin + 300] = bytes(300)
    path.write_bytes(data)
    alone, shared = tmp_path / "alone.mkv", tmp_path / "shared.mkv"
    told = [
        [event.message for event in paint_video(small(path, output, **more)) if isinstance(event, Notice)]
        for output, more in ((alone, {}), (shared, {"workers": 2}))
    ]
    assert told[0] == told[1]
    (frames, times), (expected, expected_times) = read_back(shared), read_back(alone)
    assert times == expected_times
    assert all(np.array_equal(*pair) for pair in zip(frames, expected, strict=True))


class SeekingPainter:
    """A fake painter that seeks to wrong frames, or to none."""

    keys: ClassVar = {"frames": "key"}
    jobs: ClassVar[list[GroupJob]] = []
    found: ClassVar[int] = 1

    def __init__(self, request: VideoRequest) -> None:
        pass

    def paint(self, job: GroupJob, **_: Any) -> GroupResult:
        self.jobs.append(job)
        count = self.found if job.seeks else 1
        state = State(frames=((np.zeros((2, 2, 3), np.uint8),) * 2,), count=1)
        after = Fraction(0) if job.after is None else job.after + 1
        checksums = [10 * int(after) + job.seeks] * count
        return GroupResult(
            state=PAINTED, times=[(after, None)] * count, checksums=checksums, after=state, notices=("a notice",), sought=job.seeks
        )


@pytest.mark.parametrize("found", [0, 1])
def test_a_group_is_painted_again_if_seeking_finds_other_frames(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: int
) -> None:
    monkeypatch.setattr("stylenet.workflows.shared_scenes.GroupPainter", SeekingPainter)
    jobs: list[GroupJob] = []
    monkeypatch.setattr(SeekingPainter, "jobs", jobs)
    monkeypatch.setattr(SeekingPainter, "found", found)
    scenes = SceneList(times=["0", "1", "2"], checksums=[0, 10, 20], cuts=[0, 2])
    groups = Groups(tmp_path / "parts", {}, coding_for(Path("out.mkv"), has_alpha=False), resume=False)
    source = Job(source=clip, path=clip, sha256="")
    shared = SharedScenes(small(clip, clip), source, scenes, groups, keys=SeekingPainter.keys, should_stop=lambda: False)
    told = [(done.frames, done.scenes, done.notices) for done in shared.paint()]
    assert told == [(1, 1, ("a notice",)), (1, 0, ()), (1, 1, ())]
    assert [(job.after, job.frames, job.seeks) for job in jobs] == [(None, 2, True), (None, 2, False), (0, 1, False), (1, 1, False)]
    assert [time for time, _ in groups.times()] == [0, 1, 2]
    assert [job.state is None for job in jobs] == [True, True, False, True]


def test_an_error_of_a_worker_ends_the_command(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="give a larger --size"):
        list(paint_video(small(clip, tmp_path / "out.mkv", workers=2, size="1")))
    assert not list(tmp_path.glob("out*"))


def test_a_clip_of_one_scene_uses_one_worker(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", pan(5), codec="ffv1", pix_fmt="bgr0")
    events = list(paint_video(small(clip, tmp_path / "out.mkv", workers=3)))
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert notices == ["the clip has 1 scene, and each is painted by one worker at a time"]
    assert len(read_back(tmp_path / "out.mkv")[0]) == 5
