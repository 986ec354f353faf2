"""Regions of a photo, each painted in its own style or kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import UsageError, shortened
from stylenet.image.files import Picture, load_image
from stylenet.image.masks import MaskOption, aspect_notice, fitted, load_mask, parse_mask, regions, soften
from stylenet.image.resize import resize
from stylenet.image.subject import find_faces, find_subject

if TYPE_CHECKING:
    from stylenet.image.files import ImageSource
    from stylenet.shapes import Image, Mask
    from stylenet.styles.sources import StyleSource

FINDERS = {"faces": find_faces, "subject": find_subject}
"""Functions that find what to protect; the names are those in `requests.painting.PROTECTED`."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the photo.

    Attributes:
        mask: White is inside: a picture file, or an array (1, 1, H, W), 0..1, of any size.
        style: Style of the region; None keeps the photo.
        inverted: Black is inside.
    """

    mask: ImageSource
    style: StyleSource | None
    inverted: bool = False

    @classmethod
    def parse(cls, text: str) -> Region:
        """Parse `FILE=STYLE`, `FILE=photo` or `invert:FILE=STYLE`.

        Raises:
            UsageError: the text has another form, or the file does not exist.
        """
        option: MaskOption = parse_mask(text)
        return cls(mask=option.mask, style=option.style, inverted=option.inverted)

    @property
    def text(self) -> str | None:
        """The text for `parse`; None if the mask is not a file."""
        if not isinstance(self.mask, (str, Path)):
            return None
        style = "photo" if self.style is None else str(self.style)
        return f"{'invert:' if self.inverted else ''}{Path(self.mask)}={style}"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The regions of a photo at the size to paint.

    Attributes:
        weights: Weights of the painted regions, (R, 1, H, W); the last is the area outside of all masks. None: one region everywhere.
        keep: Where the photo is kept, (1, 1, H, W), 0..1; None: nowhere.
        notices: Notices for the user.
    """

    weights: NDArray[Any] | None = None
    keep: Mask | None = None
    notices: tuple[str, ...] = ()


def check_regions(requested: object) -> None:
    """Raise `UsageError` unless `requested` is a list of regions."""
    listed = list(requested) if isinstance(requested, (list, tuple)) else None
    wrong = requested if listed is None else next((one for one in listed if not isinstance(one, Region)), None)
    if listed is None or wrong is not None:
        raise UsageError(
            f"regions are a list of stylenet.Region(mask=..., style=...); got {type(wrong).__name__} {shortened(repr(wrong), 60)}"
        )


def lay_out(requested: Sequence[Region], photo: Picture, size: tuple[int, int], *, feather_px: float, protected: Sequence[str]) -> Layout:
    """Lay out regions on a photo of `size` (width, height).

    Raises:
        ImageError: a mask cannot be read or is empty, or nothing to protect is found.
        UsageError: OpenCV is not installed.
    """
    masks = [_mask(region) for region in requested]
    kept = [region.style is None for region in requested]
    notices = [
        notice
        for region, mask in zip(requested, masks, strict=True)
        if (notice := aspect_notice(mask, (photo.width, photo.height), _name(region)))
    ]
    for what in protected:
        masks.append(FINDERS[what](photo.pixels))
        kept.append(True)
    if not masks:
        return Layout()
    weights = regions([soften(fitted(mask, size), feather_px) for mask in masks], size)
    painted = [index for index, keep in enumerate(kept) if not keep] + [len(masks)]
    kept_weights = [weights[index] for index, is_kept in enumerate(kept) if is_kept]
    return Layout(weights=weights[painted], keep=sum(kept_weights)[None] if kept_weights else None, notices=tuple(notices))


def with_photo_kept(painted: Image, photo: Image, keep: Mask) -> Image:
    """The exact photo where `keep` is 1, the painting where it is 0, and a mixture in between; at the size of the painting."""
    size = (painted.shape[3], painted.shape[2])
    photo, keep = resize(photo, size), fitted(keep, size)
    mixed = painted + keep * (photo - painted)
    return np.where(keep == 1, photo, np.where(keep == 0, painted, mixed))


def _mask(region: Region) -> Mask:
    mask: Any = region.mask
    if getattr(mask, "ndim", 0) == 4 and mask.shape[1] == 1:  # may be empty, as for a frame of a clip
        found = load_image(mask).pixels[:, :1]
        return 1 - found if region.inverted else found
    return load_mask(mask, inverted=region.inverted)


def _name(region: Region) -> str:
    return Path(region.mask).name if isinstance(region.mask, (str, Path)) else "given"
