"""Filters along one axis compared with a dense matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stylenet.image import bands
from stylenet.image.bands import filtered


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("most", [1 << 18, 40])
def test_against_the_dense_matrix(axis: int, dtype: Any, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for lines so long that they are multiplied in parts."""
    monkeypatch.setattr(bands, "_SERIAL", most)
    random = np.random.default_rng(0)
    values = random.random((2, 3, 9, 9)).astype(dtype)
    first, second = random.random((2, 5)), random.random((4, 6))
    dense = np.zeros((6, 9))
    dense[:2, :5], dense[2:, 3:] = first, second
    parts = [(slice(0, 2), slice(0, 5), first), (slice(2, 6), slice(3, 9), second)]
    result = filtered(values, parts, axis=axis, length=6)
    expected = np.einsum("oi,bciw->bcow" if axis == 2 else "oi,bchi->bcho", dense, values)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
