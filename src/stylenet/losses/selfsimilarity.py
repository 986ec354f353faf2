"""Self-similarity: content as the pairwise distances between positions of the photo, independent of their appearance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import rows_of

MAX_POSITIONS = 1024
"""Largest number of positions, as in the source."""

_MIN_DISTANCE = 1e-4
"""Lower bound for the mean distance of a position to the others, above rounding errors."""


@dataclass(frozen=True)
class SelfSimilarity:
    """Pairwise distances between positions of the photo.

    Attributes:
        distances: Distances between n positions, shape (n, n); columns sum to 1.
        spread: Sum of absolute differences from 1 / n, the value if all positions are equally distant.
        shape: (rows, columns) of the layer.
        stride: Step of the grid of positions.
    """

    distances: Tensor
    spread: float
    shape: tuple[int, int]
    stride: int


def self_similarity(features: Tensor, *, max_positions: int = MAX_POSITIONS) -> SelfSimilarity:
    """Pairwise distances in a layer (1, C, H, W) of the photo, on a regular grid of at most `max_positions`."""
    height, width = features.shape[2:]
    stride = max(1, math.ceil(math.sqrt(height * width / max_positions)))
    while math.ceil(height / stride) * math.ceil(width / stride) > max_positions:
        stride += 1
    distances = _distances(features.detach(), stride)
    return SelfSimilarity(distances, float((distances - 1 / len(distances)).abs().sum()), (height, width), stride)


def self_similarity_distance(given: Tensor, target: SelfSimilarity, distance: str = "spread") -> Tensor:
    """Differences between the pairwise cosine distances D of the picture and those of the photo, at the same positions.

    With E = D / column sums of D, for n positions:

    | distance   | formula                                         | source |
    |------------|-------------------------------------------------|--------|
    | `spread`   | sum abs(E - E_photo) / sum abs(1/n - E_photo)   | ours: 1 for a picture without content, where all distances are equal |
    | `mean`     | sum abs(E - E_photo) / n^2                      | Kolkin et al. 2019, eq. 7 and 8 |

    Args:
        given: Shape (1, C, H, W), with the size of the photo's layer.
        target: Self-similarity of the photo.
        distance: Name in the table.

    Raises:
        ShapeError: the layers have different sizes, or the batch size is not 1.

    References:
        Kolkin, Salavon, Shakhnarovich 2019 (CVPR, Style Transfer by Relaxed Optimal Transport and Self-Similarity), eq. 7 and 8. They
        concatenate many layers and sample random positions in every step; ours is one layer, on a fixed grid.
    """
    if tuple(given.shape[2:]) != target.shape:
        raise ShapeError(
            f"the photo's layer has {target.shape[1]} x {target.shape[0]} positions; got features of shape {tuple(given.shape)}"
        )
    total = (_distances(given, target.stride) - target.distances).abs().sum()
    match distance:
        case "spread":
            return total / max(target.spread, _MIN_DISTANCE * len(target.distances))
        case "mean":
            return total / target.distances.numel()
    raise ValueError(f"unknown self-similarity distance '{distance}'")


def _distances(features: Tensor, stride: int) -> Tensor:
    first = stride // 2  # in the middle of each cell
    height, width = features.shape[2:]
    grid = features[:, :, min(first, height - 1) :: stride, min(first, width - 1) :: stride]
    rows = rows_of(grid)
    rows = rows.to(torch.float64 if rows.dtype == torch.float64 else torch.float32)  # few rows: higher precision is cheap
    units = torch.nn.functional.normalize(rows, dim=1)
    distances = 1 - units @ units.T
    return distances / distances.sum(0, keepdim=True).clamp_min(_MIN_DISTANCE * len(rows))
