"""Regions of a photo: where which style holds, and where the photo is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.errors import UsageError
from stylenet.image.files import Picture
from stylenet.image.masks import MaskWish, aspect_notice, fitted, load_mask, regions, soften
from stylenet.image.resize import resize
from stylenet.image.subject import find_faces, find_subject

if TYPE_CHECKING:
    from stylenet.image.files import ImageSource
    from stylenet.shapes import Mask
    from stylenet.stylizers.sources import StyleSource

PROTECTED = {"faces": find_faces, "subject": find_subject}
"""What can be kept without a mask."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the photo.

    Attributes:
        mask: White is inside: a picture file, or (1, 1, H, W), 0..1, any size.
        style: What is painted there; None keeps the photo.
        inverted: Black is inside.
    """

    mask: ImageSource | Tensor
    style: StyleSource | None
    inverted: bool = False

    @classmethod
    def wished(cls, wish: MaskWish) -> Region:
        """The region of an option's words."""
        return cls(mask=wish.mask, style=wish.style, inverted=wish.inverted)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The regions of a photo, laid out.

    Attributes:
        weights: Of the painted regions, (R, 1, H, W); the last is what no mask covers. None: one region, everywhere.
        keep: Where the photo is kept, (1, 1, H, W), 0..1; None: nowhere.
        notices: What a person should know.
    """

    weights: Tensor | None = None
    keep: Mask | None = None
    notices: tuple[str, ...] = ()


def lay_out(
    wished: Sequence[Region], photo: Picture, size: tuple[int, int], *, feather_px: float, protect: str | Sequence[str] | None
) -> Layout:
    """Where which style is painted on a photo of `size` (width, height).

    Raises:
        ImageError: a mask cannot be read or is empty, or nothing to protect was found.
        UsageError: `protect` is unknown, or what finds it is not installed.
    """
    protected = [protect] if isinstance(protect, str) else list(protect or ())
    if unknown := [what for what in protected if what not in PROTECTED]:
        raise UsageError(f"'{unknown[0]}' cannot be protected; allowed are {', '.join(PROTECTED)}, or --mask FILE=photo")
    masks = [region.mask if isinstance(region.mask, Tensor) else load_mask(region.mask, inverted=region.inverted) for region in wished]
    kept = [region.style is None for region in wished]
    notices = [
        notice
        for region, mask in zip(wished, masks, strict=True)
        if (notice := aspect_notice(mask, (photo.width, photo.height), _name(region)))
    ]
    for what in protected:
        masks.append(PROTECTED[what](photo.pixels))
        kept.append(True)
    if not masks:
        return Layout()
    weights = regions([soften(fitted(mask, size), feather_px) for mask in masks], size)
    painted = [index for index, keep in enumerate(kept) if not keep] + [len(masks)]
    keep = torch.stack([weights[index] for index, is_kept in enumerate(kept) if is_kept]).sum(0, keepdim=True) if any(kept) else None
    return Layout(weights=weights[painted], keep=keep, notices=tuple(notices))


def with_photo_kept(painted: Tensor, photo: Tensor, keep: Mask) -> Tensor:
    """The photo where `keep` is 1, to the byte, the painting where it is 0, and a mixture in between; at the painting's size."""
    size = (painted.shape[3], painted.shape[2])
    photo, keep = resize(photo, size), fitted(keep, size)
    return torch.where(keep == 1, photo, torch.where(keep == 0, painted, torch.lerp(painted, photo, keep)))


def _name(region: Region) -> str:
    return Path(region.mask).name if isinstance(region.mask, (str, Path)) else "given"
