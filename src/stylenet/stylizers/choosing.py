"""Many small paintings of one photo, to choose from: each is named by the options that make it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from stylenet.errors import UsageError, did_you_mean
from stylenet.events import Done
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.recolor import KEEP_COLORS, keep_colors
from stylenet.stylizers.plan import Options
from stylenet.stylizers.sources import StyleSource
from stylenet.stylizers.stylizer import Stylizer, open_stylizer

STRENGTHS = (30.0, 50.0, 70.0)
STYLE_SCALES = (0.5, 1.0, 2.0)
COLORS = ("painting", "luminance")
"""What colors a cell has: the painting's, or the photo's in one of the ways of `recolor.KEEP_COLORS`."""

THUMBNAIL_PX = 256


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One painting to choose.

    Attributes:
        words: The options that make it, as one types them.
        image: (1, 3, H, W), 0..1.
    """

    words: str
    image: Tensor


def cells(
    photo: ImageSource | Picture,
    style: StyleSource,
    *,
    strengths: Sequence[float] = STRENGTHS,
    style_scales: Sequence[float] = STYLE_SCALES,
    colors: Sequence[str] = COLORS,
    size_px: int = THUMBNAIL_PX,
    stylizer: Stylizer | None = None,
) -> Iterator[Cell]:
    """A painting for every strength, style scale and way of colors, row by row; the last varies fastest.

    The painting is looked at as it will be at the full size: thumbnails show what strokes a large picture will have only roughly.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    if not (strengths and style_scales and colors):
        raise UsageError("a sheet needs at least one strength, one style scale and one way of colors")
    stylizer = stylizer or open_stylizer("draft")
    for strength, style_scale in itertools.product(strengths, style_scales):
        Options(strength=strength, style_scale=style_scale).check(1)
    for way in colors:
        if way not in ("painting", *KEEP_COLORS):
            raise UsageError(
                f"'{way}' is no way of colors; allowed are painting, {', '.join(KEEP_COLORS)}.{did_you_mean(way, KEEP_COLORS)}"
            )
    picture = photo if isinstance(photo, Picture) else load_image(photo)
    opened = stylizer.open_style(style)
    for strength, style_scale in itertools.product(strengths, style_scales):
        *_, done = stylizer.stylize(picture, opened, Options(size=size_px, strength=strength, style_scale=style_scale))
        if not isinstance(done, Done):
            raise TypeError("a stylizer's last event is Done")
        for way in colors:
            # Colors are changed after painting: no cell is painted twice for them.
            image = done.image if way == "painting" else keep_colors(done.image, picture.pixels, way)
            words = f"--strength {strength:g} --style-scale {style_scale:g}"
            yield Cell(words=words if way == "painting" else f"{words} --keep-colors {way}", image=image)
