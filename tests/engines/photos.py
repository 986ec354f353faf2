"""Reproducible pictures with shapes and grain."""

from __future__ import annotations

import numpy as np

from stylenet.networks.file_arrays import Array


def photo(height: int, width: int, seed: int = 0) -> Array:
    """Waves in three channels with grain, (1, 3, H, W) in 0..1."""
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    waves = [np.sin(9 * columns + 4 * rows), np.cos(7 * rows - 3 * columns), np.sin(30 * columns * rows)]
    grain = np.random.default_rng(seed).standard_normal((3, height, width))
    return np.clip(0.5 + 0.35 * np.stack(waves) + 0.08 * grain, 0, 1)[None].astype(np.float32)
