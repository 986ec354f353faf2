"""The scenes of a clip, detected before painting."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from stylenet.video.reading import probe, read_frames
from stylenet.workflows.scene_list import SceneList, checksum, find_scenes, read_scenes, write_scenes
from tests.video.clips import request_of
from tests.workflows.conftest import LONG

pytest.importorskip("cv2")


def test_scenes_have_the_frames_between_cuts(three_scenes: Path) -> None:
    found = find_scenes(request_of(three_scenes), probe(three_scenes), should_stop=lambda: False)
    assert found is not None
    scenes = found.scenes()
    assert [(scene.number, len(scene.times)) for scene in scenes] == [(0, 3), (1, LONG), (2, 4)]
    assert [scene.before for scene in scenes] == [None, scenes[0].times[-1], scenes[1].times[-1]]
    thinned = find_scenes(request_of(three_scenes, fps=5.0, begin="0.3"), probe(three_scenes), should_stop=lambda: False)
    assert thinned is not None
    assert len(thinned.times) == LONG // 2 + 2
    assert thinned.scenes()[0].times[0] == Fraction(3, 10)


def test_a_list_is_read_back_from_its_file(tmp_path: Path) -> None:
    scenes = SceneList(times=["0", "1/3", "2/3"], checksums=[5, 2**32 - 1, 7], cuts=[0, 2], lost_packets=1, ended_early=True)
    write_scenes(tmp_path / "scenes.json", scenes)
    assert read_scenes(tmp_path / "scenes.json") == scenes
    first, second = scenes.scenes()
    assert (first.before, first.times, first.checksums) == (None, [0, Fraction(1, 3)], [5, 2**32 - 1])
    assert (second.before, second.times, second.checksums) == (Fraction(1, 3), [Fraction(2, 3)], [7])


def test_checksums_tell_frames_apart(clip: Path) -> None:
    frames = list(read_frames(probe(clip)))
    assert len({checksum(frame) for frame in frames}) == len(frames)
    assert [checksum(frame) for frame in read_frames(probe(clip))] == [checksum(frame) for frame in frames]


def test_the_search_can_be_interrupted(clip: Path) -> None:
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    assert find_scenes(request_of(clip), probe(clip), should_stop=stop) is None
    assert len(asked) == 4
