"""From what a person gives as a style (a name, a picture, a style file) to a style."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TypeAlias

import torch

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.styles import find_style
from stylenet.encoders.opening import OpenEncoder
from stylenet.errors import StyleError
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.resize import resize
from stylenet.styles.files import read_style
from stylenet.styles.style import PictureStyle, StoredStyle

StyleSource: TypeAlias = ImageSource | Picture | PictureStyle | StoredStyle


def open_style(source: StyleSource, recipe: Recipe, encoder: OpenEncoder) -> PictureStyle | StoredStyle:
    """The style that `source` means: a picture, a `.safetensors` style file, or the name of a style.

    Raises:
        ImageError: the picture cannot be read.
        StyleError: neither a file nor the name of a style, or a style file of another encoder.
    """
    if isinstance(source, (PictureStyle, StoredStyle)):
        return source
    if isinstance(source, Picture):
        return _of_picture(source, recipe, encoder)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        is_name = isinstance(source, str) and path.name == source and not path.suffix and not path.exists()
        if is_name:
            path = find_style(str(source))
        if path.suffix == ".safetensors":
            if encoder.record.name != "compact":
                raise StyleError(
                    f"style '{path.stem}' holds statistics of the compact encoder, the painting is done with {encoder.record.name}; "
                    "give the painting's picture, or --encoder compact"
                )
            return read_style(path, encoder_sha256=encoder.sha256)
    return _of_picture(load_image(source), recipe, encoder)


def style_fingerprint(style: PictureStyle | StoredStyle) -> str:
    """SHA-256 of a painting's pixels or of a style's numbers, for the receipt."""
    digest = hashlib.sha256()
    if isinstance(style, PictureStyle):
        digest.update(style.pixels.contiguous().numpy().tobytes())
    else:
        for size, layers in sorted(style.ladder.items()):
            for layer, values in sorted(layers.items()):
                digest.update(f"{size} {layer}".encode())
                for part in values.tensors.values():
                    digest.update(part.numpy().tobytes())
    return digest.hexdigest()


def pixels_fingerprint(pixels: torch.Tensor) -> str:
    """SHA-256 of a picture's pixels as they are painted from."""
    return hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()


def _of_picture(picture: Picture, recipe: Recipe, encoder: OpenEncoder) -> PictureStyle:
    name = Path(picture.source).stem if picture.source else "picture"
    pixels = picture.pixels
    if min(picture.width, picture.height) < 16:
        raise StyleError(f"the painting '{name}' is {picture.width} x {picture.height} pixels; it needs at least 16 on each side")
    most = 4096  # a larger painting says nothing more at the sizes that are painted
    if max(picture.width, picture.height) > most:
        scale = most / max(picture.width, picture.height)
        pixels = resize(pixels, (round(picture.width * scale), round(picture.height * scale)))
    return PictureStyle(name=name, pixels=pixels, encoder=encoder.exact, rim_px=recipe.picture.rim_px)
