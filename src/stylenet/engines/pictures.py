"""Styles for engines that measure them with torch."""

from __future__ import annotations

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.engines.protocol import OpenStyle, Recolor
from stylenet.styles.compatibility import check_encoder
from stylenet.styles.sources import StyleFolder, StylePicture, StyleSource, fingerprint, recolored, resolve
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import MixedStyle, PictureStyle


def measured_style(
    source: StyleSource, recipe: Recipe, encoder: OpenEncoder, *, recolor: Recolor | None = None, least_px: int = 0
) -> OpenStyle:
    """The style that `source` means, as an encoder measures it; a picture is enlarged to an area of `least_px` squared.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: neither a file nor the name of a style, a style file with another encoder's statistics, or a folder without a picture.
    """
    found = resolve(source)
    if recolor is not None:
        found = recolored(found, recolor)
    sha256 = fingerprint(found)
    if isinstance(found, StoredStyle):
        check_encoder(found.name, recipe.name, encoder.exact)
        return OpenStyle(name=found.name, sha256=sha256, value=found)
    if isinstance(found, StyleFolder):
        parts = tuple(_measured(part, recipe, encoder, least_px) for part in found.parts)
        return OpenStyle(name=found.name, sha256=sha256, value=MixedStyle(name=found.name, parts=parts), notices=found.notices)
    return OpenStyle(name=found.name, sha256=sha256, value=_measured(found, recipe, encoder, least_px))


def _measured(picture: StylePicture, recipe: Recipe, encoder: OpenEncoder, least_px: int) -> PictureStyle:
    return PictureStyle(name=picture.name, pixels=picture.pixels, encoder=encoder.exact, rim_px=recipe.picture.rim_px, least_px=least_px)
