"""Motion between two frames, and its reliability. Frames are arrays (H, W, 3), uint8, RGB."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylenet.extras import require

if TYPE_CHECKING:
    from stylenet.shapes import Image

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

_MAX_PX = 480
"""Default long side at which motion is estimated."""

_CACHED_FRAMES = 5
"""Number of frames whose reduced versions are cached."""

_PATCH_PX, _STRIDE_PX = 12, 6
"""Patch size. Smaller patches (OpenCV's 8) follow noise, larger ones (16) lose fast small objects."""

# Ranges over which trust falls from 1 to 0.
_CHANGE = (0.03, 0.12)  # mean difference between the frame and the warped previous frame, 0..1
_MISMATCH = (0.5, 1.0)  # the same difference relative to the local contrast of the frame
_STROKE_MISMATCH = (0.3, 0.6)
_STRETCH = (0.25, 0.65)  # gradient of the flow, in pixels per pixel; stretched strokes look smeared
_CRISP_MISMATCH = (0.1, 0.3)

_REFINEMENTS = 3
"""Iterations of the variational refinement. With OpenCV's 5, the flow takes half as long again and differs by 0.008 px on average."""

_CONTRAST_PX = 3.0
"""Standard deviation of the window in which local contrast is measured."""

_MEAN = np.full((1, 3), 1 / 3, np.float32)

_NOISE = 0.03
"""Added to the local contrast so that noise in flat areas is not taken for a mismatch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """The position of each pixel of a frame in the previous frame.

    Attributes:
        back: Backward flow, shape (H, W, 2): the columns and rows to add to the position of a pixel.
        trust: Shape (H, W), 0..1: 0 where the pixel was occluded or its color has changed.
        stroke_trust: Shape (H, W), 0..1: the same for fine detail; also low where the flow stretches the image.
        match: Shape (H, W), 0..1: 1 where the warped frame matches exactly.
    """

    back: Plane
    trust: Plane
    stroke_trust: Plane
    match: Plane

    def warp(self, painted: Pixels) -> Plane:
        """Warp the previous painting (H, W, 3) to the frame: float32, 0..255."""
        return _interpolated(painted, _positions(self.back))

    def warp_at(self, painted: Pixels, mask: NDArray[np.bool_]) -> Plane:
        """Warp only the N pixels of a mask (H, W): shape (N, 3)."""
        positions, width = _positions(self.back)[mask], mask.shape[1]
        # Arranged in several rows, because OpenCV limits the length of a row.
        rows = np.zeros((-(-len(positions) // width), width, 2), np.float32)
        rows.reshape(-1, 2)[: len(positions)] = positions
        return _interpolated(painted, rows).reshape(-1, 3)[: len(positions)]


def image_of(pixels: Pixels | Plane) -> Image:
    """Convert a frame (H, W, 3), 0..255, to a picture (1, 3, H, W), 0..1."""
    height, width, channels = pixels.shape
    image = np.empty((1, channels, height, width), np.float32)
    return np.divide(pixels.transpose(2, 0, 1)[None], np.float32(255), out=image)


def opencv() -> Any:
    """The package cv2.

    Raises:
        UsageError: it is not installed.
    """
    return require("cv2", "a steady clip (unlike one with --steady 0)")


class MotionEstimator:
    """Estimates motion by dense inverse search (Kroeger et al. 2016).

    Motion is trusted where the warped previous frame equals the frame. The forward-backward consistency check of Ruder et al. (2016) costs
    a second flow and rejects more: the edges of moving objects, and flat areas, where any flow predicts the frame.

    Args:
        size: (width, height) of the painted frames.
        max_px: Maximum long side at which motion is estimated; larger frames are reduced first.

    Attributes:
        size: (width, height) of the painted frames.

    Raises:
        UsageError: OpenCV is not installed.
    """

    def __init__(self, size: tuple[int, int], *, max_px: int = _MAX_PX) -> None:
        self._cv2 = opencv()
        self.size = size
        scale = min(1.0, max_px / max(size))
        self._small = (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
        self._search = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._search.setPatchSize(_PATCH_PX)
        self._search.setPatchStride(_STRIDE_PX)
        self._search.setVariationalRefinementIterations(_REFINEMENTS)
        self._cache: deque[tuple[Pixels, Pixels, Pixels]] = deque(maxlen=_CACHED_FRAMES)

    def motion(self, previous: Pixels, frame: Pixels) -> Motion:
        """The motion from one frame to the next; both may have any size."""
        first, first_gray = self._reduced(previous)
        second, second_gray = self._reduced(frame)
        back = self._search.calc(second_gray, first_gray, None)
        trust, stroke_trust, match = (self._enlarged(plane) for plane in self._trust(back, first, second))
        if self._small != self.size:
            back = self._enlarged(back) * np.array([self.size[0] / self._small[0], self.size[1] / self._small[1]], np.float32)
        return Motion(back=back, trust=trust, stroke_trust=stroke_trust, match=match)

    def _reduced(self, frame: Pixels) -> tuple[Pixels, Pixels]:
        """A frame at the size at which motion is estimated, and its grayscale version; cached for the last frames."""
        for known, small, gray in self._cache:
            if known is frame:
                return small, gray
        cv2, small = self._cv2, frame
        if frame.shape[1::-1] != self._small:
            small = cv2.resize(frame, self._small, interpolation=cv2.INTER_AREA)
        self._cache.append((frame, small, cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)))
        return self._cache[-1][1:]

    def _enlarged(self, plane: Plane) -> Plane:
        return plane if self._small == self.size else self._cv2.resize(plane, self.size, interpolation=self._cv2.INTER_LINEAR)

    def _trust(self, back: Plane, first: Pixels, second: Pixels) -> tuple[Plane, Plane, Plane]:
        """The `trust`, `stroke_trust` and `match` of a backward flow."""
        cv2, positions = self._cv2, _positions(back)
        warped = cv2.remap(first, positions, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference = cv2.transform(cv2.absdiff(warped, second).astype(np.float32), _MEAN)
        change = cv2.GaussianBlur(difference, (0, 0), 1.5) / 255
        mismatch = change / (_contrast(second) + _NOISE)
        height, width = change.shape
        inside = cv2.inRange(positions, (-0.5, -0.5), (width - 0.5, height - 0.5)).astype(np.float32) / 255
        trust = cv2.GaussianBlur(inside, (0, 0), 1.0) * _ramp_down(change, _CHANGE)
        strokes = trust * _ramp_down(mismatch, _STROKE_MISMATCH) * _ramp_down(_stretch(back), _STRETCH)
        return trust * _ramp_down(mismatch, _MISMATCH), strokes, _ramp_down(mismatch, _CRISP_MISMATCH)


def blurred(plane: Plane, deviation_px: float) -> Plane:
    """A Gaussian blur, computed at a reduced size because the result has no fine detail."""
    cv2 = opencv()
    height, width = plane.shape[:2]
    scale = max(1, min(int(deviation_px / 1.5), height // 8, width // 8))
    small = cv2.resize(plane, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), deviation_px / scale), (width, height), interpolation=cv2.INTER_LINEAR)


def mean_square(plane: Plane) -> Plane:
    """The mean of the squares of three channels, (H, W)."""
    return opencv().transform(plane * plane, _MEAN)


def _contrast(frame: Pixels) -> Plane:
    """Local standard deviation of the colors, (H, W), 0..1."""
    colors = frame.astype(np.float32)
    variance = blurred(mean_square(colors), _CONTRAST_PX) - mean_square(blurred(colors, _CONTRAST_PX))
    return np.sqrt(variance.clip(0, None)) / 255


def _stretch(back: Plane) -> Plane:
    """Norm of the gradient of a flow, (H, W)."""
    cv2 = opencv()
    smooth = cv2.GaussianBlur(back, (0, 0), 1.5)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.sqrt(cv2.transform(across * across + down * down, np.ones((1, 2), np.float32)))


def _positions(back: Plane) -> Plane:
    """Positions in the previous frame (column, row), shape (H, W, 2), for OpenCV's `remap`."""
    return _grid(*back.shape[:2]) + back


def _interpolated(painted: Pixels, positions: Plane) -> Plane:
    """The colors of a painting at positions (M, N, 2), by Lanczos interpolation: float32, 0..255."""
    cv2 = opencv()
    # OpenCV interpolates float32 faster than uint8.
    colors = cv2.remap(painted.astype(np.float32), positions, None, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(colors, 0, 255, out=colors)


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Plane:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.dstack([columns, rows])


def _ramp_down(measure: Plane, bounds: tuple[float, float]) -> Plane:
    """1 up to the first bound, falling linearly to 0 at the second."""
    return 1 - ((measure - bounds[0]) / (bounds[1] - bounds[0])).clip(0, 1)
