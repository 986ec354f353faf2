"""The frames of a clip, painted one after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.painting.stylizer import open_stylizer
from stylenet.workflows.frames import FramePainter, shares_at
from stylenet.workflows.video import paint_video
from tests.video.clips import pan, read_back, request_of

pytest.importorskip("cv2")


def test_strength_and_style_turn_over_time(clip: Path) -> None:
    list(paint_video(request_of(clip, strengths=(0.0, 100.0), steady=0.0)))
    frames, _ = read_back(clip.parent / "out.mp4")
    source, _ = read_back(clip)
    changed = [float(np.abs(one.astype(float) - other).mean()) for one, other in zip(frames, source, strict=True)]
    assert changed[0] < 0.4 * changed[-1], changed
    list(paint_video(request_of(clip, styles=("starry-night", "great-wave"), steady=0.0, end="0.3")))


def test_shares_move_evenly_from_style_to_style() -> None:
    assert shares_at(3, 0.25) == (0.5, 0.5, 0.0)
    assert shares_at(2, 1.0) == (0.0, 1.0)
    assert shares_at(4, -1.0) == (1.0, 0.0, 0.0, 0.0)
    for share in np.linspace(0, 1, 13):
        shares = shares_at(4, float(share))
        assert sum(shares) == pytest.approx(1)
        assert sum(number * one for number, one in enumerate(shares)) == pytest.approx(3 * share)


def test_a_painter_that_continues_paints_the_same_frames(clip: Path) -> None:
    request, frames = request_of(clip), pan(4)
    first = FramePainter(request, open_stylizer("instant", threads=1), should_stop=lambda: False)
    begun = [first.paint(frame, 0.0) for frame in frames[:2]]
    assert [one is not None and one.begins_scene for one in begun] == [True, False]
    second = FramePainter(request, open_stylizer("instant", threads=1), should_stop=lambda: False)
    assert second.facts == first.facts
    second.continue_from(first.state())
    for frame in frames[2:]:
        one, other = first.paint(frame, 0.0), second.paint(frame, 0.0)
        assert one is not None
        assert other is not None
        assert not other.begins_scene
        assert np.array_equal(one.pixels, other.pixels)


def test_steps_of_a_recipe_without_steps(clip: Path) -> None:
    with pytest.raises(UsageError, match="recipe 'instant' paints in one pass, without steps; omit --frame-steps"):
        FramePainter(request_of(clip, frame_steps=5), open_stylizer("instant", threads=1), should_stop=lambda: False)


def test_a_recipe_that_starts_from_nothing_is_refused(clip: Path) -> None:
    with pytest.raises(UsageError, match="recipe 'keras-2016' does not start from another painting; choose draft"):
        FramePainter(request_of(clip), open_stylizer("keras-2016"), should_stop=lambda: False)
