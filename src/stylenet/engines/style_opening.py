"""A style as an engine paints with it, from whatever a person gave. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from stylenet.engines.protocol import OpenStyle, Recolor
from stylenet.styles.sources import StyleFolder, StylePicture, StyleSource, fingerprint, recolored, resolve

_Measured = TypeVar("_Measured")


def opened_style(
    source: StyleSource,
    measure: Callable[[StylePicture], _Measured],
    mix: Callable[[str, Sequence[_Measured]], object],
    *,
    recolor: Recolor | None = None,
) -> OpenStyle:
    """The style that `source` means: a stored one as it is, a picture measured, a folder measured and mixed.

    Args:
        source: A name, a file, a folder, a picture or an array.
        measure: From a picture to what the engine paints with.
        mix: From a folder's name and its measured pictures to the same.
        recolor: Applied to pictures first.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: neither a file nor the name of a style, or a folder without a picture.
    """
    found = resolve(source)
    if recolor is not None:
        found = recolored(found, recolor)
    sha256 = fingerprint(found)
    if isinstance(found, StylePicture):
        return OpenStyle(name=found.name, sha256=sha256, value=measure(found))
    if isinstance(found, StyleFolder):
        mixed = mix(found.name, [measure(part) for part in found.parts])
        return OpenStyle(name=found.name, sha256=sha256, value=mixed, notices=found.notices)
    return OpenStyle(name=found.name, sha256=sha256, value=found)
