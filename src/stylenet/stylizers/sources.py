"""From what a person gives as a style (a name, a picture, a style file) to a style."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from stylenet.catalog.naming import is_name
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.styles import find_style, read_card, style_files
from stylenet.encoders.opening import OpenEncoder
from stylenet.errors import ImageError, StyleError
from stylenet.image.color import palette
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.recolor import keep_colors, parse_color
from stylenet.image.resize import fit_within, resize
from stylenet.styles.compatibility import check_encoder
from stylenet.styles.files import read_style
from stylenet.styles.style import MixedStyle, PictureStyle, StoredStyle
from stylenet.stylizers.one_pass import TrainedStyle

AnyStyle: TypeAlias = PictureStyle | StoredStyle | MixedStyle

StyleSource: TypeAlias = ImageSource | Picture | AnyStyle

_MOST_PX = 4096
"""Long side of a painting; a larger one says nothing more at the sizes that are painted."""

_FOLDER_PX = 1024
"""Long side of the pictures of a folder: all of them are held in memory."""

_FOLDER_MOST = 64
"""Pictures that are taken of a folder; evenly spread, where it has more."""

_FOLDER_TOLD = 3
"""Files of a folder that are left out and told by name."""


def open_style(source: StyleSource, recipe: Recipe, encoder: OpenEncoder) -> AnyStyle:
    """The style that `source` means: a picture, a `.safetensors` style file, the name of a style, or a folder of pictures.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: neither a file nor the name of a style, a style file with another encoder's statistics, or a folder without a picture.
    """
    if isinstance(source, StoredStyle):
        check_encoder(source.name, recipe.name, encoder.exact)
        return source
    if isinstance(source, (PictureStyle, MixedStyle)):
        return source
    if isinstance(source, Picture):
        return _of_picture(source, recipe, encoder)
    if isinstance(source, (str, os.PathLike)):
        path = find_style(str(source)) if is_name(source, style_files()) else Path(source)
        if path.is_dir():
            return _of_folder(path, recipe, encoder)
        if path.suffix == ".safetensors":
            check_encoder(path.stem, recipe.name, encoder.exact)
            return read_style(path)
    return _of_picture(load_image(source), recipe, encoder)


def recolored(style: AnyStyle, photo: Tensor, mode: str) -> AnyStyle:
    """A painting in the photo's colors, before it is painted with; `mode` is one of `recolor.KEEP_COLORS`.

    Raises:
        StyleError: it is a style file, which has no picture to recolor.
    """
    if isinstance(style, StoredStyle):
        raise StyleError(
            f"style '{style.name}' has no picture whose colors could be changed before painting; give the painting's picture, or change "
            "the colors of the result"
        )
    if isinstance(style, MixedStyle):
        return replace(style, parts=tuple(replace(part, pixels=keep_colors(part.pixels, photo, mode)) for part in style.parts))
    return replace(style, pixels=keep_colors(style.pixels, photo, mode))


def open_palette(source: str) -> tuple[tuple[str, float], ...]:
    """The colors that `source` means and their shares: a list "#rrggbb,#rrggbb", the name of a style, a style file, or a picture.

    Raises:
        UsageError: a color of the list is written wrong.
        StyleError: neither a file nor the name of a style, or a style that does not tell its colors.
        ImageError: the picture cannot be read.
    """
    # Without the number sign too: unquoted, a shell takes it for the start of a comment.
    words = [f"#{word.strip().removeprefix('#').lower()}" for word in source.split(",")] if "," in source or source.startswith("#") else []
    if words and (all(re.fullmatch("#[0-9a-f]{6}", word) for word in words) or not os.path.exists(source)):
        for word in words:
            parse_color(word)
        return tuple((word, 1 / len(words)) for word in words)
    path = find_style(source) if is_name(source, style_files()) else Path(source)
    if path.suffix == ".safetensors":
        card = read_card(path)
        if not card.colors:
            raise StyleError(f"style '{card.name}' does not tell its colors; give a list of colors, or the painting's picture")
        return card.colors
    return tuple((swatch.color, swatch.share) for swatch in palette(load_image(path).pixels))


def style_fingerprint(style: AnyStyle | TrainedStyle) -> str:
    """SHA-256 of a painting's pixels or of a style's numbers, for the receipt."""
    if isinstance(style, TrainedStyle):
        return style.sha256
    digest = hashlib.sha256()
    if isinstance(style, PictureStyle):
        digest.update(style.pixels.contiguous().numpy().tobytes())
    elif isinstance(style, MixedStyle):
        for picture in style.parts:
            digest.update(style_fingerprint(picture).encode())
    else:
        digest.update(f"{style.card.sizes_px}".encode())
        for layer, values in sorted(style.layers.items()):
            digest.update(layer.encode())
            for part in values.tensors.values():
                digest.update(part.numpy().tobytes())
    return digest.hexdigest()


def pixels_fingerprint(pixels: torch.Tensor) -> str:
    """SHA-256 of a picture's pixels as they are painted from."""
    return hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()


def _of_folder(folder: Path, recipe: Recipe, encoder: OpenEncoder) -> MixedStyle:
    """All pictures in a folder that can be read as one style; hidden files do not count, and `notices` tells what is left out."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    notices = []
    if len(files) > _FOLDER_MOST:
        notices.append(f"the folder '{folder}' has {len(files)} files, and {_FOLDER_MOST} of them are used, evenly spread by name")
        files = [files[index * len(files) // _FOLDER_MOST] for index in range(_FOLDER_MOST)]
    parts, problems = [], []
    for path in files:
        try:
            parts.append(_of_picture(load_image(path), recipe, encoder, most_px=_FOLDER_PX))
        except (ImageError, StyleError) as error:
            problems.append(str(error))
    if problems:
        told = "; ".join([*problems[:_FOLDER_TOLD], *(["..."] if len(problems) > _FOLDER_TOLD else [])])
        notices.append(f"of the folder '{folder}', {len(problems)} of {len(files)} files are left out: {told}")
    if not parts:
        raise StyleError(f"the folder '{folder}' has no picture that can be a style; give one with paintings in it, or a single picture")
    return MixedStyle(name=folder.resolve().name or "folder", parts=tuple(parts), notices=tuple(notices))


def _of_picture(picture: Picture, recipe: Recipe, encoder: OpenEncoder, *, most_px: int = _MOST_PX) -> PictureStyle:
    name = Path(picture.source).stem if picture.source else "picture"
    pixels = picture.pixels
    if min(picture.width, picture.height) < 16:
        raise StyleError(f"the painting '{name}' is {picture.width} x {picture.height} pixels; it needs at least 16 on each side")
    pixels = resize(pixels, fit_within(picture.width, picture.height, most_px))
    return PictureStyle(name=name, pixels=pixels, encoder=encoder.exact, rim_px=recipe.picture.rim_px)
