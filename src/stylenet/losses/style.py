"""Style losses on the moments of a layer of picture and style image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from stylenet.losses.gaussian import RANK, RIDGE, gaussian, wasserstein_distance
from stylenet.losses.moments import Moments

LayerLoss = Callable[[Moments], Tensor]


def gram_distance(given: Moments, target: Moments, distance: str, *, picture_positions: int = 1) -> Tensor:
    """Distance between two Gram matrices.

    With g, a the mean products (`Moments.gram`), N channels, M positions of the picture's layer:

    | distance           | formula                                  | source |
    |--------------------|------------------------------------------|--------|
    | `relative`         | sum (g-a)^2 / sum a^2                    | ours: independent of the encoder's units |
    | `mean`             | mean (g-a)^2                             | TensorFlow tutorial |
    | `mean-per-element` | mean ((g-a)/N)^2                         | Johnson et al. 2016, eq. 3; most projects |
    | `gatys`            | sum (g-a)^2 / (4 N^2)                    | Gatys et al. 2016, eq. 4; M cancels when both have M positions |
    | `keras`            | M^2 sum (g-a)^2 / (4 * 3^2 * (W H)^2)    | the Keras example; W H is `picture_positions` |
    | `scaled`           | sum (g-a)^2 / (sum abs(g-a) + 1e-8)      | crowsonkb: the gradient does not vanish near the minimum |

    Args:
        given: Moments of the picture, with batch size 1.
        target: Moments of the style image, with the same channels.
        distance: Name in the table.
        picture_positions: Width times height of the whole picture, for `keras`.
    """
    difference = given.gram - target.gram
    squares = difference.square()
    channels = given.gram.shape[-1]
    match distance:
        case "relative":
            return squares.sum() / target.gram.square().sum().clamp_min(1e-20)
        case "mean":
            return squares.mean()
        case "mean-per-element":
            return squares.mean() / channels**2
        case "gatys":
            return squares.sum() / (4 * channels**2)
        case "keras":
            return squares.sum() * (given.positions / picture_positions) ** 2 / 36
        case "scaled":
            return squares.sum() / (difference.abs().sum() + 1e-8)
    raise ValueError(f"unknown Gram distance '{distance}'")


def mean_std_distance(given: Moments, target: Moments) -> Tensor:
    """Squared differences of means and deviations, relative to those of the style image.

    References:
        Huang, Belongie 2017 (ICCV), eq. 13, squared. We divide by the sum of squares of the style image.
    """
    difference = (given.mean - target.mean).square().sum() + (given.deviation - target.deviation).square().sum()
    return difference / (target.mean.square().sum() + target.deviation.square().sum()).clamp_min(1e-20)


STRENGTH_DECADES = (2.2, 1.0)
"""Decades of the style weight between strengths 0 and 50, and between 50 and 100; docs/tuning.md shows the curve."""


def strength_factor(strength: float) -> float:
    """Factor of the style weight for a strength of 0..100: 0 at 0, 1 at 50, 10 at 100.

    Perceptually about uniform. Below 50 the factor is (10^(2.2 s/50) - 1) / (10^2.2 - 1), above it 10^((s - 50)/50).
    """
    below, above = STRENGTH_DECADES
    if strength >= 50:
        return float(10 ** (above * (strength - 50) / 50))
    return float((10 ** (below * strength / 50) - 1) / (10**below - 1))


def layer_loss(target: Moments, statistic: str, distance: str, *, picture_positions: int = 1, ridge: float = RIDGE) -> LayerLoss:
    """The loss of one layer for moments of the style image, which are preprocessed here once.

    `ridge` is that of the Wasserstein-2 distance `mean`, in squared units of the features.
    """
    match statistic:
        case "gram":
            return partial(gram_distance, target=target, distance=distance, picture_positions=picture_positions)
        case "mean-std":
            return partial(mean_std_distance, target=target)
        case "wasserstein":
            exact = distance == "mean"  # all directions, as in the source; ours uses the principal ones
            fitted = gaussian(target, rank=None if exact else RANK, ridge=ridge if exact else 0.0)  # in the precision of the target
            return partial(wasserstein_distance, target=fitted, distance=distance)
    raise ValueError(f"unknown style statistic '{statistic}'")


def chained(losses: list[Tensor]) -> Tensor:
    """Differences between the losses of successive layers, weighted by 1 / 2^(L-1-(i+1)) for i = 0 .. L-2.

    References:
        Novak, Nikulin 2016 (Improving the Neural Algorithm of Artistic Style), as implemented by users of Keras.
    """
    count = len(losses)
    terms = [(losses[i] - losses[i + 1]) / 2 ** (count - 1 - (i + 1)) for i in range(count - 1)]
    return torch.stack(terms).sum()
