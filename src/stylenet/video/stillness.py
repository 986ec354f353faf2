"""Temporal smoothing of the static parts of a picture, without motion estimation and without OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stylenet.image.resize import resize
from stylenet.shapes import Image

_CELL_PX = 8
"""Side of the cells in which frames are compared."""

_CHANGE = (0.02, 0.05)
"""Range of a cell's mean color change over which trust falls from 1 to 0. Webcam noise is below it, a moving hand above."""

_MAX_KEPT = 0.9
"""Share of the previous painting that is kept at the maximum steadiness."""


class StillSteadier:
    """Blends each painting with the previous one where the frame has not changed.

    Args:
        steady: 0 (no smoothing) to 100.
    """

    def __init__(self, steady: float) -> None:
        self._share = np.float32(_MAX_KEPT * steady / 100)
        self._before: tuple[Image, Image] | None = None

    def steady(self, frame: Image, painted: Image) -> Image:
        """A painting, smoothed over time.

        Args:
            frame: The frame, (1, 3, H, W), 0..1, of any size.
            painted: Its painting, (1, 3, H, W), 0..1.
        """
        height, width = painted.shape[2:]
        small = resize(frame, (max(1, width // 2), max(1, height // 2)))  # averages out noise
        if self._before is not None and self._before[1].shape == painted.shape and self._share:
            small_before, painted_before = self._before
            trust = _stillness(small - small_before)
            kept = self._share * resize(trust, (width, height))
            painted = painted + kept * (painted_before - painted)
        self._before = small, painted
        return painted


def _stillness(change: Image) -> Image:
    """1 in cells where nothing has moved, 0 where something has; shape (1, 1, rows, columns)."""
    amount = np.abs(change).mean(axis=1)
    cell = _CELL_PX // 2
    rows, columns = (-(-side // cell) for side in amount.shape[1:])
    padded = np.pad(amount[0], ((0, rows * cell - amount.shape[1]), (0, columns * cell - amount.shape[2])), mode="edge")
    cells = _neighborhood_maximum(padded.reshape(rows, cell, columns, cell).mean(axis=(1, 3)))
    return (1 - ((cells - _CHANGE[0]) / (_CHANGE[1] - _CHANGE[0])).clip(0, 1)).astype(np.float32)[None, None]


def _neighborhood_maximum(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """The maximum of each cell and its neighbors, because moving objects extend into the cells around them."""
    padded = np.pad(cells, 1, mode="edge")
    rows, columns = cells.shape
    shifted = [padded[row : row + rows, column : column + columns] for row in range(3) for column in range(3)]
    return np.max(shifted, axis=0)
