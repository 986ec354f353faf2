"""Steadiness: less flicker, preserved detail."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stylenet.video.past import WarpedPast
from stylenet.video.steadying import Steadiness, steadied
from tests.video.clips import scene

cv2 = pytest.importorskip("cv2")

EVERYWHERE, NOWHERE = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)


def moved(painted: np.ndarray, trust: np.ndarray = EVERYWHERE) -> WarpedPast:
    """A painting of the past that did not move."""
    return WarpedPast(painting=painted.astype(np.float32), trust=trust, stroke_trust=trust, match=trust)


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


@pytest.mark.parametrize(("blur_px", "least"), [(0.4, 0.82), (0.5, 0.62)])
def test_fine_detail_that_each_warp_blurs_is_restored(blur_px: float, least: float) -> None:
    strokes = cv2.GaussianBlur(np.random.default_rng(0).normal(0.5, 0.3, (48, 64, 3)), (0, 0), 0.6).clip(0, 1).astype(np.float32)
    written = 255 * strokes
    for _ in range(5):
        warped = cv2.GaussianBlur(written.astype(np.float32), (0, 0), blur_px)
        written = steadied(strokes, moved(warped), Steadiness.of(80))
    kept, whole = (np.abs(cv2.Laplacian(image.astype(np.float32), cv2.CV_32F)).mean() for image in (written, 255 * strokes))
    assert kept > least * whole


def test_only_what_is_trusted_is_kept() -> None:
    black, gray = np.zeros((48, 64, 3), np.float32), np.full((48, 64, 3), 0.5, np.float32)
    assert steadied(black, None, Steadiness.of(100)).max() == 0
    assert steadied(gray, moved(black, NOWHERE), Steadiness.of(100)) == pytest.approx(128, abs=1)
    assert steadied(gray, moved(black), Steadiness.of(100)).mean() < 60
