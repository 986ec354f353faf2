"""The Laplacian loss: edges and fine lines of the picture shall stay where the photo has them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from stylenet.errors import ShapeError, UsageError
from stylenet.shapes import check_image

POOL = 4
"""Pixels on a side that are averaged first: the source's own default."""


@dataclass(frozen=True)
class Laplacian:
    """Edges of the photo.

    Attributes:
        edges: Shape (1, 1, H', W').
        pool: Pixels on a side that were averaged first.
        power: Sum of their squares.
    """

    edges: Tensor
    pool: int
    power: float


def laplacian(photo: Tensor, *, pool: int = POOL) -> Laplacian:
    """Edges of a photo (1, 3, H, W), 0..1.

    Args:
        photo: At the size that is painted.
        pool: Pixels on a side that are averaged first: strokes finer than that stay free. 4 and 16 together hold lines and shapes.

    Raises:
        UsageError: less than 3 x 3 averages fit into the photo.
        ShapeError: it is no picture.
    """
    edges = _edges(photo.detach(), pool)
    return Laplacian(edges, pool, float(edges.double().square().sum() if edges.device.type != "mps" else edges.square().sum()))


def laplacian_distance(image: Tensor, target: Laplacian, distance: str = "relative") -> Tensor:
    """Squared differences between the Laplacians D of a picture and of the photo.

    | distance   | formula                                   | source |
    |------------|-------------------------------------------|--------|
    | `relative` | sum (D - D_photo)^2 / sum D_photo^2       | ours: 1 for a picture without edges |
    | `sum`      | sum (D - D_photo)^2                       | Li et al. 2017, eq. 3 |
    | `mean`     | mean (D - D_photo)^2                      | their program |

    D is four times the middle minus its four neighbors, of the sum of the three color channels, after averages of `pool` x `pool` pixels;
    the border, which has no four neighbors, does not count.

    Args:
        image: Shape (1, 3, H, W), as large as the photo.
        target: Of the photo.
        distance: A word of the table.

    Raises:
        ShapeError: picture and photo have different sizes.

    References:
        Li, Xu, Nie, Chua 2017 (ACM Multimedia, Laplacian-Steered Neural Style Transfer), eq. 3. Where the photo has next to no edges,
        `relative` counts them as those of a contrast of a hundredth.
    """
    edges = _edges(image, target.pool)
    if edges.shape != target.edges.shape:
        raise ShapeError(
            f"picture and photo must have one size; their edges have shapes {tuple(edges.shape)} and {tuple(target.edges.shape)}"
        )
    squares = (edges - target.edges).square().sum()
    match distance:
        case "relative":
            return squares / max(target.power, 1e-4 * edges.numel())
        case "sum":
            return squares
        case "mean":
            return squares / edges.numel()
    raise ValueError(f"no Laplacian distance is called '{distance}'")


def _edges(image: Tensor, pool: int) -> Tensor:
    check_image(image)
    height, width = image.shape[2:]
    if min(height, width) < 3 * pool:
        raise UsageError(
            f"edges need 3 x 3 averages of {pool} pixels: the picture is {width} x {height}; give at least {3 * pool} pixels a side"
        )
    # The sum over channels comes first: all that follows is linear, and there is a third of it.
    gray = functional.avg_pool2d(image.sum(1, keepdim=True), pool)
    middle = gray[:, :, 1:-1, 1:-1]
    return 4 * middle - gray[:, :, :-2, 1:-1] - gray[:, :, 2:, 1:-1] - gray[:, :, 1:-1, :-2] - gray[:, :, 1:-1, 2:]
