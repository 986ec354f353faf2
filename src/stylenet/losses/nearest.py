"""Nearest neighbors: every position of the picture is drawn to the one of the painting that it is most like.

Where statistics of a whole layer leave open which stroke goes where, here each feature of the result is one that the painting has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import rows_of, thinned
from stylenet.shapes import check_features

MOST_ROWS = 4096
"""Positions of the painting to choose from: a quarter of a layer of 128 x 128, in a quarter of the time."""

_SMALLEST = 1e-3
"""Features shorter than this share of the painting's are taken as that long: they point nowhere, and their gradient would be boundless."""


@dataclass(frozen=True)
class Neighbors:
    """Positions of a painting's layer to choose from.

    Attributes:
        rows: Features at N positions, or patches of them, shape (N, D).
        units: The same as directions of length one, centered where the distance is.
        length: Root of the mean square length of what `units` point along.
        distance: A word of the table of `nearest_distance`.
        patch: Positions on a side of what is compared.
    """

    rows: Tensor
    units: Tensor
    length: float
    distance: str
    patch: int


def neighbors(features: Tensor, distance: str = "centered", *, patch: int = 1, most_rows: int = MOST_ROWS, seed: int = 0) -> Neighbors:
    """Positions of a painting's layer to choose from.

    Args:
        features: Shape (1, C, H, W), or rows (M, C) where `patch` is 1.
        distance: A word of the table of `nearest_distance`.
        patch: Positions on a side of what is compared: 1, or 3 as in Li and Wand 2016 for nine times the cost.
        most_rows: Positions that are kept; time goes with it. See `thinned`.
        seed: Of the choice among more than `most_rows`.

    Raises:
        ShapeError: the layer is smaller than a patch, or there is more than one picture.
    """
    if distance not in ("centered", "cosine", "relative"):
        raise ValueError(f"no nearest-neighbor distance is called '{distance}'")
    rows = _patches(features.detach(), patch)
    pointing = rows - rows.mean(0, dtype=_summing(rows)).to(rows.dtype) if distance == "centered" else rows
    length = float(pointing.float().square().sum(1).mean().sqrt())
    kept, pointing = thinned(rows, most_rows, seed=seed), thinned(pointing, most_rows, seed=seed)
    lengths = torch.linalg.vector_norm(pointing, dim=1, keepdim=True, dtype=_summing(rows))
    units = (pointing / lengths.clamp_min(max(_SMALLEST * length, 1e-20))).to(rows.dtype)
    return Neighbors(kept, units, length, distance, patch)


def nearest_distance(given: Tensor, target: Neighbors, *, matches: Tensor | None = None, chunk: int = 2**20) -> Tensor:
    """Mean distance between every position f of the picture and the painting's position a that it is most like.

    | distance   | formula                                    | source |
    |------------|--------------------------------------------|--------|
    | `centered` | mean of 1 - cos(f - mean f, a - mean a)    | Kolkin et al. 2022: the mean color does not decide who is near |
    | `cosine`   | mean of 1 - cos(f, a)                      | Zhang et al. 2022, eq. 2 and 3 |
    | `relative` | mean of |f - a|^2 / mean |a|^2, near by cosine | Li, Wand 2016, eq. 2, with patches of 3; they sum |f - a|^2 |

    The two cosines are free of units by themselves, and blind to how strong a feature is: let a loss of moments stand beside them.
    Which position is nearest is not differentiated.

    Args:
        given: F, shape (1, C, H, W), or rows (M, C) where the patch is 1; any number of positions.
        target: Of the painting, with the distance.
        matches: The nearest positions of an earlier step, from `nearest`; None: they are looked for. Looking takes nearly all of the time.
        chunk: Similarities that are held at a time.

    Raises:
        ShapeError: the layer is smaller than a patch, the channels differ, or there is more than one picture.

    References:
        Kolkin, Kucera, Paris, Sykora, Shechtman, Shakhnarovich 2022 (Neural Neighbor Style Transfer), whose features are many layers at
        once for most of the steps; ours is their last pass, each layer by itself.
        Zhang, Kolkin, Bi, Luan, Xu, Shechtman, Snavely 2022 (ECCV, ARF: Artistic Radiance Fields).
        Li, Wand 2016 (CVPR, Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis).
    """
    rows = _pointing(given, target)
    if matches is None:
        matches = _nearest(rows.detach(), target.units, chunk)
    if target.distance == "relative":
        squares = (rows - target.rows[matches].to(rows.dtype)).square().sum(dtype=_summing(rows))
        return squares / (len(rows) * max(target.length**2, 1e-20))
    products = (rows * target.units[matches].to(rows.dtype)).sum(1, dtype=_summing(rows))
    lengths = torch.linalg.vector_norm(rows, dim=1, dtype=_summing(rows))
    return 1 - (products / lengths.clamp_min(max(_SMALLEST * target.length, 1e-20))).mean()


def nearest(given: Tensor, target: Neighbors, *, chunk: int = 2**20) -> Tensor:
    """For every position of the picture the number of the painting's nearest row, shape (M,); arguments as of `nearest_distance`."""
    return _nearest(_pointing(given.detach(), target), target.units, chunk)


def _nearest(rows: Tensor, units: Tensor, chunk: int) -> Tensor:
    # The picture's own lengths do not change which product is the greatest.
    known = units.to(rows.dtype).T
    return torch.cat([(part @ known).max(1).indices for part in rows.split(max(1, chunk // len(units)))])


def _pointing(given: Tensor, target: Neighbors) -> Tensor:
    """The picture's rows (M, D) as the target's distance compares them."""
    rows = _patches(given, target.patch)
    if rows.shape[1] != target.rows.shape[1]:
        raise ShapeError(f"the painting's rows have {target.rows.shape[1]} values; the picture's have {rows.shape[1]}")
    return rows - rows.mean(0, dtype=_summing(rows)).to(rows.dtype) if target.distance == "centered" else rows


def _patches(features: Tensor, size: int) -> Tensor:
    """Rows (M, size * size * C), one for each place where a square of positions fits into features (1, C, H, W)."""
    if size == 1:
        return rows_of(features)
    check_features(features)
    if min(features.shape[2:]) < size:
        layer = f"{features.shape[3]} x {features.shape[2]}"
        raise ShapeError(f"patches of {size} x {size} do not fit into a layer of {layer} positions; paint larger, or take patches of 1")
    squares = features.unfold(2, size, 1).unfold(3, size, 1)  # (1, C, H', W', size, size)
    return rows_of(squares.permute(0, 4, 5, 1, 2, 3).flatten(1, 3))


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
