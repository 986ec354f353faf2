"""Smoothness losses: total variation, and periodic patterns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.errors import UsageError
from stylenet.shapes import check_image


def total_variation(image: Tensor, distance: str) -> Tensor:
    """Total variation: differences of neighboring pixels, in one of the definitions from the literature.

    With dy, dx the differences between rows and between columns, n_y, n_x the sizes of these two tensors:

    | distance          | formula                                         | source |
    |-------------------|-------------------------------------------------|--------|
    | `absolute`        | sum abs(dy) + sum abs(dx)                       | TensorFlow tutorial |
    | `square`          | sum dy^2 + sum dx^2                             | Mahendran, Vedaldi 2015, with beta 2 |
    | `keras`           | sum (dy^2 + dx^2)^1.25 over the common positions | the Keras example |
    | `stylenet`        | sum dy^2 / n_x + sum dx^2 / n_y                 | both StyleNet texts, which swap the two sizes |
    | `neural-style`    | 1/2 sum (dy^2 + dx^2) over the common positions  | jcjohnson's neural-style, which implements only its gradient |
    | `nine-point`      | mean dy^2 + dx^2 and both diagonals, see below   | crowsonkb's style-transfer-pytorch |
    | `mean-absolute`   | mean abs(dy) + mean abs(dx)                     | ours: independent of the picture's size |
    | `mean-square`     | mean dy^2 + mean dx^2                           | anishathalye; what both StyleNet texts mean |

    `nine-point` uses the eight neighbors, with replication padding: with d the differences to the right, below and
    along the two diagonals, 2 (mean d_right^2 + mean d_below^2) / 3 + (mean d_diagonal^2 + mean d_antidiagonal^2) / 6.

    Args:
        image: Shape (1, 3, H, W), in the recipe's picture units.
        distance: Name in the table.

    Raises:
        UsageError: the picture is less than two pixels wide or high.
    """
    check_image(image)
    height, width = image.shape[2:]
    if height < 2 or width < 2:
        raise UsageError(f"a picture of {width} x {height} pixels is too small for smoothness; give at least 2 x 2 pixels")
    if distance == "mean-square":
        value: Tensor = _MeanSquare.apply(image)  # type: ignore[no-untyped-call]
        return value
    dy = image[:, :, 1:, :] - image[:, :, :-1, :]
    dx = image[:, :, :, 1:] - image[:, :, :, :-1]
    match distance:
        case "absolute":
            return dy.abs().sum() + dx.abs().sum()
        case "square":
            return dy.square().sum() + dx.square().sum()
        case "keras":
            return (dy[:, :, :, :-1].square() + dx[:, :, :-1, :].square()).pow(1.25).sum()
        case "stylenet":
            return dy.square().sum() / dx.numel() + dx.square().sum() / dy.numel()
        case "neural-style":
            return (dy[:, :, :, :-1].square() + dx[:, :, :-1, :].square()).sum() / 2
        case "nine-point":
            return _nine_point(image)
        case "mean-absolute":
            return dy.abs().mean() + dx.abs().mean()
    raise ValueError(f"unknown smoothness distance '{distance}'")


def _nine_point(image: Tensor) -> Tensor:
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    straight = (padded[..., 1:-1, 2:] - image).square().mean() + (padded[..., 2:, 1:-1] - image).square().mean()
    diagonal = (padded[..., 1:, 1:] - padded[..., :-1, :-1]).square().mean() + (padded[..., 1:, :-1] - padded[..., :-1, 1:]).square().mean()
    return 2 * straight / 3 + diagonal / 6


_NEIGHBORHOOD = 8
"""Side of the averaging window in periods; texture that is not periodic averages out."""


def mesh(image: Tensor, period_px: int) -> Tensor:
    """Loss for a periodic grid, the artifact of networks with pixel shuffling.

    The second differences of the picture are averaged over a window for each position within a period; the loss is the variance of these
    averages. Gradients have no second difference, and edges and grain affect all positions equally.

    Args:
        image: Shape (B, 3, H, W), sides of at least two periods and two pixels.
        period_px: Period of the grid.

    Returns:
        Scalar, at least 0, in squared units of the picture.

    Raises:
        UsageError: the picture is too small.
    """
    check_image(image)
    rows, columns = ((side - 2) // period_px * period_px for side in image.shape[2:])
    if min(rows, columns) < 2 * period_px:
        raise UsageError(
            f"a mesh of {period_px} px needs sides of at least {2 * period_px + 2} px; got {image.shape[3]} x {image.shape[2]}"
        )
    straight = image[:, :, :-2, 1:-1] + image[:, :, 2:, 1:-1] + image[:, :, 1:-1, :-2] + image[:, :, 1:-1, 2:]
    second = (straight - 4 * image[:, :, 1:-1, 1:-1])[:, :, :rows, :columns]
    places = functional.pixel_unshuffle(second, period_px)
    size = min(_NEIGHBORHOOD, *places.shape[2:])
    averages = functional.avg_pool2d(places, size, stride=max(1, size // 2)).unflatten(1, (image.shape[1], period_px**2))
    return (averages - averages.mean(2, keepdim=True)).square().mean()


_STRIP_PX = 2**20
"""Number of pixels processed at a time."""


def add_mean_square_slope(image: Tensor, gradient: Tensor, weight: float) -> Tensor:
    """`weight` times the `mean-square` of a picture (1, 3, H, W), whose gradient is added to `gradient`, strip by strip."""
    batch, channels, height, width = image.shape
    total = image.new_zeros((), dtype=_summing(image))
    rows = max(1, _STRIP_PX // width)
    for axis, count in ((2, batch * channels * (height - 1) * width), (3, batch * channels * height * (width - 1))):
        for top in range(0, height, rows):
            # Differences between rows need the first row of the next strip.
            strip = slice(top, min(height, top + rows + (axis == 2)))
            differences = image[:, :, strip].diff(dim=axis)
            size = differences.shape[axis]
            total += differences.flatten().square().sum(dtype=_summing(image)) * (weight / count)
            gradient[:, :, strip].narrow(axis, 1, size).add_(differences, alpha=2 * weight / count)
            gradient[:, :, strip].narrow(axis, 0, size).sub_(differences, alpha=2 * weight / count)
    return total


class _MeanSquare(torch.autograd.Function):
    """mean dy^2 + mean dx^2 with a custom backward pass, which takes a third of autograd's passes over the picture."""

    @staticmethod
    def forward(context: Any, image: Tensor) -> Tensor:
        slope = torch.zeros_like(image)
        value = add_mean_square_slope(image, slope, 1.0)
        context.save_for_backward(slope)
        return value.to(image.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (slope,) = context.saved_tensors
        return slope * gradient


def _summing(values: Tensor) -> torch.dtype:
    return torch.float64 if values.dtype == torch.float64 else torch.float32
