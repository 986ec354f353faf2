"""Paintings of past frames, warped to the next frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Motion, MotionEstimator, Pixels, Plane, opencv

_SPACING, _KEPT = 4, 3
"""Every fourth frame is kept, at most three of them, so uncovered areas are filled from up to 12 frames back."""

_SCOUT_PX, _EARLIER_PX = 120, 240
"""Long sides at which the motion from earlier frames is estimated: to choose the frame that shows most of the uncovered areas, and to fill
them from it."""

_MIN_AREA = 0.002
"""Minimum share of the frame that must be uncovered before earlier frames are searched."""

_MIN_SHARE = 0.02
"""Smaller shares of an earlier painting are invisible and skipped."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WarpedPast:
    """Past paintings, warped to a frame, and their reliability as in `Motion`.

    Attributes:
        painting: Shape (H, W, 3), 0..255.
        trust: Shape (H, W), 0..1: reliability of colors.
        stroke_trust: Shape (H, W), 0..1: reliability of fine detail.
        match: Shape (H, W), 0..1: 1 where the past predicts the frame exactly.
    """

    painting: Plane
    trust: Plane
    stroke_trust: Plane
    match: Plane


class Past:
    """The last frame of a scene and a few before it, with their paintings.

    Areas uncovered by a moving object are filled from an earlier frame that shows them (Ruder et al. 2016).

    Args:
        earlier: Number of frames to keep besides the last one.

    Attributes:
        frames: Pairs of a frame and its painting, (H, W, 3), uint8, in order.
        count: Number of frames of the scene so far.
    """

    def __init__(self, *, earlier: int = _KEPT) -> None:
        self._most = 1 + earlier
        self.frames: Sequence[tuple[Pixels, Pixels]] = ()
        self.count = 0
        self._estimators: _Estimators | None = None

    def begin(self) -> None:
        """Start a scene."""
        self.frames, self.count = (), 0

    def add(self, frame: Pixels, painted: Pixels) -> None:
        """Add the next frame, and drop the previous one unless it is to be kept."""
        kept = self.frames if self.count % _SPACING == 1 else self.frames[:-1]
        self.frames = (*kept, (frame, painted))[-self._most :]
        self.count += 1

    def moved_to(self, frame: Pixels) -> WarpedPast | None:
        """The past paintings, warped to the next frame; None at the start of a scene."""
        if not self.frames:
            return None
        previous, painted = self.frames[-1]
        if self._estimators is None:
            self._estimators = _Estimators(painted.shape[1::-1])
        motion = self._estimators.previous.motion(previous, frame)
        warped = WarpedPast(painting=motion.warp(painted), trust=motion.trust, stroke_trust=motion.stroke_trust, match=motion.match)
        earlier = self._best_source(frame, warped)
        return warped if earlier is None else _filled(warped, self._estimators.earlier.motion(earlier[0], frame), earlier[1])

    def _best_source(self, frame: Pixels, warped: WarpedPast) -> tuple[Pixels, Pixels] | None:
        """The earlier frame that shows most of the uncovered areas, and its painting; None if little is uncovered."""
        if len(self.frames) < 2 or self._estimators is None:
            return None
        cv2, scout = opencv(), self._estimators.scout
        holes = _holes(cv2.resize(warped.stroke_trust, scout.size, interpolation=cv2.INTER_AREA))
        holes = cv2.erode(holes, np.ones((3, 3), np.uint8))
        if holes.mean() < _MIN_AREA:
            return None
        areas = [float((holes * scout.motion(earlier, frame).stroke_trust).mean()) for earlier, _ in self.frames[:-1]]
        best = int(np.argmax(areas))
        return None if areas[best] < _MIN_AREA else self.frames[best]


class _Estimators:
    """Motion estimators for the previous frame and for earlier ones, for paintings of (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        scale = min(1.0, _SCOUT_PX / max(size))
        self.previous = MotionEstimator(size)
        self.earlier = MotionEstimator(size, max_px=_EARLIER_PX)
        self.scout = MotionEstimator((max(16, round(size[0] * scale)), max(16, round(size[1] * scale))))


def _holes(stroke_trust: Plane) -> Plane:
    """1 where a painting is not trusted at all, 0 where its trust is half or more."""
    return (1 - 2 * stroke_trust).clip(0, None)


def _filled(warped: WarpedPast, motion: Motion, painted: Pixels) -> WarpedPast:
    """A warped painting with its holes filled from an earlier one."""
    share = _holes(warped.stroke_trust) * motion.stroke_trust
    visible = share > _MIN_SHARE
    if visible.any():
        warped.painting[visible] += share[visible][:, None] * (motion.warp_at(painted, visible) - warped.painting[visible])
    trusts = ((warped.trust, motion.trust), (warped.stroke_trust, motion.stroke_trust), (warped.match, motion.match))
    trust, stroke_trust, match = (one + share * (other - one) for one, other in trusts)
    return WarpedPast(painting=warped.painting, trust=trust, stroke_trust=stroke_trust, match=match)
