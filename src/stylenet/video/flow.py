"""Motion between two frames, and where it can be trusted. Frames are arrays (H, W, 3), uint8, RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.extras import require

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

_MOST_PX = 480
"""Long side at which motion is estimated; of larger frames it is enlarged."""

_AGREEMENT = (0.01, 0.5)
"""Forward and backward flow agree where the sum of both is at most 0.01 times their squares and 0.5 px^2: Sundaram et al. 2010, eq. 5."""

_BOUNDARY = (0.01, 0.002)
"""A motion boundary lies where the squared gradient of the flow is above 0.01 times its square and 0.002: the same paper, eq. 6."""

_SAME, _OTHER = 0.03, 0.12
"""Mean difference of a photo to the warped one before, 0..1: up to the first it is the same, from the second on another."""


_FLAT = 1e-3
"""Of the structure tensor's smaller eigenvalue: where it is below, the flow is taken from around."""

_SMALLER = 4
"""Times that the frame is made smaller to look around a pixel."""

_AROUND = ((0.75, 1.0), (3.0, 0.1), (12.0, 0.01))
"""Deviations in pixels of the smaller frame, and shares, of the windows around a pixel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Where every pixel of a frame was in the frame before.

    Attributes:
        back: Shape (H, W, 2): columns and rows to add to a pixel's place.
        trust: Shape (H, W), 0..1: 0 where the pixel was hidden, lies at a motion boundary, or has changed.
    """

    back: Plane
    trust: Plane

    @property
    def places(self) -> tuple[Plane, Plane]:
        """Columns and rows in the frame before, as OpenCV's `remap` takes them."""
        height, width = self.trust.shape
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        return columns + self.back[..., 0], rows + self.back[..., 1]


def opencv() -> Any:
    """The package cv2.

    Raises:
        UsageError: it is missing.
    """
    return require("cv2", "a steady clip (unlike one with --steady 0)")


class MotionEstimator:
    """Estimates motion by dense inverse search (Kroeger et al. 2016), in both directions.

    Args:
        size: (width, height) of the motion, which is that of the painted frames.

    Raises:
        UsageError: OpenCV is missing.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._cv2 = opencv()
        self._size = size
        scale = min(1.0, _MOST_PX / max(size))
        self._small = (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
        self._dis = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def motion(self, before: Pixels, now: Pixels) -> Motion:
        """The motion from one frame to the next; both may have any size."""
        cv2 = self._cv2
        first, second = self._fitted(before), self._fitted(now)
        gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
        forward = self._dis.calc(gray[0], gray[1], None)
        back = self._dis.calc(gray[1], gray[0], None)
        places = Motion(back=back, trust=np.ones(back.shape[:2], np.float32)).places
        there = cv2.remap(forward, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        trust = self._trust(back, there, places)
        warped = cv2.remap(first, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        trust *= self._unchanged(warped, second)
        back = self._leveled(back, trust, gray[1])
        if self._small != self._size:
            back = cv2.resize(back, self._size, interpolation=cv2.INTER_LINEAR)
            back *= np.array([self._size[0] / self._small[0], self._size[1] / self._small[1]], np.float32)
            trust = cv2.resize(trust, self._size, interpolation=cv2.INTER_LINEAR)
        return Motion(back=back, trust=trust)

    def _fitted(self, frame: Pixels) -> Pixels:
        if frame.shape[1::-1] == self._small:
            return frame
        return self._cv2.resize(frame, self._small, interpolation=self._cv2.INTER_AREA)

    def _trust(self, back: Plane, there: Plane, places: tuple[Plane, Plane]) -> Plane:
        cv2 = self._cv2
        squares = (back**2).sum(axis=2) + (there**2).sum(axis=2)
        agrees = ((back + there) ** 2).sum(axis=2) <= _AGREEMENT[0] * squares + _AGREEMENT[1]
        across, down = cv2.Sobel(back, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(back, cv2.CV_32F, 0, 1, scale=1 / 8)
        steep = (across**2 + down**2).sum(axis=2) > _BOUNDARY[0] * (back**2).sum(axis=2) + _BOUNDARY[1] * 10
        height, width = agrees.shape
        columns, rows = places
        inside = (columns > -0.5) & (rows > -0.5) & (columns < width - 0.5) & (rows < height - 0.5)
        valid = (agrees & inside & ~steep).astype(np.float32)
        # A single pixel is an error of the estimate; what is hidden is an area. The border of an area is not to be trusted, either.
        valid = cv2.morphologyEx(valid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        return cv2.GaussianBlur(cv2.erode(valid, np.ones((3, 3), np.uint8)), (0, 0), 1.0)

    def _leveled(self, back: Plane, trust: Plane, gray: Pixels) -> Plane:
        """The flow, which in flat areas, where nothing can be seen of it, is that of what is around: else strokes are smeared there."""
        cv2 = self._cv2
        light = gray.astype(np.float32) / 255
        across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=1 / 8)
        xx, xy, yy = (cv2.GaussianBlur(product, (0, 0), 3.0) for product in (across * across, across * down, down * down))
        texture = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)  # the smaller eigenvalue of the structure tensor
        clear = texture / (texture + _FLAT)
        # Wide windows are taken on a small version: there is nothing fine in them.
        height, width = clear.shape
        small = (max(4, width // _SMALLER), max(4, height // _SMALLER))
        weight = clear * (trust + 0.02)
        least, moved = (cv2.resize(plane, small, interpolation=cv2.INTER_AREA) for plane in (weight, back * weight[..., None]))
        total, weights = np.zeros_like(moved), np.full_like(least, 1e-9)
        for deviation, share in _AROUND:
            total += share * cv2.GaussianBlur(moved, (0, 0), deviation)
            weights += share * cv2.GaussianBlur(least, (0, 0), deviation)
        around = cv2.resize(total / weights[..., None], (width, height), interpolation=cv2.INTER_LINEAR)
        return back + (1 - clear)[..., None] * (around - back)

    def _unchanged(self, warped: Pixels, now: Pixels) -> Plane:
        cv2 = self._cv2
        change = cv2.absdiff(warped, now).astype(np.float32).mean(axis=2) / 255
        change = cv2.GaussianBlur(change, (0, 0), 1.5)
        return 1 - ((change - _SAME) / (_OTHER - _SAME)).clip(0, 1)
