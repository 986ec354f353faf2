"""Masks, which define where a style is painted and where the photo is kept.

option = parse_mask("sky.png=starry-night")
sky = load_mask(option.mask, inverted=option.inverted)              # (1, 1, H, W), 0..1, white is inside
weights = regions([soften(sky, radius_px=8)], (width, height))  # the sky, and the rest
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ImageError, ShapeError, UsageError, did_you_mean_file
from stylenet.image.bands import Band, filtered
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.resize import resize
from stylenet.notices import CodedNotice
from stylenet.shapes import is_floating

if TYPE_CHECKING:
    from stylenet.shapes import Image, Mask

KEEP = "photo"
"""Value of an option instead of a style, to keep the photo."""

_INVERT = "invert:"
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709, on encoded values: perceptual middle gray is half inside
_HALF_LEVEL_8, _HALF_LEVEL_16 = 0.5 / 255, 0.5 / 65535
_DARKEST = 7.5 / 255  # label values 0, 1, 2, ... look black
_WORST_ASPECT = 1.02
_RUN = 32  # outputs computed at a time


@dataclass(frozen=True)
class MaskOption:
    """A parsed `--mask` option.

    Attributes:
        mask: The picture file of the region; for a clip also a folder, or a clip of masks.
        inverted: Whether black is inside, instead of white.
        style: The name of a style, a painting or a style file; None keeps the photo.
    """

    mask: Path
    inverted: bool
    style: str | None

    def __str__(self) -> str:
        """The text of the option."""
        return f"{_INVERT if self.inverted else ''}{self.mask}={KEEP if self.style is None else self.style}"


def parse_mask(text: str, *, for_clip: bool = False) -> MaskOption:
    """Parse `FILE=STYLE` or `invert:FILE=STYLE`; `FILE=photo` keeps the photo there.

    Both names may contain an equals sign: the last one that yields an existing file is used.

    Args:
        text: The value of the option.
        for_clip: Whether FILE may be a folder.

    Raises:
        UsageError: There is no equals sign, a part is empty, or the file does not exist.
    """
    inverted = text.startswith(_INVERT)
    rest = text.removeprefix(_INVERT)
    example = "write FILE=STYLE, such as sky.png=starry-night, or sky.png=photo to keep the photo there"
    positions = [position for position, letter in enumerate(rest) if letter == "="]
    if not positions:
        raise UsageError(f"the mask '{text}' names no style; {example}")
    cuts = [(rest[:position].strip(), rest[position + 1 :].strip()) for position in reversed(positions)]
    candidates = [(file, style) for file, style in cuts if file and style]
    if not candidates:
        raise UsageError(f"the mask '{text}' lacks {'its file' if cuts[-1][1] else 'its style'}; {example}")
    for file, style in candidates:
        if os.path.isfile(file) or (for_clip and os.path.isdir(file)):
            return MaskOption(mask=Path(file), inverted=inverted, style=None if style == KEEP else style)
    raise UsageError(f"the mask '{text}' cannot be used: {_why_missing(Path(candidates[0][0]))}")


def load_mask(source: ImageSource | Picture, *, inverted: bool = False, may_be_empty: bool = False) -> Mask:
    """Load a mask from a picture: white is inside, black outside, gray in between.

    Colors are converted to luminance. With transparency, pictures of a single color and colored cut-outs are converted to their alpha;
    in gray pictures, transparent parts are outside.

    Args:
        source: Anything that `load_image` accepts or returns. EXIF orientation is applied, 16 bits are kept.
        inverted: Whether black is inside.
        may_be_empty: Whether the mask may be black, for the frames of a clip.

    Returns:
        Shape (1, 1, H, W), float32, 0..1.

    Raises:
        ImageError: The mask cannot be read, is empty, or is nearly black, like a label image.
    """
    picture = load_image(source)
    mask = _levels(picture)
    if may_be_empty:
        return 1 - mask if inverted else mask
    brightest = float(mask.max())
    if 0 < brightest < _DARKEST:
        name = f"'{picture.source}'" if picture.source else "the mask"
        raise ImageError(
            f"{name} is nearly black: its brightest value is {brightest * 255:.3g} of 255; white, 255, is inside a region; "
            "scale its values up to 255",
            code="empty-mask",
        )
    mask = 1 - mask if inverted else mask
    if float(mask.max()) < _HALF_LEVEL_8:
        name = f"'{picture.source}'" if picture.source else "the mask"
        seen = "white everywhere, and inverted" if inverted else "black everywhere"
        raise ImageError(
            f"{name} is {seen}: the region is empty; paint its inside white{', or do not invert it' * inverted}", code="empty-mask"
        )
    return mask


def aspect_notice(mask: Mask, size: tuple[int, int], name: str) -> str | None:
    """A notice if `mask`, called `name`, must be distorted by more than 2 percent to fit the photo's (width, height)."""
    height, width = mask.shape[2:]
    ratio = (width * size[1]) / (height * size[0])
    if max(ratio, 1 / ratio) <= _WORST_ASPECT:
        return None
    message = f"the mask '{name}' has {width} x {height} pixels, the photo {size[0]} x {size[1]}: it is stretched to fit"
    return CodedNotice(message, "stretched-mask", name=name, width=width, height=height, photo_width=size[0], photo_height=size[1])


def regions(masks: Sequence[Mask], size: tuple[int, int]) -> Mask:
    """The weight of each region at each pixel of a picture.

    Where masks overlap and their sum exceeds one, they share the pixel in proportion. The last region is the area outside of all masks.

    Args:
        masks: Each of shape (1, 1, H, W), 0..1, any size; may be empty.
        size: (width, height) of the picture.

    Returns:
        Shape (R + 1, 1, height, width), 0..1; the sum over the regions is 1 up to rounding. A weight is exactly 1 where its mask is
        exactly 1 and all others are 0; the last one is exactly 0 where the masks sum to 1.

    Raises:
        ShapeError: A mask has another shape.
    """
    for mask in masks:
        _check_mask(mask)
    width, height = size
    covers = np.concatenate([np.zeros((0, 1, height, width), np.float32), *(fitted(mask, size) for mask in masks)])
    total = covers.sum(axis=0, keepdims=True)
    return np.concatenate([covers / total.clip(min=1), (1 - total).clip(min=0)])


def fitted(mask: Mask, size: tuple[int, int]) -> Mask:
    """`mask`, shape (B, 1, H, W), at `size` = (width, height); flat black and white areas stay exactly 0 and 1."""
    resized = resize(mask, size)
    return mask if resized is mask else _snapped(resized)


def soften(mask: Mask, radius_px: float) -> Mask:
    """Feather the edge of a mask: it falls from 1 at `radius_px` inside to 0 at `radius_px` outside.

    Args:
        mask: Shape (B, 1, H, W), 0..1. It is extended beyond the border by its border values.
        radius_px: In pixels of the mask; 0 changes nothing.

    Returns:
        The same shape, 0..1. Farther than `radius_px` (in x or in y) from the edge, 0 and 1 are unchanged.

    Raises:
        ShapeError: `mask` has another shape.
        UsageError: `radius_px` is negative or not finite.
    """
    _check_mask(mask)
    if not 0 <= radius_px < float("inf"):
        raise UsageError(f"an edge of {radius_px} px is not possible; allowed are pixels from 0")
    reach = int(radius_px)
    if reach == 0:
        return mask
    shifts = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (shifts / (radius_px / 2.5)) ** 2)  # truncated at 2.5 standard deviations, at 1/23 of its peak
    soft = mask
    for axis in (2, 3):
        length = mask.shape[axis]
        soft = filtered(soft, _sliding(bell / bell.sum(), length), axis=axis, length=length)
    return _snapped(soft)


def _sliding(bell: NDArray[np.float64], length: int) -> Iterator[Band]:
    """The weights that convolve `length` samples with a symmetric `bell`; the first and the last sample are repeated beyond the ends."""
    reach = len(bell) // 2
    shifts = np.arange(-reach, reach + 1)
    for start in range(0, length, _RUN):
        stop = min(start + _RUN, length)
        first, last = max(0, start - reach), min(length, stop + reach)
        outputs = np.arange(start, stop)[:, None]
        weights = np.zeros((stop - start, last - first))
        np.add.at(weights, (outputs - start, (outputs + shifts).clip(0, length - 1) - first), bell)
        yield slice(start, stop), slice(first, last), weights


def _levels(picture: Picture) -> Mask:
    if picture.alpha is None:
        return _luminance(picture.pixels)
    spread, tint = np.ptp(picture.pixels, axis=(2, 3)), np.ptp(picture.pixels, axis=1)
    if float(spread.max()) < 2 * _HALF_LEVEL_8 or float(tint.max()) > 0.02:
        return picture.alpha
    # `load_image` composites transparent areas on the mean of the visible colors, which is also the mean of the result; subtracting it
    # gives the picture on black.
    mean = picture.pixels.mean(axis=(2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    return _luminance((picture.pixels - mean * (1 - picture.alpha)).clip(0, 1))


def _luminance(pixels: Image) -> Mask:
    red, green, blue = (np.float32(weight) * pixels[:, band : band + 1] for band, weight in enumerate(_LUMINANCE))
    return red + green + blue


def _snapped(mask: Mask) -> Mask:
    """Round values within half a 16-bit level of 0 and 1, so that flat white is exactly 1 despite rounding errors."""
    return np.where(mask > 1 - _HALF_LEVEL_16, mask.dtype.type(1), mask)


def _check_mask(mask: Mask) -> None:
    if mask.ndim != 4 or mask.shape[1] != 1 or not is_floating(mask):
        raise ShapeError(f"a mask has shape (B, 1, H, W) and floating-point values in 0..1; got {tuple(mask.shape)}, {mask.dtype}")


def _why_missing(path: Path) -> str:
    if os.path.isdir(path):
        return f"'{path}' is a folder; give a picture file"
    if not os.path.isdir(path.parent):
        return f"there is no folder '{path.parent}'"
    return f"there is no file '{path}'{did_you_mean_file(path.name, (entry.name for entry in path.parent.iterdir()))}"
