"""Temporal smoothing of painted frames in two bands: low frequencies strongly, strokes as far as they stay sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylenet.video.flow import Motion, Pixels, Plane, opencv

_LOW_PX = 3.0
"""Standard deviation of the Gaussian that separates colors from strokes."""

_ENERGY_PX = 6.0
"""Standard deviation of the window in which the contrast of strokes is compared."""

_CRISPNESS = 0.8
"""How much of the contrast lost by warping is restored to strokes; 1: the contrast of the new painting."""

_GAINS = (0.5, 1.5)

_MEAN = np.full((1, 3), 1 / 3, np.float32)


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
        if self.history is not None and motion is not None:
            painted = self._following(painted, motion)
        self.history = np.rint(painted.clip(0, 1) * 255).astype(np.uint8)
        return self.history

    def _following(self, painted: Plane, motion: Motion) -> Plane:
        cv2 = opencv()
        moved = cv2.remap(self.history, *motion.places, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
        low, low_before = _blurred(painted, _LOW_PX), _blurred(moved, _LOW_PX)
        detail, detail_before = painted - low, moved - low_before
        low += self._steadiness.low * motion.trust[..., None] * (low_before - low)
        mixed = detail + self._steadiness.detail * motion.stroke_trust[..., None] * (detail_before - detail)
        own, kept = (_blurred(cv2.transform(plane * plane, _MEAN), _ENERGY_PX) for plane in (detail, mixed))
        # Where the motion is uncertain, sharp strokes would flicker.
        gain = cv2.pow((own + 1e-6) / (kept + 1e-6), _CRISPNESS / 2).clip(*_GAINS)
        return low + (1 + motion.match * (gain - 1))[..., None] * mixed


def _blurred(plane: Plane, deviation_px: float) -> Plane:
    """A Gaussian blur, computed at reduced size, because the result has no fine detail."""
    cv2 = opencv()
    height, width = plane.shape[:2]
    scale = max(1, min(int(deviation_px / 1.5), height // 8, width // 8))
    small = cv2.resize(plane, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), deviation_px / scale), (width, height), interpolation=cv2.INTER_LINEAR)
