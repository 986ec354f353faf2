"""Motion, cuts and steadiness, on motion that is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stylenet.video.flow import MotionEstimator
from stylenet.video.past import Past, WarpedPast
from stylenet.video.scenes import CutDetector
from stylenet.video.steadying import Steadiness, steadied
from tests.video.clips import pan, scene

cv2 = pytest.importorskip("cv2")

EVERYWHERE, NOWHERE = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)


def moved(painted: np.ndarray, trust: np.ndarray = EVERYWHERE) -> WarpedPast:
    """A painting of the past that did not move."""
    return WarpedPast(painting=painted.astype(np.float32), trust=trust, stroke_trust=trust, match=trust)


def test_the_motion_of_a_pan() -> None:
    first, second = pan(2, width=128, height=96)
    motion = MotionEstimator((128, 96)).motion(first, second)
    inside = motion.back[16:-16, 16:-16]
    assert np.median(inside.reshape(-1, 2), axis=0) == pytest.approx([2, 1], abs=0.1)
    assert motion.trust[16:-16, 16:-16].mean() > 0.9
    assert motion.trust.min() >= 0
    assert motion.trust.max() <= 1


def test_motion_of_larger_frames_is_enlarged() -> None:
    first, second = pan(2, width=128, height=96)
    motion = MotionEstimator((256, 192)).motion(first, second)
    assert motion.back.shape == (192, 256, 2)


def test_what_was_hidden_or_has_changed_is_not_trusted() -> None:
    first, second = pan(2, width=128, height=96)
    second = second.copy()
    second[30:60, 40:80] = (250, 20, 20)
    trust = MotionEstimator((128, 96)).motion(first, second).trust
    assert trust[36:54, 46:74].max() < 0.2
    assert trust[70:90, 90:120].mean() > 0.8


def test_cuts() -> None:
    frames = [*pan(4), *pan(4, seed=1), *pan(2, seed=2)]
    detector = CutDetector()
    assert [index for index, frame in enumerate(frames) if detector.is_cut(frame)] == [0, 4, 8]
    again = CutDetector()
    again.continue_from(frames[3], 0.1)
    assert again.is_cut(frames[4])
    assert not again.is_cut(frames[5])


def test_flicker_is_less_and_detail_is_kept() -> None:
    rng = np.random.default_rng(0)
    base = scene()[:48, :64].astype(np.float32) / 255
    painted = [(base + rng.normal(0, 0.08, base.shape)).astype(np.float32) for _ in range(8)]
    written = [steadied(painted[0], None, Steadiness.of(70))]
    for frame in painted[1:]:
        written.append(steadied(frame, moved(written[-1]), Steadiness.of(70)))
    steady = [frame.astype(np.float32) / 255 for frame in written]

    def flicker(frames: list[np.ndarray]) -> float:
        return float(np.mean([np.abs(one - other).mean() for one, other in itertools.pairwise(frames[3:])]))

    def detail(frame: np.ndarray) -> float:
        return float(np.abs(cv2.Laplacian(frame, cv2.CV_32F)).mean())

    assert flicker(steady) < 0.6 * flicker(painted)
    assert detail(steady[-1]) > 0.8 * detail(painted[-1])
    assert steady[0] == pytest.approx(painted[0].clip(0, 1), abs=0.002)


def test_only_what_is_trusted_is_kept() -> None:
    black, gray = np.zeros((48, 64, 3), np.float32), np.full((48, 64, 3), 0.5, np.float32)
    assert steadied(black, None, Steadiness.of(100)).max() == 0
    assert steadied(gray, moved(black, NOWHERE), Steadiness.of(100)) == pytest.approx(128, abs=1)
    assert steadied(gray, moved(black), Steadiness.of(100)).mean() < 60


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


def test_faint_marks_that_move_on_their_own_are_not_trusted() -> None:
    still = np.full((96, 128, 3), 90, np.uint8)
    first, second = still.copy(), still.copy()
    for row in range(30, 66, 12):
        first[row : row + 6, 30:60] = 112
        second[row + 6 : row + 12, 30:60] = 112
    estimator = MotionEstimator((128, 96))
    estimator._search = _NoMotion()
    motion = estimator.motion(first, second)
    assert motion.stroke_trust[33:63, 33:57].mean() < 0.2
    assert motion.match[33:63, 33:57].mean() < 0.2
    assert motion.stroke_trust[:16].min() > 0.99


def test_strokes_are_not_stretched() -> None:
    flat = np.full((96, 128, 3), 120, np.uint8)
    estimator = MotionEstimator((128, 96))
    estimator._search = _Stretching()
    motion = estimator.motion(flat, flat)
    assert motion.trust[20:-20, 40:60].min() > 0.99
    assert motion.stroke_trust[20:-20, 40:60].max() < 0.01
    assert motion.stroke_trust[20:-20, 90:110].min() > 0.99


class _NoMotion:
    def calc(self, first: np.ndarray, second: np.ndarray, flow: None) -> np.ndarray:
        return np.zeros((*first.shape, 2), np.float32)


class _Stretching(_NoMotion):
    def calc(self, first: np.ndarray, second: np.ndarray, flow: None) -> np.ndarray:
        """By 0.8 pixels per pixel up to the middle, and not at all beyond it."""
        motion = super().calc(first, second, flow)
        motion[..., 0] = 0.8 * np.minimum(np.arange(first.shape[1]), 70) - 40
        return motion
