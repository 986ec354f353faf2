"""Groups of painted frames, stored in a folder until they are joined."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.errors import CheckpointError, OutputError, UsageError
from stylenet.video import groups as module
from stylenet.video.coding import Coding, coding_for
from stylenet.video.groups import Group, Groups, OpenGroup, State, decoded, packets
from stylenet.video.reading import Frame
from tests.video.clips import HEIGHT, WIDTH, pan

pytest.importorskip("av")

LOSSLESS = coding_for(Path("a.gif"), has_alpha=False)
H264 = coding_for(Path("a.mp4"), has_alpha=False)
THIRD = Fraction(1, 3)


def group_of(frames: list[NDArray[np.uint8]], *, first: int = 0, coding: Coding = LOSSLESS) -> Group:
    """Frames at thirds of a second; the duration of the last one is unknown."""
    group = OpenGroup(coding)
    for number, pixels in enumerate(frames):
        seconds = THIRD if number < len(frames) - 1 else None
        group.add(Frame(time=(first + number) * THIRD, seconds=seconds, pixels=pixels, alpha=None), pixels)
    return group.encoded()


def state_of(frames: list[NDArray[np.uint8]], count: int) -> State:
    return State(frames=tuple((frame, 255 - frame) for frame in frames), count=count, typical_distance=0.125)


def test_frames_times_and_state_come_back(tmp_path: Path) -> None:
    frames = pan(5)
    groups = Groups(tmp_path / "parts", {"style": "a"}, LOSSLESS, resume=False)
    assert (groups.last_scene, groups.times(), groups.state(0)) == (-1, [], None)
    groups.add(0, group_of(frames[:2]), state_of(frames[:2], 2))
    groups.add(0, group_of(frames[2:3], first=2), None)
    groups.add(1, group_of(frames[3:], first=3), state_of(frames[4:], 2))
    again = Groups(tmp_path / "parts", {"style": "a"}, LOSSLESS, resume=True)
    for one in (groups, again):
        assert one.last_scene == 1
        assert [time for time, _ in one.times()] == [number * THIRD for number in range(5)]
        assert one.times(0) == [(0, THIRD), (THIRD, None), (2 * THIRD, None)]
        assert all(np.array_equal(*pair) for pair in zip(decoded(one), frames, strict=True))
        assert one.state(0) is None  # the scene is finished
        state = one.state(1)
        assert state is not None
        assert (state.count, state.typical_distance, len(state.frames)) == (2, 0.125, 1)
        assert np.array_equal(state.frames[0][0], frames[4])
        assert np.array_equal(state.frames[0][1], 255 - frames[4])
    assert len(list((tmp_path / "parts").glob("*.state.npz"))) == 1
    again.remove()
    assert not (tmp_path / "parts").exists()


def test_groups_begin_with_a_key_frame_and_have_no_frames_out_of_order(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "parts", {}, H264, resume=False)
    groups.add(0, group_of(pan(9), coding=H264), None)
    found = [(packet.is_keyframe, packet.pts, packet.dts) for packet in packets(groups.clips()[0])]
    assert [is_key for is_key, _, _ in found] == [True] + [False] * 8
    assert all(pts == dts for _, pts, dts in found)
    assert [pts for _, pts, _ in found] == sorted({pts for _, pts, _ in found})


def test_groups_are_kept_for_the_same_job_only(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    Groups(folder, {"style": "a", "size": 64}, LOSSLESS, resume=False).add(0, group_of(pan(2)), None)
    with pytest.raises(CheckpointError, match=r"belongs to another request \(style differ\); give the same options, or omit --resume"):
        Groups(folder, {"style": "b", "size": 64}, LOSSLESS, resume=True)
    assert len(Groups(folder, {"style": "a", "size": 64}, LOSSLESS, resume=True).times()) == 2
    assert Groups(folder, {"style": "b", "size": 64}, LOSSLESS, resume=False).times() == []


def test_a_folder_of_somebody_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mine.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="exists and does not contain an unfinished clip; move it, or choose another --output"):
            Groups(tmp_path / "parts", {}, LOSSLESS, resume=resume)
    assert (tmp_path / "parts" / "mine.txt").read_text() == "mine"
    with pytest.raises(OutputError, match="cannot create the folder"):
        Groups(tmp_path / "parts" / "mine.txt" / "parts", {}, LOSSLESS, resume=False)


def test_a_group_is_full_by_frames_or_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def frames_until_full() -> int:
        group = OpenGroup(LOSSLESS)
        while not group.is_full:
            group.add(Frame(time=Fraction(0), seconds=None, pixels=frame, alpha=None), frame)
        return len(group.times)

    frame = pan(1)[0]
    assert not OpenGroup(LOSSLESS).is_full
    assert frames_until_full() == 48
    monkeypatch.setattr(module, "_GROUP_BYTES", 7.5 * frame.nbytes)
    assert frames_until_full() == 7
    monkeypatch.setattr(module, "_GROUP_BYTES", 1)
    assert frames_until_full() == 4


def test_sides_are_even(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "parts", {}, LOSSLESS, resume=False)
    frame = pan(1)[0][: HEIGHT - 1, : WIDTH - 1]
    groups.add(0, group_of([frame]), None)
    (found,) = decoded(groups)
    assert np.array_equal(found, frame[: HEIGHT - 2, : WIDTH - 2])
    with pytest.raises(UsageError, match="the frames would have 64 x 1 pixels; give a larger --size"):
        group_of([pan(1)[0][:1]])
