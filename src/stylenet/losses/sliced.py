"""The sliced Wasserstein distance: whole distributions of features compared, not their means and spreads alone.

Two distributions are the same if and only if their projections onto every direction are. So features are projected onto some directions,
along each of which the distance is that of two histograms; other directions every time let all of them take their turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import Histogram, histogram, histogram_distance, rows_of, thinned

MOST_ROWS = 16384
"""Positions of the painting that are kept: as many as a layer of 128 x 128 has."""


@dataclass(frozen=True)
class Slices:
    """A painting's layer seen along K directions.

    Attributes:
        directions: Shape (C, K), columns of length one.
        histogram: Of the projections.
    """

    directions: Tensor
    histogram: Histogram


@dataclass(frozen=True)
class Sliced:
    """A painting's layer, ready to be projected.

    Attributes:
        rows: Features at some positions, shape (M, C).
        count: Directions at a time.
        seed: Of the directions.
    """

    rows: Tensor
    count: int
    seed: int

    def directions(self, step: int) -> Tensor:
        """The directions of a step, shape (C, K): columns of random rotations, so that those of one rotation share nothing."""
        channels = self.rows.shape[1]
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + step)
        noise = torch.randn(math.ceil(self.count / channels), channels, channels, generator=generator, dtype=torch.float64)
        rotations = torch.linalg.qr(noise).Q
        return rotations.transpose(0, 1).reshape(channels, -1)[:, : self.count].to(self.rows)

    def slices(self, step: int = 0) -> Slices:
        """The painting along the directions of a step. It costs about what the distance itself does: keep it where directions stay."""
        directions = self.directions(step)
        return Slices(directions, histogram(self.rows @ directions))


def sliced(features: Tensor, *, count: int | None = None, seed: int = 0, most_rows: int = MOST_ROWS) -> Sliced:
    """A painting's layer, ready to be projected.

    Args:
        features: Shape (1, C, H, W) or rows (M, C).
        count: Directions at a time, at least 1; None: as many as channels, as the source has it.
        seed: Of the directions, and of the positions that are kept where there are more than `most_rows`.
        most_rows: See `thinned`.
    """
    rows = rows_of(features.detach())
    return Sliced(thinned(rows, most_rows, seed=seed), rows.shape[1] if count is None else count, seed)


def sliced_distance(given: Tensor, target: Slices, distance: str = "relative") -> Tensor:
    """Mean over directions V of the squared Wasserstein-2 distance between the projections of F and of the painting's features A.

    Along a direction it is the mean of (sort(F V) - sort(A V))^2, with the quantile function of A V brought to the positions of F.

    | distance   | formula                                           | source |
    |------------|---------------------------------------------------|--------|
    | `relative` | divided by the mean square of the projections A V | ours: independent of the encoder's units |
    | `mean`     | the mean over directions                          | Heitz et al. 2021, eq. 3 to 5 |

    With one rotation's directions, C of them, a mere shift of all features costs |m - n|^2 / mean |A|^2, what it costs
    `wasserstein_distance`, too; other differences cost less than there.

    Args:
        given: F, shape (1, C, H, W) or rows (M, C), any number of positions.
        target: Of the painting.
        distance: A word of the table.

    Raises:
        ShapeError: the channels differ, or there is more than one picture.

    References:
        Heitz, Vanhoey, Chambon, Belcour 2021 (CVPR, A Sliced Wasserstein Loss for Neural Texture Synthesis), eq. 2 to 5. They draw every
        direction by itself and sort; our directions are at right angles, so that each channel counts alike, and bins take the place
        of sorting: see `losses/histogram.py`. New directions are taken by `Sliced.slices(step)`, at every step as there or more seldom.
    """
    if distance not in ("relative", "mean"):
        raise ValueError(f"no sliced distance is called '{distance}'")
    rows = rows_of(given)
    if rows.shape[1] != len(target.directions):
        raise ShapeError(f"the painting's features have {len(target.directions)} channels; the picture's have {rows.shape[1]}")
    return histogram_distance(rows @ target.directions.to(rows.dtype), target.histogram, distance)
