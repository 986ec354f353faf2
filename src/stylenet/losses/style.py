"""Style losses: from the moments of a layer, of the picture and of the painting, to one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from stylenet.losses.moments import Moments

LayerLoss = Callable[[Moments], Tensor]

RIDGE = 1e-4
"""Added to the diagonals of both covariances by crowsonkb's style-transfer-pytorch, to keep the root's slope finite."""


def gram_distance(given: Moments, target: Moments, distance: str, *, picture_positions: int = 1) -> Tensor:
    """How far two Gram matrices are apart.

    With g, a the mean products (`Moments.gram`), N channels, M positions of the picture's layer:

    | distance           | formula                                  | source |
    |--------------------|------------------------------------------|--------|
    | `relative`         | sum (g-a)^2 / sum a^2                    | ours: independent of the encoder's units |
    | `mean`             | mean (g-a)^2                             | TensorFlow tutorial |
    | `mean-per-element` | mean ((g-a)/N)^2                         | Johnson et al. 2016, eq. 3; most projects |
    | `gatys`            | sum (g-a)^2 / (4 N^2)                    | Gatys et al. 2016, eq. 4; M cancels when both have M positions |
    | `keras`            | M^2 sum (g-a)^2 / (4 * 3^2 * (W H)^2)    | Keras' example; W H is `picture_positions` |
    | `scaled`           | sum (g-a)^2 / (sum abs(g-a) + 1e-8)      | crowsonkb: the gradient keeps its size near the goal |

    Args:
        given: Of the picture, batch of one.
        target: Of the painting, the same channels.
        distance: A word of the table.
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
    raise ValueError(f"no Gram distance is called '{distance}'")


def mean_std_distance(given: Moments, target: Moments) -> Tensor:
    """Squared differences of means and deviations, relative to the painting's.

    References:
        Huang, Belongie 2017 (ICCV), eq. 13, squared. We divide by the painting's own sum of squares.
    """
    difference = (given.mean - target.mean).square().sum() + (given.deviation - target.deviation).square().sum()
    return difference / (target.mean.square().sum() + target.deviation.square().sum()).clamp_min(1e-20)


def wasserstein_distance(given: Moments, target_mean: Tensor, target_root: Tensor, distance: str = "relative") -> Tensor:
    """Squared Wasserstein-2 distance between the Gaussians of two layers.

    With means m, n and covariances S, T it is |m - n|^2 + tr S + tr T - 2 tr (T^1/2 S T^1/2)^1/2.

    | distance   | formula                            | source |
    |------------|------------------------------------|--------|
    | `relative` | divided by |n|^2 + tr T            | ours: independent of the encoder's units |
    | `mean`     | divided by the number of channels  | crowsonkb, who adds `RIDGE` to both diagonals first |

    Args:
        given: Of the picture.
        target_mean: n, shape (B, C).
        target_root: T^1/2, shape (B, C, C), see `covariance_root`; for `mean` with the ridge in T.
        distance: A word of the table.

    References:
        Dowson, Landau 1982; used for style by Mroueh 2020 (Wasserstein Style Transfer).
    """
    covariance = given.covariance
    if distance == "mean":
        covariance = covariance + RIDGE * torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
    inner = target_root @ covariance @ target_root
    # The smallest eigenvalues are zero up to rounding; the root's slope there is kept finite.
    values = torch.linalg.eigvalsh((inner + inner.transpose(1, 2)) / 2)
    floor = 1e-10 * values.detach().amax().clamp_min(1e-20)
    cross = values.clamp_min(floor).sqrt().sum()
    target_trace = target_root.square().sum()
    means = (given.mean - target_mean).square().sum()
    traces = covariance.diagonal(dim1=1, dim2=2).sum() + target_trace
    squared = means + traces - 2 * cross
    if distance == "mean":
        return squared / covariance.shape[-1]
    return squared / (target_mean.square().sum() + target_trace).clamp_min(1e-20)


def covariance_root(target: Moments, *, ridge: float = 0.0) -> Tensor:
    """The symmetric square root of a layer's covariance, `ridge` added to its diagonal; shape (B, C, C)."""
    values, vectors = torch.linalg.eigh(target.covariance.double())
    root = (vectors * (values + ridge).clamp_min(0).sqrt()[:, None, :]) @ vectors.transpose(1, 2)
    return root.to(target.gram.dtype)


def layer_loss(target: Moments, statistic: str, distance: str, *, picture_positions: int = 1) -> LayerLoss:
    """The loss of one layer against a painting's moments; what depends on the painting alone is computed once, here."""
    match statistic:
        case "gram":
            return partial(gram_distance, target=target, distance=distance, picture_positions=picture_positions)
        case "mean-std":
            return partial(mean_std_distance, target=target)
        case "wasserstein":
            root = covariance_root(target, ridge=RIDGE if distance == "mean" else 0.0)
            return partial(wasserstein_distance, target_mean=target.mean, target_root=root, distance=distance)
    raise ValueError(f"no style statistic is called '{statistic}'")


def chained(losses: list[Tensor]) -> Tensor:
    """Each layer's loss minus the next deeper one's, weighted by 1 / 2^(L-1-(i+1)) for i = 0 .. L-2.

    References:
        Novak, Nikulin 2016 (Improving the Neural Algorithm of Artistic Style), as Keras' users wrote it down.
    """
    count = len(losses)
    terms = [(losses[i] - losses[i + 1]) / 2 ** (count - 1 - (i + 1)) for i in range(count - 1)]
    return torch.stack(terms).sum()
