"""Content losses: squared differences between the features of picture and photo at each position."""

from __future__ import annotations

import torch
from torch import Tensor

from stylenet.errors import ShapeError


class ContentTarget:
    """Features P of one layer of the photo, and the distance of other features F from them.

    | distance    | formula                      | source |
    |-------------|------------------------------|--------|
    | `spread`    | mean (F-P)^2 / mean (P-p)^2  | ours: 1 for a picture without content, p at every position |
    | `relative`  | mean (F-P)^2 / mean P^2      | ours: independent of the encoder's units |
    | `mean`      | mean (F-P)^2                 | Johnson et al. 2016, eq. 2; TensorFlow tutorial |
    | `half-mean` | 1/2 mean (F-P)^2             | StyleNet cookbook |
    | `sum`       | sum (F-P)^2                  | the Keras example |
    | `half-sum`  | 1/2 sum (F-P)^2              | Gatys et al. 2016, eq. 1 |

    p is the mean of each channel over the positions. mean (P-p)^2 is at least a twentieth of mean P^2, for photos that hardly vary.

    Args:
        features: P, shape (B, C, H, W).
        distance: Name in the table.
    """

    def __init__(self, features: Tensor, distance: str) -> None:
        self.features = features
        match distance:
            case "relative":
                self._factor = 1 / max(_power(features), 1e-20)
            case "spread":
                power, mean = _power(features), features.mean((2, 3), dtype=_summing(features))
                spread = power - float(mean.double().square().sum()) * features.shape[2] * features.shape[3]
                self._factor = 1 / max(spread, 0.05 * power, 1e-20)
            case "mean":
                self._factor = 1 / features.numel()
            case "half-mean":
                self._factor = 1 / (2 * features.numel())
            case "sum":
                self._factor = 1.0
            case "half-sum":
                self._factor = 0.5
            case _:
                raise ValueError(f"unknown content distance '{distance}'")

    def loss(self, given: Tensor, place: tuple[slice, slice] | None = None) -> Tensor:
        """The distance of features F.

        Args:
            given: F, of the whole layer or of a tile.
            place: Rows and columns of the tile, to compute its part of the distance; None: the whole layer.

        Raises:
            ShapeError: the shapes differ.
        """
        target = self.features if place is None else self.features[(..., *place)]
        if given.shape != target.shape:
            raise ShapeError(f"content features must have the same shape; got {tuple(given.shape)} and {tuple(target.shape)}")
        # In the precision of the features, summed in float32: full-size copies in float32 take longer than the layer itself.
        return (given - target).square().sum(dtype=_summing(given)) * self._factor


def _power(features: Tensor) -> float:
    """Sum of squares, in blocks of rows, since the squares of a whole layer in float32 would dominate the memory."""
    return sum(float(rows.square().sum(dtype=_summing(rows))) for rows in features.split(64, dim=2))


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
