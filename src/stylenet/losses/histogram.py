"""Histogram matching and one-dimensional Wasserstein distance for each channel of a layer.

In one dimension, the optimal transport between two distributions preserves the order: the value of rank r moves to the value of rank r.
Histogram matching and the one-dimensional Wasserstein distance are therefore equivalent. `losses/sliced.py` applies them to projections.

Ranks are computed from the counts of bins instead of sorting, in a twentieth of the time. All values of a bin move by the same distance,
the difference of the means; in a bin with a single value this equals sorting.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.shapes import check_features

BINS = 512
"""Bins between the minimum and the maximum of a channel, each about a thirtieth of a standard deviation wide."""

_BLOCK = 2**18
"""Values binned at a time, which fit into the CPU cache."""


@dataclass(frozen=True)
class Histogram:
    """Distributions of K channels, as ranks and cumulative sums at the edges of bins.

    Attributes:
        ranks: Share of the positions below each edge, shape (K, BINS + 1), from 0 to 1.
        integrals: Sum of the values below each edge, divided by the number of positions, shape (K, BINS + 1).
        power: Mean square over positions and channels.
    """

    ranks: Tensor
    integrals: Tensor
    power: float


def histogram(features: Tensor) -> Histogram:
    """The histograms of a layer of the style image, (1, C, H, W) or rows (M, C)."""
    rows = rows_of(features.detach())
    counts, sums = _binned(rows, *_scale(rows))
    power = sum(float(part.to(_summing(rows)).square().sum()) for _, part in _blocks(rows)) / rows.numel()
    return Histogram(_edges(counts) / len(rows), _edges(sums) / len(rows), power)


def histogram_distance(given: Tensor, target: Histogram, distance: str = "relative") -> Tensor:
    """Squared differences between activations F and R(F), the activations matched to the histogram of the style image per channel.

    | distance   | formula                     | source |
    |------------|-----------------------------|--------|
    | `relative` | mean (F - R)^2 / mean A^2   | ours: independent of the encoder's units and the picture's size |
    | `mean`     | mean (F - R)^2              | Heitz et al. 2021, eq. 5, where F are projections |
    | `sum`      | sum (F - R)^2               | Risser et al. 2017, eq. 5 |

    R is constant in the gradient, as in the source; for the optimal matching this is the exact gradient.

    Args:
        given: F, shape (1, C, H, W) or rows (M, C), any number of positions. Fastest in the channels_last memory format, without a copy.
        target: Histogram of the style image's features A.
        distance: Name in the table.

    Raises:
        ShapeError: the numbers of channels differ, or the batch size is not 1.

    References:
        Risser, Wilmot, Barnes 2017 (Stable and Controllable Neural Texture Synthesis and Style Transfer Using Histogram Losses), section 4.
        They use the same bins for both; we match the mean of each bin to the mean of the style image's values of the same ranks, so that
        the style image may have another size and range, and a layer of many zeros is matched correctly.
    """
    rows = rows_of(given)
    if rows.shape[1] != len(target.ranks):
        raise ShapeError(f"the style image's histograms have {len(target.ranks)} channels; the features have {rows.shape[1]}")
    mean: Tensor = _Matched.apply(rows, target.ranks, target.integrals)  # type: ignore[no-untyped-call]
    match distance:
        case "relative":
            return mean / max(target.power, 1e-20)
        case "mean":
            return mean
        case "sum":
            return mean * rows.numel()
    raise ValueError(f"unknown histogram distance '{distance}'")


def rows_of(features: Tensor) -> Tensor:
    """Features (1, C, H, W) as rows (H * W, C), one per position: a view of channels_last memory. Rows are returned unchanged.

    Raises:
        ShapeError: the batch size is not 1, or the shape is neither of the two.
    """
    if features.ndim == 2:
        return features
    check_features(features)
    if features.shape[0] != 1:
        raise ShapeError(f"positions can be compared for a single picture; got a batch of {features.shape[0]}")
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def thinned(rows: Tensor, max_rows: int, *, seed: int = 0) -> Tensor:
    """A stratified sample of at most `max_rows` rows (M, C), in order: one random row from each of `max_rows` equal intervals."""
    if len(rows) <= max_rows:
        return rows
    within = torch.rand(max_rows, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    places = (torch.arange(max_rows) + within) * (len(rows) / max_rows)
    return rows[places.long().clamp_max(len(rows) - 1).to(rows.device)]


class _Matched(torch.autograd.Function):
    """Mean squared displacement of rows (M, K). All values of a bin have the same displacement, so the gradient is a table lookup."""

    @staticmethod
    def forward(context: Any, rows: Tensor, ranks: Tensor, integrals: Tensor) -> Tensor:
        scale = _scale(rows)
        counts, sums = _binned(rows, *scale)
        matched = _integrals_at(_edges(counts) / len(rows), ranks, integrals).diff()
        moved = torch.where(counts > 0, (sums - matched * len(rows)) / counts.clamp_min(1), 0.0)
        context.save_for_backward(rows, *scale, moved)
        return ((counts * moved.square()).sum() / rows.numel()).to(_summing(rows))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        rows, minimum, per_unit, moved = context.saved_tensors
        table = (moved * (gradient * (2 / rows.numel()))).to(rows.dtype).flatten()
        slope = torch.empty(rows.shape, dtype=rows.dtype, device=rows.device)
        for start, part in _blocks(rows):
            torch.index_select(table, 0, _bins_of(part, minimum, per_unit), out=slope[start : start + len(part)].view(-1))
        return slope, None, None


def _blocks(rows: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Blocks of rows (M, K) that fit into the CPU cache, each with the index of its first row."""
    count = max(1, _BLOCK // rows.shape[1])
    return ((start, rows[start : start + count]) for start in range(0, len(rows), count))


def _scale(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Minimum of each channel of rows (M, K), and number of bins per unit, both (K,)."""
    # Several positions per row: reductions over the first axis are slow if the second one is short.
    positions_per_row = math.ceil(128 / rows.shape[1])
    whole = len(rows) // positions_per_row * positions_per_row
    blocks = rows[:whole].reshape(-1, positions_per_row * rows.shape[1]) if whole else rows
    minimum = torch.cat([blocks.amin(0).view(-1, rows.shape[1]), rows[whole:]]).amin(0).to(_summing(rows))
    maximum = torch.cat([blocks.amax(0).view(-1, rows.shape[1]), rows[whole:]]).amax(0).to(_summing(rows))
    return minimum, BINS / (maximum - minimum).clamp_min(1e-30)


def _bins_of(part: Tensor, minimum: Tensor, per_unit: Tensor) -> Tensor:
    """The bin of every value of rows (M, K), flattened; bins of channel k begin at k * BINS."""
    # Clamped as integers: the maximum lies on the last edge, and NaN has no bin.
    bins = (part - minimum).mul_(per_unit).to(torch.int32).clamp_(0, BINS - 1)
    return bins.add_(torch.arange(0, part.shape[1] * BINS, BINS, dtype=torch.int32, device=part.device)).flatten()


def _binned(rows: Tensor, minimum: Tensor, per_unit: Tensor) -> tuple[Tensor, Tensor]:
    """Number and sum of the values of rows (M, K) in each bin, both (K, BINS)."""
    size = rows.shape[1] * BINS
    exact = torch.float32 if rows.device.type == "mps" else torch.float64  # MPS has no float64
    counts, sums = (torch.zeros(size, dtype=exact, device=rows.device) for _ in range(2))
    for _, part in _blocks(rows):
        bins = _bins_of(part, minimum, per_unit)
        counts += torch.bincount(bins, minlength=size)
        sums += torch.bincount(bins, weights=part.to(_summing(rows)).flatten(), minlength=size)
    return counts.view(-1, BINS), sums.view(-1, BINS)


def _edges(bins: Tensor) -> Tensor:
    """Cumulative sums of (K, BINS) at the edges of the bins, (K, BINS + 1)."""
    return torch.nn.functional.pad(bins.cumsum(1), (1, 0))


def _integrals_at(target_ranks: Tensor, ranks: Tensor, integrals: Tensor) -> Tensor:
    """The integrals, given at `ranks`, interpolated linearly at `target_ranks`. All are (K, BINS + 1)."""
    target_ranks = target_ranks.to(ranks.dtype).contiguous()
    above = torch.searchsorted(ranks, target_ranks).clamp_(1, BINS)
    low, high = ranks.gather(1, above - 1), ranks.gather(1, above)
    start, end = integrals.gather(1, above - 1), integrals.gather(1, above)
    return start + (end - start) * ((target_ranks - low) / (high - low).clamp_min(1e-30))


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
