"""The sliced Wasserstein distance, which compares whole distributions of features, not only means and covariances.

Two distributions are equal if and only if their projections onto every direction are. Features are projected onto a few directions, and
the histograms of each projection are compared; new random directions in every step cover all directions over time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import Histogram, histogram, histogram_distance, rows_of, thinned

MAX_ROWS = 16384
"""Largest number of positions of the style image: as many as in a layer of 128 x 128."""


@dataclass(frozen=True)
class Slices:
    """A layer of the style image projected onto K directions.

    Attributes:
        directions: Shape (C, K), columns of unit length.
        histogram: Histogram of the projections.
    """

    directions: Tensor
    histogram: Histogram


@dataclass(frozen=True)
class Sliced:
    """A layer of the style image before projection.

    Attributes:
        rows: Features at a sample of positions, shape (M, C).
        count: Number of directions.
        seed: Random seed of the directions.
    """

    rows: Tensor
    count: int
    seed: int

    def directions(self, step: int) -> Tensor:
        """The directions of a step, shape (C, K): columns of random rotations, which are orthogonal within each rotation."""
        channels = self.rows.shape[1]
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + step)
        noise = torch.randn(math.ceil(self.count / channels), channels, channels, generator=generator, dtype=torch.float64)
        rotations = torch.linalg.qr(noise).Q
        return rotations.transpose(0, 1).reshape(channels, -1)[:, : self.count].to(self.rows)

    def slices(self, step: int = 0) -> Slices:
        """The projections for a step. This takes as long as the distance itself: cache the result for constant directions."""
        directions = self.directions(step)
        return Slices(directions, histogram(self.rows @ directions))


def sliced(features: Tensor, *, count: int | None = None, seed: int = 0, max_rows: int = MAX_ROWS) -> Sliced:
    """A layer of the style image before projection.

    Args:
        features: Shape (1, C, H, W) or rows (M, C).
        count: Number of directions, at least 1; None: the number of channels, as in the source.
        seed: Random seed of the directions, and of the sample of positions if there are more than `max_rows`.
        max_rows: See `thinned`.
    """
    rows = rows_of(features.detach())
    return Sliced(thinned(rows, max_rows, seed=seed), rows.shape[1] if count is None else count, seed)


def sliced_distance(given: Tensor, target: Slices, distance: str = "relative") -> Tensor:
    """Mean over directions V of the squared Wasserstein-2 distance between the projections of F and of the style image's features A.

    For one direction it is the mean of (sort(F V) - sort(A V))^2, with the quantile function of A V resampled to the positions of F.

    | distance   | formula                                           | source |
    |------------|---------------------------------------------------|--------|
    | `relative` | divided by the mean square of the projections A V | ours: independent of the encoder's units |
    | `mean`     | the mean over directions                          | Heitz et al. 2021, eq. 3 to 5 |

    With the C directions of one rotation, a shift of all features has the loss |m - n|^2 / mean |A|^2, the same as in
    `wasserstein_distance`; other differences have a smaller loss than there.

    Args:
        given: F, shape (1, C, H, W) or rows (M, C), any number of positions.
        target: Projections of the style image.
        distance: Name in the table.

    Raises:
        ShapeError: the numbers of channels differ, or the batch size is not 1.

    References:
        Heitz, Vanhoey, Chambon, Belcour 2021 (CVPR, A Sliced Wasserstein Loss for Neural Texture Synthesis), eq. 2 to 5. They draw
        directions independently and sort; our directions are orthogonal, so that all channels have equal weight, and bins replace
        sorting: see `losses/histogram.py`. `Sliced.slices(step)` draws new directions, in every step as in the paper or less often.
    """
    if distance not in ("relative", "mean"):
        raise ValueError(f"unknown sliced distance '{distance}'")
    rows = rows_of(given)
    if rows.shape[1] != len(target.directions):
        raise ShapeError(f"the style image's features have {len(target.directions)} channels; the picture's have {rows.shape[1]}")
    return histogram_distance(rows @ target.directions.to(rows.dtype), target.histogram, distance)
