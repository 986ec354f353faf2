"""A small photo that every test can paint."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.image.files import Picture


@pytest.fixture(scope="session")
def photo() -> Picture:
    """A sun over hills, 80 x 64: large shapes, edges and a smooth sky."""
    y, x = np.mgrid[0:64, 0:80].astype(np.float32)
    sky = np.stack([0.4 + y / 160, 0.6 + y / 200, 0.9 - y / 300], axis=-1)
    hills = np.stack([0.2 + x / 400, 0.45 + 0 * x, 0.2 + y / 400], axis=-1)
    pixels = np.where((y > 40 + 8 * np.sin(x / 9))[..., None], hills, sky)
    pixels[(x - 58) ** 2 + (y - 16) ** 2 < 64] = (1.0, 0.85, 0.3)
    return Picture(pixels=torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)).clamp(0, 1))
