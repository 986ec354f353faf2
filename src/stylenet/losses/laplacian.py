"""The Laplacian loss, which preserves edges and fine lines of the photo."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from stylenet.errors import ShapeError, UsageError
from stylenet.shapes import check_image

POOL = 4
"""Default side of the pooling window, as in the source."""


@dataclass(frozen=True)
class Laplacian:
    """Edges of the photo.

    Attributes:
        edges: Shape (1, 1, H', W').
        pool: Side of the pooling window.
        power: Sum of the squares of `edges`.
    """

    edges: Tensor
    pool: int
    power: float


def laplacian(photo: Tensor, *, pool: int = POOL) -> Laplacian:
    """Edges of a photo (1, 3, H, W), 0..1.

    Args:
        photo: Photo at the size of the picture.
        pool: Side of the average pooling window: finer strokes are unconstrained. 4 and 16 together preserve lines and shapes.

    Raises:
        UsageError: the photo is smaller than 3 x 3 windows.
        ShapeError: `photo` does not have this shape.
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

    D is four times the center minus its four neighbors, of the sum of the three color channels, after average pooling of `pool` x `pool`
    pixels; the border is excluded.

    Args:
        image: Shape (1, 3, H, W), with the size of the photo.
        target: Laplacian of the photo.
        distance: Name in the table.

    Raises:
        ShapeError: picture and photo have different sizes.

    References:
        Li, Xu, Nie, Chua 2017 (ACM Multimedia, Laplacian-Steered Neural Style Transfer), eq. 3. For photos almost without edges, the
        denominator of `relative` is that of a contrast of 0.01.
    """
    edges = _edges(image, target.pool)
    if edges.shape != target.edges.shape:
        raise ShapeError(
            f"picture and photo must have the same size; their edges have shapes {tuple(edges.shape)} and {tuple(target.edges.shape)}"
        )
    squares = (edges - target.edges).square().sum()
    match distance:
        case "relative":
            return squares / max(target.power, 1e-4 * edges.numel())
        case "sum":
            return squares
        case "mean":
            return squares / edges.numel()
    raise ValueError(f"unknown Laplacian distance '{distance}'")


def _edges(image: Tensor, pool: int) -> Tensor:
    check_image(image)
    height, width = image.shape[2:]
    if min(height, width) < 3 * pool:
        raise UsageError(
            f"a picture of {width} x {height} pixels is too small for edges with pool {pool}; give at least {3 * pool} pixels on each side"
        )
    # Channels are summed first: the following operations are linear, and then take a third of the time.
    gray = functional.avg_pool2d(image.sum(1, keepdim=True), pool)
    middle = gray[:, :, 1:-1, 1:-1]
    return 4 * middle - gray[:, :, :-2, 1:-1] - gray[:, :, 2:, 1:-1] - gray[:, :, 1:-1, :-2] - gray[:, :, 1:-1, 2:]
