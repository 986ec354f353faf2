"""Motion between two frames, on motion that is known, and its reliability."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.video.flow import MotionEstimator
from tests.video.clips import pan

pytest.importorskip("cv2")


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
        """Motion that increases by 0.8 pixels per pixel up to the middle, and is constant beyond it."""
        motion = super().calc(first, second, flow)
        motion[..., 0] = 0.8 * np.minimum(np.arange(first.shape[1]), 70) - 40
        return motion
