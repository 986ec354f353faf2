"""The range of frames that a request selects, and its share of the duration."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from stylenet.errors import UsageError
from stylenet.video.reading import probe
from stylenet.workflows.clip_painter import frames_to_paint, painted_seconds
from stylenet.workflows.video import paint_video
from tests.video.clips import read_back, request_of

pytest.importorskip("cv2")


def times(clip: Path, *, after: Fraction | None = None, seeks: bool = True, **values: object) -> list[float]:
    return [float(frame.time) for frame in frames_to_paint(request_of(clip, **values), probe(clip), after=after, seeks=seeks)]


def test_frames_after_those_that_are_painted(clip: Path) -> None:
    assert times(clip) == pytest.approx([number / 10 for number in range(8)])
    for seeks in (True, False):
        assert times(clip, after=Fraction(1, 2), seeks=seeks) == pytest.approx([0.6, 0.7])


def test_a_thinned_clip_continues_with_the_same_frames(clip: Path) -> None:
    every = times(clip, fps=4.0, begin="0.1")
    assert every == pytest.approx([0.1, 0.4, 0.6])
    for number, time in enumerate(every):
        after = Fraction(time).limit_denominator(10)
        assert times(clip, fps=4.0, begin="0.1", after=after) == every[number + 1 :]


def test_the_length_of_a_part(clip: Path) -> None:
    found = probe(clip)
    assert painted_seconds(request_of(clip), found) == pytest.approx(0.8)
    assert painted_seconds(request_of(clip, begin="0.2", end="0.5"), found) == pytest.approx(0.3)
    assert painted_seconds(request_of(clip, end="9"), found) == pytest.approx(0.8)


def test_a_clip_of_unknown_length(clip: Path) -> None:
    endless = replace(probe(clip), seconds=None)
    assert painted_seconds(request_of(clip), endless) is None
    assert painted_seconds(request_of(clip, begin="1", end="3"), endless) == 2
    for changes in ({"strengths": (0.0, 100.0)}, {"styles": ("starry-night", "great-wave")}):
        with pytest.raises(UsageError, match=r"has no known length, and strength or styles change over time; give --to"):
            painted_seconds(request_of(clip, **changes), endless)
        assert painted_seconds(request_of(clip, **changes, end="3"), endless) == 3


def test_a_part_of_a_clip_with_fewer_frames(clip: Path) -> None:
    list(paint_video(request_of(clip, begin="0.2", end="0:00.7", fps=5.0, steady=0.0)))
    assert read_back(clip.parent / "out.mp4")[1] == pytest.approx([0, 0.2, 0.4], abs=0.002)
