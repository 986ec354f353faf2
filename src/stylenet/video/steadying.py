"""Painted frames that follow the painting before them, in two bands: colors closely, strokes as far as they stay crisp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Motion, Pixels, Plane, opencv

_LOW_PX = 3.0
"""Deviation of the Gaussian that parts colors from strokes."""

_ENERGY_PX = 6.0
"""Deviation of the window in which the strength of strokes is compared."""

_CRISPNESS = 0.8
"""How far strokes that lost contrast by being moved get it back: 1 is to the contrast of the new painting."""

_GAINS = (0.5, 1.5)


@dataclass(frozen=True, kw_only=True)
class Steadiness:
    """How much of the painting before is kept.

    Attributes:
        low: Share of its colors, 0..1.
        detail: Share of its strokes, 0..1.
    """

    low: float
    detail: float

    @classmethod
    def of(cls, steady: float) -> Steadiness:
        """For 0 (none) to 100."""
        share = steady / 100
        return cls(low=min(0.97, 1.3 * share), detail=min(0.95, 1.2 * share))


class Steadier:
    """Steadies one frame after the other.

    Args:
        steadiness: How much.

    Attributes:
        history: The last result, (H, W, 3), uint8; None at the beginning of a scene. It is rounded, so that a run that was interrupted
            continues with the same frames.
    """

    def __init__(self, steadiness: Steadiness) -> None:
        self._steadiness = steadiness
        self.history: Pixels | None = None

    def begin(self) -> None:
        """Begin a scene."""
        self.history = None

    def steady(self, painted: Plane, motion: Motion | None) -> Pixels:
        """A painted frame, (H, W, 3), 0..1, steadied and rounded."""
        if self.history is not None and motion is not None:
            painted = self._following(painted, motion)
        self.history = np.rint(painted.clip(0, 1) * 255).astype(np.uint8)
        return self.history

    def _following(self, painted: Plane, motion: Motion) -> Plane:
        cv2 = opencv()
        before = self.history.astype(np.float32) / 255  # type: ignore[union-attr]  # looked at before
        moved = cv2.remap(before, *motion.places, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        low, low_before = _blurred(painted, _LOW_PX), _blurred(moved, _LOW_PX)
        detail, detail_before = painted - low, moved - low_before
        low += self._steadiness.low * motion.trust[..., None] * (low_before - low)
        mixed = detail + self._steadiness.detail * motion.stroke_trust[..., None] * (detail_before - detail)
        own, kept = (_blurred((plane**2).mean(axis=2), _ENERGY_PX) for plane in (detail, mixed))
        # Where the motion is uncertain, crisp strokes would flicker.
        gain = ((own + 1e-6) / (kept + 1e-6)) ** (_CRISPNESS / 2 * motion.match)
        return low + gain.clip(*_GAINS)[..., None] * mixed


def _blurred(plane: Plane, deviation_px: float) -> Plane:
    return opencv().GaussianBlur(plane, (0, 0), deviation_px)
