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

_LEAST_GAIN = 0.5

_FINE_PX = 0.7
"""The same, that separates the finest detail of strokes, which warping blurs most."""


@dataclass(frozen=True, kw_only=True)
class _Restoration:
    """How the contrast that strokes lose by warping is restored.

    Attributes:
        share: How much of it; 1: the contrast of the new painting.
        least: Energy, in levels squared, that is added to both, so that flat areas have a gain of 1.
        most: Largest gain.
    """

    share: float
    least: float
    most: float


_STROKES = _Restoration(share=0.5, least=0.065, most=1.5)
_FINE = _Restoration(share=0.7, least=0.02, most=2.0)


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
    low, low_before = blurred(painted, _LOW_PX), blurred(before.painting, _LOW_PX)
    detail = painted - low
    mixed = _mixed(detail, before.painting - low_before, steadiness.detail * before.stroke_trust)
    # Where the motion is uncertain, sharp strokes would flicker.
    mixed *= 1 + before.match[..., None] * (_gain(detail, mixed, _STROKES) - 1)
    fine, fine_before = (plane - opencv().GaussianBlur(plane, (0, 0), _FINE_PX) for plane in (detail, mixed))
    fine_before *= before.match[..., None] * (_gain(fine, fine_before, _FINE) - 1)
    mixed += fine_before
    mixed += _mixed(low, low_before, steadiness.low * before.trust)
    return mixed


def _gain(own: Plane, mixed: Plane, restoration: _Restoration) -> Plane:
    """The factor, (H, W, 1), that restores local contrast of `own` to `mixed`."""
    wanted, found = (blurred(mean_square(plane), _ENERGY_PX) + restoration.least for plane in (own, mixed))
    return np.asarray(opencv().pow(wanted / found, restoration.share / 2).clip(_LEAST_GAIN, restoration.most)[..., None])


def _mixed(one: Plane, other: Plane, share: Plane) -> Plane:
    """(1 - `share`) `one` + `share` `other`."""
    return opencv().blendLinear(one, other, 1 - share, share)
