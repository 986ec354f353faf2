"""Content losses: how far the features of the picture are from the photo's, position by position."""

from __future__ import annotations

import torch
from torch import Tensor

from stylenet.errors import ShapeError


class ContentTarget:
    """A layer of the photo, and how far pictures are from it.

    | distance    | formula                      | source |
    |-------------|------------------------------|--------|
    | `relative`  | mean (F-P)^2 / mean P^2      | ours: independent of the encoder's units |
    | `mean`      | mean (F-P)^2                 | Johnson et al. 2016, eq. 2; TensorFlow tutorial |
    | `half-mean` | 1/2 mean (F-P)^2             | StyleNet cookbook |
    | `sum`       | sum (F-P)^2                  | Keras' example |
    | `half-sum`  | 1/2 sum (F-P)^2              | Gatys et al. 2016, eq. 1 |

    Args:
        features: P, shape (B, C, H, W).
        distance: A word of the table.
    """

    def __init__(self, features: Tensor, distance: str) -> None:
        self.features = features
        match distance:
            case "relative":
                # Row by row: squares of a print's whole layer in float32 would take more memory than anything else.
                power = sum(float(row.square().sum(dtype=_summing(row))) for row in features.split(64, dim=2))
                self._factor = 1 / max(power, 1e-20)
            case "mean":
                self._factor = 1 / features.numel()
            case "half-mean":
                self._factor = 1 / (2 * features.numel())
            case "sum":
                self._factor = 1.0
            case "half-sum":
                self._factor = 0.5
            case _:
                raise ValueError(f"no content distance is called '{distance}'")

    def loss(self, given: Tensor, place: tuple[slice, slice] | None = None) -> Tensor:
        """The distance of features F from the photo's; with the rows and columns of a tile, F being the tile's, that tile's part of it.

        Raises:
            ShapeError: the shapes differ.
        """
        target = self.features if place is None else self.features[(..., *place)]
        if given.shape != target.shape:
            raise ShapeError(f"content features must have one shape; got {tuple(given.shape)} and {tuple(target.shape)}")
        # In the features' own precision, summed in float32: full-size float32 copies cost more than the layer itself.
        return (given - target).square().sum(dtype=_summing(given)) * self._factor


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
