"""Detection of cuts between scenes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stylenet.video.flow import Pixels

_CELLS = (12, 16)
_BINS = 16

_CUT = 0.35
"""Minimum color distance of a cut, 0..1."""

_JUMP = 3.0
"""Minimum ratio of the distance at a cut to the typical distance."""


class CutDetector:
    """Compares each frame with the previous one by the mean colors of coarse cells and by color histograms.

    Attributes:
        typical_distance: Typical color distance of consecutive frames.
    """

    def __init__(self) -> None:
        self._previous: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self.typical_distance = 0.0

    def continue_from(self, frame: Pixels, typical_distance: float) -> None:
        """Continue after a frame."""
        self._previous, self.typical_distance = _features(frame), typical_distance

    def is_cut(self, frame: Pixels) -> bool:
        """Whether a frame (H, W, 3), uint8, starts a scene; true for the first frame."""
        current = _features(frame)
        previous, self._previous = self._previous, current
        if previous is None:
            return True
        cell_distance = float(np.abs(current[0] - previous[0]).mean()) * 4
        histogram_distance = float(np.abs(current[1] - previous[1]).sum()) / 6
        distance = min(1.0, (cell_distance + histogram_distance) / 2)
        is_cut = distance > _CUT and distance > _JUMP * self.typical_distance
        self.typical_distance = 0.0 if is_cut else max(distance, 0.7 * self.typical_distance + 0.3 * distance)
        return is_cut


def _features(frame: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean colors of the cells, and a histogram of each channel."""
    height, width = frame.shape[:2]
    rows = np.linspace(0, height - 1, 6 * _CELLS[0]).astype(int)
    columns = np.linspace(0, width - 1, 6 * _CELLS[1]).astype(int)
    sample = frame[rows][:, columns]
    cells = sample.reshape(_CELLS[0], 6, _CELLS[1], 6, 3).mean(axis=(1, 3), dtype=np.float32) / 255
    counts = [np.bincount(sample[..., channel].ravel() // (256 // _BINS), minlength=_BINS) for channel in range(3)]
    return cells, np.stack(counts).astype(np.float32) / sample[..., 0].size
