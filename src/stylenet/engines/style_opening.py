"""Open styles from any supported source. Does not import torch."""

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
    """Open a style: stored statistics as they are, a picture measured, or the pictures of a folder measured and mixed.

    Args:
        source: A name, a file, a folder, a picture or an array.
        measure: Function from a picture to the engine's representation of a style.
        mix: Function from the name of a folder and its measured pictures to the same.
        recolor: Function applied to pictures first.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: `source` is neither a file nor the name of a style, or a folder without pictures.
    """
    style = resolve(source)
    if recolor is not None:
        style = recolored(style, recolor)
    sha256 = fingerprint(style)
    if isinstance(style, StylePicture):
        return OpenStyle(name=style.name, sha256=sha256, value=measure(style), notices=style.notices)
    if isinstance(style, StyleFolder):
        mixed = mix(style.name, [measure(part) for part in style.parts])
        return OpenStyle(name=style.name, sha256=sha256, value=mixed, notices=style.notices)
    return OpenStyle(name=style.name, sha256=sha256, value=style)
