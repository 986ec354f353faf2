"""Checks of the values in API requests: ids and names are allowed, paths and URLs are not."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from stylenet.catalog.networks import network_files
from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.catalog.styles import style_files
from stylenet.errors import UsageError, did_you_mean
from stylenet.image.masks import KEEP
from stylenet.requests.painting import Options
from stylenet.workflows.painting import STARTS

PICTURE_ID = re.compile(r"[0-9a-f]{64}")
JOB_ID = re.compile(r"[0-9a-f]{20}")

MAX_STYLES = 16
MAX_SIDE_PX = 20_000
_RELOAD_SECONDS = 5
"""Time for which style names are cached; users may add styles while the server runs."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_COLORS = re.compile(r"#[0-9A-Fa-f]{6}|#?[0-9A-Fa-f]{6}(\s*,\s*#?[0-9A-Fa-f]{6})+")
_SIZE = re.compile(r"full|\s*([0-9]{1,9})(?:\s*[xX×]\s*([0-9]{1,9}))?\s*")
_INVERT = "invert:"


class Mask(NamedTuple):
    """A mask in a request.

    Attributes:
        prefix: "invert:" or empty.
        picture: Id of the mask.
        style: Name of a style, picture id, or "photo".
    """

    prefix: str
    picture: str
    style: str

    def with_files(self, file_of: Callable[[str], str]) -> str:
        """`FILE=STYLE` or `invert:FILE=STYLE`.

        Args:
            file_of: Returns the file of a picture id, and other words unchanged.
        """
        return f"{self.prefix}{file_of(self.picture)}={file_of(self.style)}"


def check_photo(photo: str | None) -> None:
    """Raise `UsageError` unless the photo is a picture id."""
    if photo is not None and not PICTURE_ID.fullmatch(photo):
        raise UsageError(f"photo is '{shortened(photo)}'; allowed are ids of PUT /v1/pictures; paths are not read")


def check_styles(styles: Sequence[str], *, networks: bool = False) -> None:
    """Raise `UsageError` unless there are styles, and each is a known name or a picture id.

    Args:
        styles: The styles to check.
        networks: Whether names of trained networks are allowed.
    """
    if not styles:
        raise UsageError("no style is given; allowed are names of GET /v1/styles and ids of PUT /v1/pictures; name at least one")
    if len(styles) > MAX_STYLES:
        raise UsageError(f"{len(styles)} styles are given; allowed are up to {MAX_STYLES}")
    for style in styles:
        _check_style(style, networks=networks)


def check_masks(masks: Sequence[str], *, networks: bool = False) -> None:
    """Raise `UsageError` unless each mask is `ID=STYLE` or `invert:ID=STYLE`, with a style as in `check_styles` or "photo"."""
    for text in masks:
        style = split_mask(text).style
        if style != KEEP:
            _check_style(style, networks=networks)


def check_blend(options: Options, styles: Sequence[str]) -> None:
    """Raise `UsageError` if shares are given, but not one for each style."""
    if options.blend:
        options.check_styles(len(styles))


def check_palette(palette: str | Sequence[tuple[str, float]] | None) -> None:
    """Raise `UsageError` unless the palette is a list of colors, the name of a style or a picture id."""
    if not isinstance(palette, str) or not palette or _COLORS.fullmatch(palette) or PICTURE_ID.fullmatch(palette):
        return
    if palette not in style_files():
        raise UsageError(
            f"palette is '{shortened(palette)}'; allowed are colors like #264653,#e9c46a, names of GET /v1/styles and ids of "
            "PUT /v1/pictures"
        )


def check_size(size: int | str | None) -> None:
    """Raise `UsageError` unless the size is within bounds."""
    match = _SIZE.fullmatch(str(size))
    if size is not None and match is None:
        raise UsageError(f"size is '{shortened(str(size))}'; allowed are a long side in pixels, WIDTHxHEIGHT, or full")
    if any(not 1 <= side <= MAX_SIDE_PX for side in sides_px(size)):
        raise UsageError(f"size is {size}; allowed are 1 to {MAX_SIDE_PX} pixels on a side")


def sides_px(size: int | str | None) -> tuple[int, ...]:
    """The sides given by a size: one, two, or none for `full`."""
    match = _SIZE.fullmatch(str(size))
    return () if match is None else tuple(int(side) for side in match.groups() if side)


def check_start(start: str | None) -> None:
    """Raise `UsageError` unless the start is one of `STARTS` or a picture id."""
    if start is not None and start not in STARTS and not PICTURE_ID.fullmatch(start):
        raise UsageError(f"start is '{shortened(start)}'; allowed are {', '.join(STARTS)}, or the id of a picture")


def check_recipe(recipe: str | None, changes: Mapping[str, str], *, start: str | None) -> None:
    """Raise `StylenetError` unless the recipe exists and accepts the changes."""
    if recipe is not None and recipe not in recipe_names():
        raise UsageError(
            f"recipe is '{shortened(recipe)}'; allowed are names of GET /v1/recipes; files are not read"
            f"{did_you_mean(recipe[:100], recipe_names())}"
        )
    for name, value in changes.items():
        if name.endswith(".name") and not _PLAIN_NAME.fullmatch(value):
            raise UsageError(f"{shortened(name)} is '{shortened(value)}'; allowed are names; files are not read")
    load_recipe(recipe or "standard", changes)
    if start in STARTS and "picture.start" in changes:
        raise UsageError("start and changes picture.start are both given; choose one")


def check_encoder(encoder: str | None) -> None:
    """Raise `UsageError` unless the encoder is a name."""
    if encoder is not None and not _PLAIN_NAME.fullmatch(encoder):
        raise UsageError(f"encoder is '{shortened(encoder)}'; allowed are names like compact, vgg16, vgg19; files are not read")


def split_mask(text: str) -> Mask:
    """The parts of `ID=STYLE` or `invert:ID=STYLE`.

    Raises:
        UsageError: it has another form.
    """
    prefix = _INVERT if text.startswith(_INVERT) else ""
    picture, equals, style = text.removeprefix(_INVERT).partition("=")
    if not equals or not PICTURE_ID.fullmatch(picture):
        raise UsageError(f"the mask is '{shortened(text)}'; allowed are ID=STYLE, ID=photo and invert:ID=STYLE, with the id of a picture")
    return Mask(prefix, picture, style)


def shortened(text: str) -> str:
    """A text shortened to at most 80 characters."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_style(style: str, *, networks: bool) -> None:
    names = _style_names(networks, int(time.monotonic()) // _RELOAD_SECONDS)
    if not PICTURE_ID.fullmatch(style) and style not in names:
        raise UsageError(
            f"style is '{shortened(style)}'; allowed are names of GET /v1/styles and ids of PUT /v1/pictures; paths are not read"
            f"{did_you_mean(style[:100], names)}",
            code="unknown-style",
            style=shortened(style),
        )


@functools.lru_cache(maxsize=4)
def _style_names(networks: bool, period: int) -> frozenset[str]:
    return frozenset({**style_files(), **(network_files() if networks else {})})
