"""Open styles for engines that measure them with torch."""

from __future__ import annotations

from collections.abc import Sequence

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.engines.protocol import OpenStyle, Recolor
from stylenet.engines.style_opening import opened_style
from stylenet.styles.compatibility import check_encoder
from stylenet.styles.sources import StylePicture, StyleSource
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import MixedStyle, PictureStyle


def measured_style(
    source: StyleSource, recipe: Recipe, encoder: OpenEncoder, *, recolor: Recolor | None = None, min_px: int = 0
) -> OpenStyle:
    """Open a style for an encoder; a style image is enlarged to an area of at least `min_px` squared.

    Raises:
        ImageError: the style image cannot be read.
        StyleError: `source` is neither a file nor the name of a style, a style file of another encoder, or a folder without pictures.
    """

    def measure(picture: StylePicture) -> PictureStyle:
        return PictureStyle(name=picture.name, pixels=picture.pixels, encoder=encoder.exact, rim_px=recipe.picture.rim_px, min_px=min_px)

    def mix(name: str, parts: Sequence[PictureStyle]) -> MixedStyle:
        return MixedStyle(name=name, parts=tuple(parts))

    style = opened_style(source, measure, mix, recolor=recolor)
    if isinstance(style.value, StoredStyle):
        check_encoder(style.name, recipe.name, encoder.exact)
    return style
