"""The paintings of past frames, moved to the next frame."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.video.past import Past
from tests.video.clips import pan, scene

pytest.importorskip("cv2")


def test_the_past_ends_at_a_cut() -> None:
    past, frame = Past(), pan(1)[0]
    assert past.moved_to(frame) is None
    past.add(frame, frame)
    assert past.moved_to(frame) is not None
    past.begin()
    assert past.moved_to(frame) is None


def test_few_past_frames_are_kept() -> None:
    past = Past()
    frames = [np.full((16, 16, 3), number, np.uint8) for number in range(40)]
    kept = []
    for frame in frames:
        past.add(frame, frame)
        kept.append([int(known[0, 0, 0]) for known, _ in past.frames])
    assert kept[:6] == [[0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 4, 5]]
    assert kept[-1] == [28, 32, 36, 39]


def test_what_is_uncovered_comes_from_an_earlier_frame() -> None:
    """A square stands still in frames 2 to 6 and then disappears."""
    past, background = Past(), scene()[:96, :128]
    covered = background.copy()
    covered[30:66, 40:80] = (250, 240, 20)
    for number in range(7):
        past.add(background if number < 2 else covered, np.full((96, 128, 3), 20 + 20 * number, np.uint8))
    found = past.moved_to(background)
    assert found is not None
    assert found.painting[36:60, 46:74] == pytest.approx(20, abs=2)  # frame 0; frame 1 was not kept
    assert found.painting[80:, :] == pytest.approx(140, abs=2)
    assert found.stroke_trust[36:60, 46:74].min() > 0.9
