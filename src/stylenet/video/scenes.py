"""Detection of cuts between scenes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stylenet.video.flow import Pixels

_CELLS = (12, 16)
_BINS = 16

_CUT = 0.35
"""Smallest color distance, 0..1, of a cut."""

_JUMP = 3.0
"""Smallest ratio of the distance at a cut to the usual distance."""


class CutDetector:
    """Compares each frame with the previous one, by colors in coarse cells and overall.

    Attributes:
        usual: Usual distance of consecutive frames.
    """

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self.usual = 0.0

    def continue_from(self, frame: Pixels, usual: float) -> None:
        """Continue after a frame."""
        self._before, self.usual = _described(frame), usual

    def is_cut(self, frame: Pixels) -> bool:
        """Whether a frame (H, W, 3), uint8, starts a scene; true for the first frame."""
        now = _described(frame)
        before, self._before = self._before, now
        if before is None:
            return True
        places = float(np.abs(now[0] - before[0]).mean()) * 4
        colors = float(np.abs(now[1] - before[1]).sum()) / 6
        distance = min(1.0, (places + colors) / 2)
        cut = distance > _CUT and distance > _JUMP * self.usual
        self.usual = 0.0 if cut else max(distance, 0.7 * self.usual + 0.3 * distance)
        return cut


def _described(frame: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = frame.shape[:2]
    rows = np.linspace(0, height - 1, 6 * _CELLS[0]).astype(int)
    columns = np.linspace(0, width - 1, 6 * _CELLS[1]).astype(int)
    sample = frame[rows][:, columns]
    cells = sample.reshape(_CELLS[0], 6, _CELLS[1], 6, 3).mean(axis=(1, 3), dtype=np.float32) / 255
    counts = [np.bincount(sample[..., channel].ravel() // (256 // _BINS), minlength=_BINS) for channel in range(3)]
    return cells, np.stack(counts).astype(np.float32) / sample[..., 0].size
