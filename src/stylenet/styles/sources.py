"""Find styles by name, picture, style file or folder. Does not import torch."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from stylenet.catalog.naming import is_name
from stylenet.catalog.styles import find_style, read_card, style_files
from stylenet.errors import ImageError, StyleError
from stylenet.image.color import palette
from stylenet.image.files import ImageSource, Picture, is_source, load_image
from stylenet.image.recolor import parse_color
from stylenet.image.resize import fit_within, resize
from stylenet.notices import prefixed
from stylenet.shapes import Image
from stylenet.styles.files import read_style
from stylenet.styles.stored import StoredStyle

_MAX_PX = 4096
"""Largest long side of a style image; more pixels have no effect at the sizes in use."""

_MIN_PX = 16
"""Smallest side of a style image."""

_FOLDER_PX = 1024
"""Largest long side of the pictures of a folder, since all of them are in memory."""

_FOLDER_MAX_FILES = 64
"""Largest number of pictures of a folder; if it has more, they are selected evenly."""

_FOLDER_MAX_NAMED = 3
"""Largest number of skipped files named in a notice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StylePicture:
    """A style image, not measured yet.

    Attributes:
        name: Name of the file without the suffix.
        pixels: (1, 3, H, W), 0..1.
        notices: Notices for the user about the file, one line each.
    """

    name: str
    pixels: Image
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class StyleFolder:
    """A folder of pictures as a single style.

    Attributes:
        name: Name of the folder.
        parts: The pictures, at least one.
        notices: Notices for the user about its files.
    """

    name: str
    parts: tuple[StylePicture, ...]
    notices: tuple[str, ...] = ()


FoundStyle: TypeAlias = StoredStyle | StylePicture | StyleFolder

StyleSource: TypeAlias = ImageSource | Picture | FoundStyle | Any
"""A name, a path, a picture or an array, a found style, or a style opened by a stylizer."""


def resolve(source: StyleSource) -> FoundStyle:
    """Find a style: a picture, a `.safetensors` style file, the name of a style, or a folder of pictures.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: `source` is neither a file nor the name of a style, or a folder without pictures.
    """
    if isinstance(source, (StoredStyle, StylePicture, StyleFolder)):
        return source
    if isinstance(source, Picture):
        return _of_picture(source)
    if isinstance(source, (str, os.PathLike)):
        path = find_style(str(source)) if is_name(source, style_files()) else Path(os.fsdecode(source))
        if os.path.isdir(path):
            return _of_folder(path)
        if path.suffix == ".safetensors":
            return read_style(path)
    if not is_source(source):
        raise StyleError(
            f"a style must be a name, a file, a folder, a picture or an array; got {type(source).__name__}"
            f"{'' if isinstance(source, (dict, list, tuple)) or type(source).__repr__ is object.__repr__ else f' {source!r:.60}'}"
        )
    return _of_picture(load_image(source))


def recolored(style: FoundStyle, recolor: Callable[[Image], Image]) -> FoundStyle:
    """Apply `recolor` to the pictures of a style.

    Raises:
        StyleError: the style is a style file, which has no picture.
    """
    if isinstance(style, StoredStyle):
        raise StyleError(f"style '{style.name}' has no picture to recolor before painting; give the style image, or recolor the result")
    if isinstance(style, StyleFolder):
        return replace(style, parts=tuple(replace(part, pixels=recolor(part.pixels)) for part in style.parts))
    return replace(style, pixels=recolor(style.pixels))


def open_palette(source: str) -> tuple[tuple[str, float], ...]:
    """Colors and their shares from a list "#rrggbb,#rrggbb", the name of a style, a style file, or a picture.

    Raises:
        UsageError: a color of the list is not of the form "#rrggbb".
        StyleError: `source` is neither a file nor the name of a style, or the style file has no colors.
        ImageError: the picture cannot be read.
    """
    # The number sign is optional: unquoted, it starts a comment in shells.
    words = [f"#{word.strip().removeprefix('#').lower()}" for word in source.split(",")] if "," in source or source.startswith("#") else []
    if words and (all(re.fullmatch("#[0-9a-f]{6}", word) for word in words) or not os.path.exists(source)):
        for word in words:
            parse_color(word)
        return tuple((word, 1 / len(words)) for word in words)
    path = find_style(source) if is_name(source, style_files()) else Path(source)
    if path.suffix == ".safetensors":
        card = read_card(path)
        if not card.colors:
            raise StyleError(f"style '{card.name}' has no colors; give a list of colors, or the style image")
        return card.colors
    return tuple((swatch.color, swatch.share) for swatch in palette(load_image(path).pixels))


def fingerprint(style: FoundStyle) -> str:
    """SHA-256 of a style image's pixels or of a style's statistics, for the receipt."""
    digest = hashlib.sha256()
    if isinstance(style, StylePicture):
        digest.update(style.pixels.tobytes())
    elif isinstance(style, StyleFolder):
        for picture in style.parts:
            digest.update(fingerprint(picture).encode())
    else:
        digest.update(f"{style.card.sizes_px}".encode())
        for layer, values in sorted(style.layers.items()):
            digest.update(layer.encode())
            for part in values.arrays.values():
                digest.update(part.tobytes())
    return digest.hexdigest()


def pixels_fingerprint(pixels: NDArray[Any]) -> str:
    """SHA-256 of a picture's pixels."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _of_folder(folder: Path) -> StyleFolder:
    """All readable pictures in a folder, except hidden files; `notices` lists skipped files."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    notices = []
    if len(files) > _FOLDER_MAX_FILES:
        notices.append(f"the folder '{folder}' has {len(files)} files; {_FOLDER_MAX_FILES} of them are used, selected evenly by name")
        files = [files[index * len(files) // _FOLDER_MAX_FILES] for index in range(_FOLDER_MAX_FILES)]
    parts, problems = [], []
    for path in files:
        try:
            parts.append(_of_picture(load_image(path), max_px=_FOLDER_PX))
        except (ImageError, StyleError) as error:
            problems.append(str(error))
    if problems:
        reasons = "; ".join([*problems[:_FOLDER_MAX_NAMED], *(["..."] if len(problems) > _FOLDER_MAX_NAMED else [])])
        notices.append(f"{len(problems)} of {len(files)} files in the folder '{folder}' are skipped: {reasons}")
    if not parts:
        raise StyleError(f"the folder '{folder}' has no usable picture; give a folder with pictures, or a single picture")
    return StyleFolder(
        name=folder.resolve().name or "folder",
        parts=tuple(parts),
        notices=(*notices, *(notice for part in parts for notice in part.notices)),
    )


def _of_picture(picture: Picture, *, max_px: int = _MAX_PX) -> StylePicture:
    name = Path(picture.source).stem if picture.source else "picture"
    if min(picture.width, picture.height) < _MIN_PX:
        raise StyleError(
            f"the style image '{name}' has {picture.width} x {picture.height} pixels; give one with at least {_MIN_PX} on each side",
            code="style-too-small",
            width=picture.width,
            height=picture.height,
            least=_MIN_PX,
        )
    pixels = resize(picture.pixels, fit_within(picture.width, picture.height, max_px))
    return StylePicture(name=name, pixels=pixels, notices=prefixed(f"style '{name}'", picture.notices))
