"""Temporal smoothing of painted frames in two bands: low frequencies strongly, strokes as far as they stay sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Pixels, Plane, blurred, mean_square, opencv
from stylenet.video.past import WarpedPast

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


def steadied(painted: Plane, before: WarpedPast | None, steadiness: Steadiness) -> Pixels:
    """A painted frame, (H, W, 3), 0..1, steadied and rounded.

    Args:
        painted: The frame.
        before: Past paintings, moved to the frame; None at the start of a scene.
        steadiness: Their shares.
    """
    levels = painted * np.float32(255)
    if before is not None:
        levels = _following(levels, before, steadiness)
    return np.rint(levels.clip(0, 255)).astype(np.uint8)


def _following(painted: Plane, before: WarpedPast, steadiness: Steadiness) -> Plane:
    cv2 = opencv()
    low, low_before = blurred(painted, _LOW_PX), blurred(before.painting, _LOW_PX)
    detail = painted - low
    mixed = _mixed(detail, before.painting - low_before, steadiness.detail * before.stroke_trust)
    own, kept = (blurred(mean_square(plane), _ENERGY_PX) for plane in (detail, mixed))
    # Where the motion is uncertain, sharp strokes would flicker.
    gain = cv2.pow((own + _LEAST_ENERGY) / (kept + _LEAST_ENERGY), _CRISPNESS / 2).clip(*_GAINS)
    mixed *= cv2.merge([1 + before.match * (gain - 1)] * 3)
    mixed += _mixed(low, low_before, steadiness.low * before.trust)
    return mixed


def _mixed(one: Plane, other: Plane, share: Plane) -> Plane:
    """(1 - `share`) `one` + `share` `other`."""
    return opencv().blendLinear(one, other, 1 - share, share)
