"""Sums over tiles equal the moments of all positions."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.engines.statistics import Sums


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_tile_by_tile(offset: float) -> None:
    """Also with a mean of a thousand deviations, for which squares in float32 would lose the variance."""
    features = (np.random.default_rng(0).standard_normal((5, 30, 40)) + offset).astype(np.float32)
    sums = Sums()
    for rows in (slice(0, 7), slice(7, 30)):
        for columns in (slice(0, 33), slice(33, 40)):
            sums.add(features[:, rows, columns])
    found, flat = sums.statistics(), features.reshape(5, -1).astype(np.float64)
    assert found.positions == 1200
    np.testing.assert_allclose(found.mean, flat.mean(1), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found.covariance, np.cov(flat, bias=True), rtol=1e-4, atol=1e-4)
