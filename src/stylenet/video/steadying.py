"""Temporal smoothing of painted frames in two bands: low frequencies strongly, strokes as far as they stay sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Motion, Pixels, Plane, blurred, mean_square, opencv

_LOW_PX = 3.0
"""Standard deviation of the Gaussian that separates colors from strokes."""

_ENERGY_PX = 6.0
"""Standard deviation of the window in which the contrast of strokes is compared."""

_CRISPNESS = 0.8
"""How much of the contrast lost by warping is restored to strokes; 1: the contrast of the new painting."""

_GAINS = (0.5, 1.5)

_LEAST_ENERGY = 0.065
"""Of strokes, in levels squared (a quarter of a level), so that flat areas have a gain of 1."""


@dataclass(frozen=True, kw_only=True)
class Steadiness:
    """How much of the previous painting is kept.

    Attributes:
        low: Share of its colors, 0..1.
        detail: Share of its strokes, 0..1.
    """

    low: float
    detail: float

    @classmethod
    def of(cls, steady: float) -> Steadiness:
        """The values for `--steady`, 0 (none) to 100."""
        share = steady / 100
        return cls(low=min(0.97, 1.3 * share), detail=min(0.95, 1.2 * share))


class Steadier:
    """Steadies one frame after the other.

    Args:
        steadiness: Shares of the previous painting.

    Attributes:
        history: The last result, (H, W, 3), uint8; None at the start of a scene. It is rounded, so that an interrupted run
            continues with the same frames.
    """

    def __init__(self, steadiness: Steadiness) -> None:
        self._steadiness = steadiness
        self.history: Pixels | None = None

    def begin(self) -> None:
        """Start a scene."""
        self.history = None

    def steady(self, painted: Plane, motion: Motion | None) -> Pixels:
        """A painted frame, (H, W, 3), 0..1, steadied and rounded."""
        painted = painted * np.float32(255)
        if self.history is not None and motion is not None:
            painted = self._following(painted, motion.moved(self.history), motion)
        self.history = np.rint(painted.clip(0, 255)).astype(np.uint8)
        return self.history

    def _following(self, painted: Plane, before: Plane, motion: Motion) -> Plane:
        cv2 = opencv()
        low, low_before = blurred(painted, _LOW_PX), blurred(before, _LOW_PX)
        detail = painted - low
        mixed = _mixed(detail, before - low_before, self._steadiness.detail * motion.stroke_trust)
        own, kept = (blurred(mean_square(plane), _ENERGY_PX) for plane in (detail, mixed))
        # Where the motion is uncertain, sharp strokes would flicker.
        gain = cv2.pow((own + _LEAST_ENERGY) / (kept + _LEAST_ENERGY), _CRISPNESS / 2).clip(*_GAINS)
        mixed *= cv2.merge([1 + motion.match * (gain - 1)] * 3)
        mixed += _mixed(low, low_before, self._steadiness.low * motion.trust)
        return mixed


def _mixed(one: Plane, other: Plane, share: Plane) -> Plane:
    """(1 - `share`) `one` + `share` `other`."""
    return opencv().blendLinear(one, other, 1 - share, share)
