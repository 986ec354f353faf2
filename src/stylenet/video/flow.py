"""Motion between two frames, and its reliability. Frames are arrays (H, W, 3), uint8, RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylenet.extras import require

if TYPE_CHECKING:
    from stylenet.shapes import Image

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

_MOST_PX = 480
"""Long side at which motion is estimated; for larger frames it is upsampled."""

_PATCH_PX, _STRIDE_PX = 12, 6
"""Patch size. Smaller patches (OpenCV's 8) follow noise, larger ones (16) lose fast small objects."""

# Ranges in which trust falls from 1 to 0.
_CHANGE = (0.03, 0.12)  # mean difference between the frame and the warped previous frame, 0..1
_MISMATCH = (0.5, 1.0)  # the same difference relative to the local contrast of the frame
_STROKE_MISMATCH = (0.3, 0.6)
_STRETCH = (0.25, 0.65)  # gradient of the flow in pixels per pixel: stretched strokes look smeared
_CRISP_MISMATCH = (0.1, 0.3)

_NOISE = 0.03
"""Added to the local contrast, so that noise in flat areas does not count as a mismatch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """The position of each pixel of a frame in the previous frame.

    Attributes:
        back: Shape (H, W, 2): columns and rows to add to the position of a pixel.
        trust: Shape (H, W), 0..1: 0 where the pixel was occluded or has changed.
        stroke_trust: Shape (H, W), 0..1: the same for fine detail; also low where the flow stretches the image.
        match: Shape (H, W), 0..1: 1 where the frame is predicted exactly.
    """

    back: Plane
    trust: Plane
    stroke_trust: Plane
    match: Plane

    @property
    def places(self) -> tuple[Plane, Plane]:
        """Columns and rows in the previous frame, for OpenCV's `remap`."""
        return _places(self.back)


def image_of(pixels: Pixels | Plane) -> Image:
    """A frame (H, W, 3), 0..255, as a picture (1, 3, H, W), 0..1."""
    return np.ascontiguousarray(np.asarray(pixels, np.float32).transpose(2, 0, 1)[None]) / np.float32(255)


def opencv() -> Any:
    """The package cv2.

    Raises:
        UsageError: it is not installed.
    """
    return require("cv2", "a steady clip (unlike one with --steady 0)")


class MotionEstimator:
    """Estimates motion by dense inverse search (Kroeger et al. 2016).

    Motion is trusted where the warped previous frame equals the frame. A consistency check of forward and backward flow (Ruder et al.
    2016) costs a second flow and rejects more: edges of moving objects, and flat areas, where any flow predicts the frame.

    Args:
        size: (width, height) of the painted frames.

    Raises:
        UsageError: OpenCV is not installed.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._cv2 = opencv()
        self._size = size
        scale = min(1.0, _MOST_PX / max(size))
        self._small = (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
        self._search = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._search.setPatchSize(_PATCH_PX)
        self._search.setPatchStride(_STRIDE_PX)

    def motion(self, before: Pixels, now: Pixels) -> Motion:
        """The motion from one frame to the next; both may have any size."""
        cv2 = self._cv2
        first, second = self._fitted(before), self._fitted(now)
        back = self._search.calc(*(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (second, first)), None)
        trust = self._trust(back, first, second)
        if self._small != self._size:
            back = self._enlarged(back) * np.array([self._size[0] / self._small[0], self._size[1] / self._small[1]], np.float32)
            trust = self._enlarged(trust)
        return Motion(back=back, trust=trust[..., 0], stroke_trust=trust[..., 1], match=trust[..., 2])

    def _fitted(self, frame: Pixels) -> Pixels:
        if frame.shape[1::-1] == self._small:
            return frame
        return self._cv2.resize(frame, self._small, interpolation=self._cv2.INTER_AREA)

    def _enlarged(self, plane: Plane) -> Plane:
        return self._cv2.resize(plane, self._size, interpolation=self._cv2.INTER_LINEAR)

    def _trust(self, back: Plane, first: Pixels, second: Pixels) -> Plane:
        """`trust`, `stroke_trust` and `match` of a motion, shape (H, W, 3)."""
        cv2 = self._cv2
        columns, rows = _places(back)
        warped = cv2.remap(first, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        change = cv2.GaussianBlur(cv2.absdiff(warped, second).astype(np.float32).mean(axis=2) / 255, (0, 0), 1.5)
        mismatch = change / (self._contrast(second) + _NOISE)
        height, width = change.shape
        inside = ((columns > -0.5) & (rows > -0.5) & (columns < width - 0.5) & (rows < height - 0.5)).astype(np.float32)
        trust = cv2.GaussianBlur(inside, (0, 0), 1.0) * _falling(change, _CHANGE)
        strokes = trust * _falling(mismatch, _STROKE_MISMATCH) * _falling(self._stretch(back), _STRETCH)
        return np.stack([trust * _falling(mismatch, _MISMATCH), strokes, _falling(mismatch, _CRISP_MISMATCH)], axis=2)

    def _contrast(self, frame: Pixels) -> Plane:
        """Local standard deviation of the colors, (H, W), 0..1."""
        colors = frame.astype(np.float32) / 255
        mean, squares = (self._cv2.GaussianBlur(plane, (0, 0), 3.0) for plane in (colors, colors**2))
        return np.sqrt((squares - mean**2).mean(axis=2).clip(0, None))

    def _stretch(self, back: Plane) -> Plane:
        cv2 = self._cv2
        smooth = cv2.GaussianBlur(back, (0, 0), 1.5)
        across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
        return np.sqrt((across**2 + down**2).sum(axis=2))


def _places(back: Plane) -> tuple[Plane, Plane]:
    rows, columns = np.mgrid[0 : back.shape[0], 0 : back.shape[1]].astype(np.float32)
    return columns + back[..., 0], rows + back[..., 1]


def _falling(measure: Plane, bounds: tuple[float, float]) -> Plane:
    """1 up to the first bound, 0 from the second on."""
    return 1 - ((measure - bounds[0]) / (bounds[1] - bounds[0])).clip(0, 1)
