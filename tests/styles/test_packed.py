"""Packing and unpacking moments: errors of means, variances and covariances within the documented bounds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.styles.packed import PACKING, PackedMoments
from stylenet.styles.statistics import LayerStatistics

Array = NDArray[Any]


def ladder_of(features: Sequence[Array]) -> list[LayerStatistics]:
    """Moments of features (positions, C), by the formula."""
    return [LayerStatistics(rows.mean(0), rows.T @ rows / len(rows), len(rows)) for rows in features]


def pictures(channels: int, *positions: int, seed: int = 0) -> list[Array]:
    """Features after a ReLU, like those of one painting at several sizes: similar, but not equal."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(channels, channels)) / np.arange(1, channels + 1)
    own = [shared + 0.02 * generator.normal(size=(channels, channels)) for _ in positions]
    rows = [generator.normal(size=(count, channels)) for count in positions]
    return [np.maximum(30 * (one @ mixed.T + 0.3), 0) for one, mixed in zip(rows, own, strict=True)]


def variances(statistics: LayerStatistics) -> Array:
    return np.diagonal(statistics.covariance)


@pytest.mark.parametrize("directions", [1, 8, 24, 48, 100])
@pytest.mark.parametrize("noise", [1e-4, 3e-3])
def test_means_and_variances_are_whole_however_few_the_directions(directions: int, noise: float) -> None:
    features = pictures(48, 4000, 300, 20)
    packed = PackedMoments.of(ladder_of(features), directions, noise)
    for step, rows in enumerate(features):
        kept = packed.statistics(step)
        np.testing.assert_allclose(kept.mean, rows.mean(0), rtol=1e-3, atol=np.sqrt(np.square(rows).mean()) / 500)
        exact = rows.var(0)
        np.testing.assert_allclose(variances(kept), exact, rtol=1e-2, atol=1e-2 * exact.max())


@pytest.mark.parametrize("noise", [1e-4, 1e-3])
def test_with_all_directions_only_rounding_is_lost(noise: float) -> None:
    """The squared distance between two factors bounds the squared Wasserstein-2 distance; here the covariance itself is compared."""
    features = pictures(48, 4000, 1000, 300)
    packed = PackedMoments.of(ladder_of(features), 48, noise)
    for step, rows in enumerate(features):
        exact, kept = np.cov(rows.T, bias=True), packed.statistics(step).covariance
        assert np.square(kept - exact).sum() < 3 * noise * np.square(exact).sum()


def test_more_directions_are_nearer() -> None:
    features = pictures(48, 4000, 300)
    exact = np.cov(features[1].T, bias=True)
    errors = []
    for directions in (4, 12, 24, 48):
        kept = PackedMoments.of(ladder_of(features), directions, 1e-4).statistics(1).covariance
        errors.append(float(np.square(kept - exact).sum() / np.square(exact).sum()))
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 4 * errors[-1]


@pytest.mark.parametrize("directions", [2, 16, 32])
def test_what_is_read_is_a_covariance(directions: int) -> None:
    packed = PackedMoments.of(ladder_of(pictures(32, 500, 40, 5)), directions, 3e-3)
    for step in range(3):
        covariance = packed.statistics(step).covariance
        np.testing.assert_allclose(covariance, covariance.T, rtol=1e-12)
        assert np.linalg.eigvalsh(covariance).min() > -1e-9 * covariance.trace()


def test_a_channel_does_not_vary_more_than_it_did() -> None:
    """With one direction for two sizes, the second channel would vary too much at the second size."""
    covariances = [np.array([[1.0, 0.99], [0.99, 1.0]]), np.array([[1.0, 0.0], [0.0, 0.04]])]
    ladder = [LayerStatistics(np.zeros(2), covariance) for covariance in covariances]
    packed = PackedMoments.of(ladder, 1, 1e-4)
    assert (packed.rest[1] < 0).tolist() == [False, True]
    np.testing.assert_allclose(variances(packed.statistics(1)), [1.0, 0.04], rtol=0, atol=1e-2)
    assert np.linalg.eigvalsh(packed.statistics(1).covariance).min() > 0


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_does_not_matter(factor: float) -> None:
    """VGG-19's activations reach thousands, and their squares exceed the range of float16."""
    features = pictures(16, 200, 50)
    one, other = (PackedMoments.of(ladder_of([rows * by for rows in features]), 12, 1e-3) for by in (1.0, factor))
    assert other.fault(2, 16) is None
    np.testing.assert_allclose(other.statistics(0).gram, one.statistics(0).gram * factor**2, rtol=1e-4, atol=1e-6 * factor**2)


@pytest.mark.parametrize(
    "rows", [np.zeros((9, 8)), np.full((9, 8), 5.0), np.linspace(0, 1, 8)[None]], ids=["black", "flat", "one position"]
)
def test_a_picture_that_does_not_vary(rows: Array) -> None:
    packed = PackedMoments.of(ladder_of([rows, pictures(8, 50)[0]]), 6, 1e-3)
    assert packed.fault(2, 8) is None
    np.testing.assert_allclose(packed.statistics(0).mean, rows.mean(0), rtol=2e-3, atol=2e-3)
    assert np.abs(variances(packed.statistics(0))).max() < 1e-3
    everywhere = PackedMoments.of(ladder_of([rows]), 6, 1e-3)
    assert everywhere.fault(1, 8) is None
    assert np.abs(variances(everywhere.statistics(0))).max() < 1e-3


def test_coarser_rounding_takes_fewer_bytes() -> None:
    ladder = ladder_of(pictures(64, 4000, 1000))
    sizes = [len(zlib.compress(PackedMoments.of(ladder, 48, noise).basis.tobytes())) for noise in (1e-6, 1e-3, 1e-2)]
    assert sizes[0] > 1.2 * sizes[1] > 1.2 * sizes[2]


def test_every_layer_that_a_recipe_compares_in_vgg19_is_kept() -> None:
    for name in recipe_names():
        recipe = load_recipe(name)
        if recipe.encoder.name in ("vgg19", "compact"):
            assert set(recipe.style.layers) <= set(PACKING), name
    assert all(0 < directions <= VGG19.widths[layer.replace("relu", "conv")] for layer, (directions, _) in PACKING.items())
