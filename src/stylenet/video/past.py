"""The paintings of past frames, moved to the next frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Motion, MotionEstimator, Pixels, Plane, opencv

_SPACING, _KEPT = 4, 3
"""Every fourth frame is kept, at most three of them: uncovered areas are found up to 12 frames back."""

_SCOUT_PX, _EARLIER_PX = 120, 240
"""Long sides at which the motion from kept frames is estimated: to choose the one that shows most of the uncovered areas,
and to fill them from it."""

_LEAST_AREA = 0.002
"""Least share of the frame that must have been uncovered for the motion of another frame to be estimated."""

_LEAST_SHARE = 0.02
"""Share of an earlier painting that is too small to be seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WarpedPast:
    """Past paintings, moved to a frame, and their reliability as in `Motion`.

    Attributes:
        painting: Shape (H, W, 3), 0..255.
        trust: Shape (H, W), 0..1: for colors.
        stroke_trust: Shape (H, W), 0..1: for fine detail.
        match: Shape (H, W), 0..1: 1 where the past predicts the frame exactly.
    """

    painting: Plane
    trust: Plane
    stroke_trust: Plane
    match: Plane


class Past:
    """The last frame of a scene and a few before it, with their paintings.

    What a moving object uncovers takes its painting from an earlier frame that showed it (Ruder et al. 2016).

    Args:
        earlier: How many frames to keep besides the last one.

    Attributes:
        frames: Frames with their paintings, (H, W, 3), uint8, in order; the last frame last.
        count: Frames of the scene so far.
    """

    def __init__(self, *, earlier: int = _KEPT) -> None:
        self._most = 1 + earlier
        self.frames: Sequence[tuple[Pixels, Pixels]] = ()
        self.count = 0
        self._motions: _Motions | None = None

    def begin(self) -> None:
        """Start a scene."""
        self.frames, self.count = (), 0

    def add(self, frame: Pixels, painted: Pixels) -> None:
        """Add the next frame; the one before it is dropped, or kept for longer."""
        kept = self.frames if self.count % _SPACING == 1 else self.frames[:-1]
        self.frames = (*kept, (frame, painted))[-self._most :]
        self.count += 1

    def moved_to(self, frame: Pixels) -> WarpedPast | None:
        """The past paintings, moved to the next frame; None at the start of a scene."""
        if not self.frames:
            return None
        before, painted = self.frames[-1]
        if self._motions is None:
            self._motions = _Motions(painted.shape[1::-1])
        motion = self._motions.usual.motion(before, frame)
        moved = WarpedPast(painting=motion.moved(painted), trust=motion.trust, stroke_trust=motion.stroke_trust, match=motion.match)
        shows = self._uncovered_in(frame, moved)
        return moved if shows is None else _filled(moved, self._motions.earlier.motion(shows[0], frame), shows[1])

    def _uncovered_in(self, frame: Pixels, moved: WarpedPast) -> tuple[Pixels, Pixels] | None:
        """The kept frame that shows most of what the last one does not, and its painting; None if there is little of it."""
        if len(self.frames) < 2 or self._motions is None:
            return None
        cv2, scout = opencv(), self._motions.scout
        holes = _holes(cv2.resize(moved.stroke_trust, scout.size, interpolation=cv2.INTER_AREA))
        holes = cv2.erode(holes, np.ones((3, 3), np.uint8))
        if holes.mean() < _LEAST_AREA:
            return None
        areas = [float((holes * scout.motion(before, frame).stroke_trust).mean()) for before, _ in self.frames[:-1]]
        best = int(np.argmax(areas))
        return None if areas[best] < _LEAST_AREA else self.frames[best]


class _Motions:
    """Estimators of motion from the last frame and from earlier ones, for paintings of (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        scale = min(1.0, _SCOUT_PX / max(size))
        self.usual = MotionEstimator(size)
        self.earlier = MotionEstimator(size, most_px=_EARLIER_PX)
        self.scout = MotionEstimator((max(16, round(size[0] * scale)), max(16, round(size[1] * scale))))


def _holes(stroke_trust: Plane) -> Plane:
    """1 where a painting is not trusted at all, 0 where its trust is half or more."""
    return (1 - 2 * stroke_trust).clip(0, None)


def _filled(moved: WarpedPast, motion: Motion, painted: Pixels) -> WarpedPast:
    """A moved painting, with its holes filled from an earlier one."""
    share = _holes(moved.stroke_trust) * motion.stroke_trust
    seen = share > _LEAST_SHARE
    if seen.any():
        moved.painting[seen] += share[seen][:, None] * (motion.moved_at(painted, seen) - moved.painting[seen])
    trusts = ((moved.trust, motion.trust), (moved.stroke_trust, motion.stroke_trust), (moved.match, motion.match))
    trust, stroke_trust, match = (one + share * (other - one) for one, other in trusts)
    return WarpedPast(painting=moved.painting, trust=trust, stroke_trust=stroke_trust, match=match)
