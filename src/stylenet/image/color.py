"""Main colors of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from stylenet.errors import UsageError
from stylenet.image.files import to_pil
from stylenet.image.resize import fit_within, resize
from stylenet.shapes import check_image

if TYPE_CHECKING:
    from stylenet.shapes import Image

_SAMPLE_PX = 256  # more pixels take longer but do not change the palette


@dataclass(frozen=True)
class Swatch:
    """A color and its share of the picture.

    Attributes:
        color: "#rrggbb", sRGB.
        share: 0..1; the shares of one palette add up to 1.
    """

    color: str
    share: float


def palette(image: Image, count: int = 6) -> list[Swatch]:
    """The main colors of a picture, the largest share first; fewer than `count` if it has fewer.

    Args:
        image: Shape (1, 3, H, W), 0..1.
        count: 1..256.

    Raises:
        UsageError: `count` is out of range.

    References:
        Heckbert 1982 (SIGGRAPH), median cut as in Pillow, followed by k-means steps.
    """
    if not 1 <= count <= 256:
        raise UsageError(f"a palette of {count} colors is not possible; allowed are 1..256")
    check_image(image)
    height, width = image.shape[2:]
    small = to_pil(resize(image, fit_within(width, height, _SAMPLE_PX)))
    reduced = small.quantize(count, method=PIL.Image.Quantize.MEDIANCUT, kmeans=3, dither=PIL.Image.Dither.NONE)
    colors = np.asarray(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
    shares = np.bincount(np.asarray(reduced).ravel(), minlength=len(colors)) / np.asarray(reduced).size
    largest_first = np.argsort(-shares, kind="stable")
    return [Swatch(color=f"#{colors[index].tobytes().hex()}", share=float(shares[index])) for index in largest_first if shares[index]]


def mean_color(image: Image) -> str:
    """The average color of a picture, shape (1, 3, H, W), 0..1, as "#rrggbb"; the mean of the encoded values."""
    check_image(image)
    red, green, blue = to_pil(image.mean(axis=(2, 3), keepdims=True, dtype=np.float64)).getpixel((0, 0))  # type: ignore[misc]
    return f"#{red:02x}{green:02x}{blue:02x}"
