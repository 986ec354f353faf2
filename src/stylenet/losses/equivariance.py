"""Equivariance: a photo that is moved by a pixel has a painting that is moved by a pixel."""

from __future__ import annotations

from torch import Tensor

from stylenet.errors import UsageError
from stylenet.shapes import check_image


def shift_distance(painted: Tensor, moved: Tensor, shift: tuple[int, int], *, rim_px: int = 32) -> Tensor:
    """Mean square of how a painting differs from that of the same photo begun some pixels further down and to the right.

    Convolutions are equivariant to shifts; strides and shuffled pixels are so only to shifts by whole blocks. What a network paints by
    the place in a block and not by the photo is a lattice in a picture, and flicker in a film. Zhang 2019 (ICML, Making Convolutional
    Networks Shift-Invariant Again) builds blurs in against it; here it is a term of the loss, and costs the finished network nothing.

    Args:
        painted: Of photos (B, 3, H, W): shape (B, 3, H, W).
        moved: Of the photos without their first rows and columns: shape (B, 3, H - rows, W - columns).
        shift: These rows and columns, each from 0.
        rim_px: Pixels at every border that are not compared: there the two see different surroundings.

    Returns:
        A number from 0, in squared units of the picture.

    Raises:
        UsageError: nothing is left between the rims.
    """
    check_image(painted)
    rows, columns = shift
    same = painted[:, :, rows:, columns:]
    if same.shape != moved.shape:
        raise ValueError(f"moved by {shift}, a painting of {tuple(painted.shape)} is {tuple(same.shape)}; got {tuple(moved.shape)}")
    if min(same.shape[2:]) <= 2 * rim_px:
        raise UsageError(f"two paintings need more than {2 * rim_px} px on a side to be compared; got {moved.shape[3]} x {moved.shape[2]}")
    inside = slice(rim_px, -rim_px) if rim_px else slice(None)
    return (same - moved)[:, :, inside, inside].square().mean()
