"""Moments of layers as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.styles.statistics import LayerStatistics, merge_statistics


def measured(rows: np.ndarray) -> LayerStatistics:
    return LayerStatistics(rows.mean(0), rows.T @ rows / len(rows), len(rows))


ROWS = [np.random.default_rng(seed).standard_normal((50, 4)) + seed for seed in range(3)]


def test_covariance_is_that_of_numpy() -> None:
    np.testing.assert_allclose(measured(ROWS[0]).covariance, np.cov(ROWS[0].T, bias=True))


def test_pictures_of_equal_size_together_are_all_of_their_positions() -> None:
    found, all_rows = merge_statistics([{"relu1_1": measured(rows)} for rows in ROWS])["relu1_1"], np.concatenate(ROWS)
    np.testing.assert_allclose(found.mean, all_rows.mean(0))
    np.testing.assert_allclose(found.covariance, np.cov(all_rows.T, bias=True))
    assert found.positions == 150


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_between_two_sizes(share: float) -> None:
    one, other = measured(ROWS[0]), measured(ROWS[1])
    before = one.gram.copy()
    found = one.between(other, share)
    np.testing.assert_allclose(found.mean, (1 - share) * one.mean + share * other.mean)
    np.testing.assert_allclose(found.gram, (1 - share) * one.gram + share * other.gram)
    np.testing.assert_array_equal(one.gram, before)
