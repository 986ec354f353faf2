"""Shift equivariance: shifting the photo shifts the painting."""

from __future__ import annotations

from torch import Tensor

from stylenet.errors import UsageError
from stylenet.shapes import check_image


def shift_distance(painted: Tensor, moved: Tensor, shift: tuple[int, int], *, rim_px: int = 32) -> Tensor:
    """Mean squared difference between a painting and the painting of the shifted photo.

    Convolutions are equivariant to shifts, but strided convolutions and pixel shuffling only to shifts by whole blocks. Output that
    depends on the position within a block appears as a grid in pictures, and as flicker in videos. Zhang 2019 (ICML, Making Convolutional
    Networks Shift-Invariant Again) adds blurs to the network; a loss term has no cost at inference.

    Args:
        painted: Paintings of photos (B, 3, H, W), shape (B, 3, H, W).
        moved: Paintings of the photos without their first rows and columns, shape (B, 3, H - rows, W - columns).
        shift: Number of these rows and columns, at least 0.
        rim_px: Width of the border that is excluded, where the receptive fields differ.

    Returns:
        Scalar, at least 0, in squared units of the picture.

    Raises:
        UsageError: the picture is smaller than its two rims.
    """
    check_image(painted)
    rows, columns = shift
    same = painted[:, :, rows:, columns:]
    if same.shape != moved.shape:
        raise ValueError(f"with shift {shift}, `moved` must have shape {tuple(same.shape)}; got {tuple(moved.shape)}")
    if min(same.shape[2:]) <= 2 * rim_px:
        raise UsageError(f"paintings to compare need sides of more than {2 * rim_px} px; got {moved.shape[3]} x {moved.shape[2]}")
    inside = slice(rim_px, -rim_px) if rim_px else slice(None)
    return (same - moved)[:, :, inside, inside].square().mean()
