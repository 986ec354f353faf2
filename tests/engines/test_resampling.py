"""Enlarging without torch gives the same result as torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.engines.resampling import enlarged


@pytest.mark.parametrize(
    ("size", "wanted"), [((20, 31), (41, 62)), ((1, 1), (3, 2)), ((7, 9), (7, 9)), ((5, 8), (64, 9)), ((2, 3), (5, 99))]
)
def test_as_torch(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((1, 3, *size), dtype=np.float32)
    expected = torch.nn.functional.interpolate(torch.from_numpy(image), size=wanted, mode="bicubic", align_corners=False)
    result = enlarged(image, *wanted)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected.numpy(), atol=2e-6)
