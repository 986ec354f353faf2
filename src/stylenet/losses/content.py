"""Content losses: how far the features of the picture are from the photo's, position by position."""

from __future__ import annotations

import torch
from torch import Tensor

from stylenet.errors import ShapeError


def content_distance(given: Tensor, target: Tensor, distance: str) -> Tensor:
    """How far two layers are apart.

    | distance    | formula                      | source |
    |-------------|------------------------------|--------|
    | `relative`  | mean (F-P)^2 / mean P^2      | ours: independent of the encoder's units |
    | `mean`      | mean (F-P)^2                 | Johnson et al. 2016, eq. 2; TensorFlow tutorial |
    | `half-mean` | 1/2 mean (F-P)^2             | StyleNet cookbook |
    | `sum`       | sum (F-P)^2                  | Keras' example |
    | `half-sum`  | 1/2 sum (F-P)^2              | Gatys et al. 2016, eq. 1 |

    Args:
        given: Features F of the picture, shape (B, C, H, W).
        target: Features P of the photo, the same shape.
        distance: A word of the table.

    Raises:
        ShapeError: the shapes differ.
    """
    if given.shape != target.shape:
        raise ShapeError(f"content features must have one shape; got {tuple(given.shape)} and {tuple(target.shape)}")
    # In the features' own precision, summed in float32: full-size float32 copies cost more than the layer itself.
    difference = given - target
    squares = difference.square()
    total = squares.sum(dtype=_summing(squares))
    match distance:
        case "relative":
            power = target.square().sum(dtype=_summing(squares))
            return total / power.clamp_min(1e-20)
        case "mean":
            return total / given.numel()
        case "half-mean":
            return total / (2 * given.numel())
        case "sum":
            return total
        case "half-sum":
            return total / 2
    raise ValueError(f"no content distance is called '{distance}'")


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
