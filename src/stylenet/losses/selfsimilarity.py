"""Self-similarity: the photo's content as which places are like which others, whatever they look like themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.losses.histogram import rows_of

MOST_POSITIONS = 1024
"""Compared with each other, as in the source."""

_SMALLEST = 1e-4
"""Mean distance below which a place counts as like all others: less is rounding."""


@dataclass(frozen=True)
class SelfSimilarity:
    """How unlike each other places of the photo are.

    Attributes:
        distances: Between n places, shape (n, n); columns sum to one.
        spread: Sum of what they differ from 1 / n, all places equally unlike each other.
        shape: (rows, columns) of the layer.
        stride: Every so many rows and columns a place was taken.
    """

    distances: Tensor
    spread: float
    shape: tuple[int, int]
    stride: int


def self_similarity(features: Tensor, *, most_positions: int = MOST_POSITIONS) -> SelfSimilarity:
    """How unlike each other places of a photo's layer (1, C, H, W) are, on a regular grid of at most so many."""
    height, width = features.shape[2:]
    stride = max(1, math.ceil(math.sqrt(height * width / most_positions)))
    while math.ceil(height / stride) * math.ceil(width / stride) > most_positions:
        stride += 1
    distances = _distances(features.detach(), stride)
    return SelfSimilarity(distances, float((distances - 1 / len(distances)).abs().sum()), (height, width), stride)


def self_similarity_distance(given: Tensor, target: SelfSimilarity, distance: str = "spread") -> Tensor:
    """Differences between the cosine distances D of places of the picture and those of the same places of the photo.

    With E = D / column sums of D, for n places:

    | distance   | formula                                         | source |
    |------------|-------------------------------------------------|--------|
    | `spread`   | sum abs(E - E_photo) / sum abs(1/n - E_photo)   | ours: 1 for a picture without content, all places equally unlike |
    | `mean`     | sum abs(E - E_photo) / n^2                      | Kolkin et al. 2019, eq. 7 and 8 |

    Args:
        given: Shape (1, C, H, W), as large as the photo's layer.
        target: Of the photo.
        distance: A word of the table.

    Raises:
        ShapeError: the layers have different sizes, or there is more than one picture.

    References:
        Kolkin, Salavon, Shakhnarovich 2019 (CVPR, Style Transfer by Relaxed Optimal Transport and Self-Similarity), eq. 7 and 8. They
        compare many layers at once, at other random places in every step; ours is one layer, always on the same grid.
    """
    if tuple(given.shape[2:]) != target.shape:
        raise ShapeError(
            f"the photo's layer has {target.shape[1]} x {target.shape[0]} positions; got features of shape {tuple(given.shape)}"
        )
    total = (_distances(given, target.stride) - target.distances).abs().sum()
    match distance:
        case "spread":
            return total / max(target.spread, _SMALLEST * len(target.distances))
        case "mean":
            return total / target.distances.numel()
    raise ValueError(f"no self-similarity distance is called '{distance}'")


def _distances(features: Tensor, stride: int) -> Tensor:
    first = stride // 2  # in the middle of each cell
    height, width = features.shape[2:]
    grid = features[:, :, min(first, height - 1) :: stride, min(first, width - 1) :: stride]
    rows = rows_of(grid)
    rows = rows.to(torch.float64 if rows.dtype == torch.float64 else torch.float32)  # few rows: exact at no price
    units = torch.nn.functional.normalize(rows, dim=1)
    distances = 1 - units @ units.T
    return distances / distances.sum(0, keepdim=True).clamp_min(_SMALLEST * len(rows))
