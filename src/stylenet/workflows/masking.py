"""A mask of a photo's subject or its faces, as a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stylenet.errors import UsageError
from stylenet.image.files import load_image, save_image
from stylenet.image.masks import soften
from stylenet.image.output import check_output
from stylenet.image.subject import Rectangle, find_faces, find_subject
from stylenet.shapes import Image, Mask
from stylenet.workflows.outputs import keep_apart, reserve_output

_FAINTEST = 0.05
"""Largest value of a mask that is too dark to be read as one."""


def mask_file(
    photo: Path,
    output: Path | None = None,
    *,
    faces: bool = False,
    rectangle: str | None = None,
    feather: float = 0.0,
    invert: bool = False,
    show: Path | None = None,
    notify: Callable[[str], object] = lambda notice: None,
) -> tuple[Path, float]:
    """Write a mask, white where the subject or the faces of a photo are; returns its path and the share of the photo inside it.

    Args:
        photo: The photo file.
        output: Output file; None: named after the photo, in the current directory.
        faces: Mask heads instead of the main subject.
        rectangle: Search for the subject in this rectangle; see `parse_rectangle`.
        feather: Width of the soft edge in pixels.
        invert: Mask everything else instead.
        show: Output file for the photo with everything outside the mask darkened.
        notify: Called with each notice about the photo.

    Raises:
        StylenetError: the photo cannot be read, nothing is found in it, or the mask cannot be written.
    """
    with reserve_output(output, f"{photo.stem}-mask") as target:
        check_output(target, formats={".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"})
        if show is not None:
            check_output(show)
        keep_apart([("--output", target), ("--show", show)], [photo])
        picture = load_image(photo)
        for notice in picture.notices:
            notify(notice)
        if faces:
            found = find_faces(picture.pixels)
        else:
            inside = None if rectangle is None else parse_rectangle(rectangle, (picture.width, picture.height))
            found = find_subject(picture.pixels, inside)
        found = soften(found, feather)
        if float(found.max()) < _FAINTEST:
            raise UsageError(f"--feather {feather:g} leaves nothing of the mask, which is smaller; use fewer pixels")
        found = 1 - found if invert else found
        save_image(np.repeat(found, 3, axis=1), target)
        if show is not None:
            save_image(_shaded(picture.pixels, found), show)
        return target, float(found.mean())


def parse_rectangle(text: str, size: tuple[int, int]) -> Rectangle:
    """The rectangle in "X,Y,WIDTH,HEIGHT", each in pixels or in percent of the photo's (width, height): "10%,20%,50%,60%"."""
    words = [re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(%|px)?\s*", word) for word in text.split(",")]
    found = [word for word in words if word]
    if len(words) != 4 or len(found) != 4:
        raise UsageError(f"--rectangle is '{text}'; write X,Y,WIDTH,HEIGHT in pixels or percent, such as 120,80,400,300 or 10%,20%,50%,60%")
    values = (float(word[1]) * (side / 100 if word[2] == "%" else 1) for word, side in zip(found, (*size, *size), strict=True))
    x, y, width, height = values
    left, top = round(x), round(y)
    return left, top, round(x + width) - left, round(y + height) - top


def _shaded(photo: Image, mask: Mask) -> Image:
    """The photo in color inside the mask, in a dim violet outside."""
    violet = np.array([0.25, 0.0, 0.3], dtype=np.float32).reshape(1, 3, 1, 1)
    return photo * mask + (0.35 * photo.mean(axis=1, keepdims=True) + violet) * (1 - mask)
