"""Nearest-neighbor loss: each position of the picture is matched to the most similar position of the style image.

Statistics of a whole layer do not determine which stroke goes where. Here each feature of the result is close to one of the style image.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import rows_of, thinned
from stylenet.shapes import check_features

MAX_ROWS = 4096
"""Default number of candidate positions: a quarter of a layer of 128 x 128, in a quarter of the time."""

_MIN_NORM = 1e-3
"""Lower bound for the norm of features, relative to that of the style image: the direction and gradient of shorter ones are unstable."""


@dataclass(frozen=True)
class Neighbors:
    """Candidate positions of a layer of the style image.

    Attributes:
        rows: Features at N positions, or patches of them, shape (N, D).
        units: The rows normalized to unit length, centered first for the distance `centered`.
        length: Root mean square length of the rows before normalization.
        distance: Name in the table of `nearest_distance`.
        patch: Side of the patches in positions.
    """

    rows: Tensor
    units: Tensor
    length: float
    distance: str
    patch: int


def neighbors(features: Tensor, distance: str = "centered", *, patch: int = 1, max_rows: int = MAX_ROWS, seed: int = 0) -> Neighbors:
    """Candidate positions of a layer of the style image.

    Args:
        features: Shape (1, C, H, W), or rows (M, C) if `patch` is 1.
        distance: Name in the table of `nearest_distance`.
        patch: Side of the patches: 1, or 3 as in Li and Wand 2016 at nine times the cost.
        max_rows: Largest number of candidates, to which the time is proportional. See `thinned`.
        seed: Random seed for sampling the candidates.

    Raises:
        ShapeError: the layer is smaller than a patch, or the batch size is not 1.
    """
    if distance not in ("centered", "cosine", "relative"):
        raise ValueError(f"unknown nearest-neighbor distance '{distance}'")
    rows = _patches(features.detach(), patch)
    vectors = rows - rows.mean(0, dtype=_summing(rows)).to(rows.dtype) if distance == "centered" else rows
    length = float(vectors.float().square().sum(1).mean().sqrt())
    kept, vectors = thinned(rows, max_rows, seed=seed), thinned(vectors, max_rows, seed=seed)
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True, dtype=_summing(rows))
    units = (vectors / lengths.clamp_min(max(_MIN_NORM * length, 1e-20))).to(rows.dtype)
    return Neighbors(kept, units, length, distance, patch)


def nearest_distance(given: Tensor, target: Neighbors, *, matches: Tensor | None = None, chunk: int = 2**20) -> Tensor:
    """Mean distance between each position f of the picture and the most similar position a of the style image.

    | distance   | formula                                    | source |
    |------------|--------------------------------------------|--------|
    | `centered` | mean of 1 - cos(f - mean f, a - mean a)    | Kolkin et al. 2022: matching ignores the mean color |
    | `cosine`   | mean of 1 - cos(f, a)                      | Zhang et al. 2022, eq. 2 and 3 |
    | `relative` | mean of |f - a|^2 / mean |a|^2, matched by cosine | Li, Wand 2016, eq. 2, with patches of 3; they sum |f - a|^2 |

    The two cosine distances are dimensionless and ignore the magnitude of features: combine them with a loss of moments. The matches are
    constant in the gradient.

    Args:
        given: F, shape (1, C, H, W), or rows (M, C) if the patch is 1; any number of positions.
        target: Candidates of the style image, with the distance.
        matches: Matches of an earlier step, from `nearest`; None: search them, which takes nearly all of the time.
        chunk: Number of similarities in memory at a time.

    Raises:
        ShapeError: the layer is smaller than a patch, the numbers of channels differ, or the batch size is not 1.

    References:
        Kolkin, Kucera, Paris, Sykora, Shechtman, Shakhnarovich 2022 (Neural Neighbor Style Transfer), who concatenate many layers for
        most of the steps; ours is their last pass, on each layer separately.
        Zhang, Kolkin, Bi, Luan, Xu, Shechtman, Snavely 2022 (ECCV, ARF: Artistic Radiance Fields).
        Li, Wand 2016 (CVPR, Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis).
    """
    rows = _comparable_rows(given, target)
    if matches is None:
        matches = _nearest(rows.detach(), target.units, chunk)
    if target.distance == "relative":
        squares = (rows - target.rows[matches].to(rows.dtype)).square().sum(dtype=_summing(rows))
        return squares / (len(rows) * max(target.length**2, 1e-20))
    products = (rows * target.units[matches].to(rows.dtype)).sum(1, dtype=_summing(rows))
    lengths = torch.linalg.vector_norm(rows, dim=1, dtype=_summing(rows))
    return 1 - (products / lengths.clamp_min(max(_MIN_NORM * target.length, 1e-20))).mean()


def nearest(given: Tensor, target: Neighbors, *, chunk: int = 2**20) -> Tensor:
    """Index of the nearest candidate for each position of the picture, shape (M,); arguments as in `nearest_distance`."""
    return _nearest(_comparable_rows(given.detach(), target), target.units, chunk)


def _nearest(rows: Tensor, units: Tensor, chunk: int) -> Tensor:
    # Normalizing the picture's rows would not change the argmax.
    candidates = units.to(rows.dtype).T
    return torch.cat([(part @ candidates).max(1).indices for part in rows.split(max(1, chunk // len(units)))])


def _comparable_rows(given: Tensor, target: Neighbors) -> Tensor:
    """The picture's rows (M, D), centered if the target's distance is."""
    rows = _patches(given, target.patch)
    if rows.shape[1] != target.rows.shape[1]:
        raise ShapeError(f"the style image's rows have {target.rows.shape[1]} values; the picture's have {rows.shape[1]}")
    return rows - rows.mean(0, dtype=_summing(rows)).to(rows.dtype) if target.distance == "centered" else rows


def _patches(features: Tensor, size: int) -> Tensor:
    """All patches of `size` x `size` positions of features (1, C, H, W), as rows (M, size * size * C)."""
    if size == 1:
        return rows_of(features)
    check_features(features)
    if min(features.shape[2:]) < size:
        layer = f"{features.shape[3]} x {features.shape[2]}"
        raise ShapeError(f"patches of {size} x {size} do not fit into a layer of {layer} positions; use a larger size, or patches of 1")
    squares = features.unfold(2, size, 1).unfold(3, size, 1)  # (1, C, H', W', size, size)
    return rows_of(squares.permute(0, 4, 5, 1, 2, 3).flatten(1, 3))


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
