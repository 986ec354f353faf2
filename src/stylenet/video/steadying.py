"""Temporal smoothing of painted frames in two frequency bands: colors strongly, strokes only where they stay sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Pixels, Plane, blurred, mean_square, opencv
from stylenet.video.past import WarpedPast

_LOW_PX = 3.0
"""Standard deviation of the Gaussian that separates colors from strokes."""

_ENERGY_PX = 6.0
"""Standard deviation of the window in which stroke contrast is compared."""

_MIN_GAIN = 0.5
"""Minimum factor of the stroke contrast."""

_FINE_PX = 0.7
"""Standard deviation of the Gaussian that separates the finest detail of strokes, which warping blurs most."""


@dataclass(frozen=True, kw_only=True)
class _Restoration:
    """How the stroke contrast lost by warping is restored.

    Attributes:
        share: Share of the lost contrast that is restored; 1: the contrast of the new painting.
        energy_offset: Added to the stroke energies, in squared levels, so that flat areas get a gain of 1.
        max_gain: Maximum factor of the contrast.
    """

    share: float
    energy_offset: float
    max_gain: float


_STROKES = _Restoration(share=0.5, energy_offset=0.065, max_gain=1.5)
_FINE = _Restoration(share=0.7, energy_offset=0.02, max_gain=2.0)


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


def steadied(painted: Plane, past: WarpedPast | None, steadiness: Steadiness) -> Pixels:
    """A painted frame, blended with past paintings and rounded.

    Args:
        painted: The painted frame, (H, W, 3), 0..1.
        past: Past paintings, warped to the frame; None at the start of a scene.
        steadiness: Their shares.
    """
    levels = painted * np.float32(255)
    if past is not None:
        levels = _blended(levels, past, steadiness)
    return np.rint(levels.clip(0, 255)).astype(np.uint8)


def _blended(painted: Plane, past: WarpedPast, steadiness: Steadiness) -> Plane:
    low, past_low = blurred(painted, _LOW_PX), blurred(past.painting, _LOW_PX)
    detail = painted - low
    mixed = _mixed(detail, past.painting - past_low, steadiness.detail * past.stroke_trust)
    # Contrast is restored only where the motion is certain; elsewhere, sharp strokes would flicker.
    mixed *= 1 + past.match[..., None] * (_gain(detail, mixed, _STROKES) - 1)
    fine, mixed_fine = (plane - opencv().GaussianBlur(plane, (0, 0), _FINE_PX) for plane in (detail, mixed))
    mixed_fine *= past.match[..., None] * (_gain(fine, mixed_fine, _FINE) - 1)
    mixed += mixed_fine
    mixed += _mixed(low, past_low, steadiness.low * past.trust)
    return mixed


def _gain(reference: Plane, mixed: Plane, restoration: _Restoration) -> Plane:
    """The factor, (H, W, 1), that restores the local contrast of `reference` to `mixed`."""
    wanted, found = (blurred(mean_square(plane), _ENERGY_PX) + restoration.energy_offset for plane in (reference, mixed))
    return np.asarray(opencv().pow(wanted / found, restoration.share / 2).clip(_MIN_GAIN, restoration.max_gain)[..., None])


def _mixed(one: Plane, other: Plane, share: Plane) -> Plane:
    """(1 - `share`) `one` + `share` `other`."""
    return opencv().blendLinear(one, other, 1 - share, share)
