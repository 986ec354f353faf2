"""API requests: like those of the library, but with picture ids instead of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from stylenet.errors import UsageError
from stylenet.requests.base import default_of, option
from stylenet.requests.painting import Options, PaintRequest, Quality
from stylenet.server.api_checks import (
    MAX_STYLES,
    PICTURE_ID,
    check_blend,
    check_encoder,
    check_masks,
    check_palette,
    check_photo,
    check_recipe,
    check_size,
    check_start,
    check_styles,
    shortened,
    split_mask,
)

SET_BY_SERVER = ("threads", "memory", "save_every")
"""Options that clients cannot set."""

NOT_FOR_PASSES = ("memory", "save_every", "paper")
"""Options that single passes do not support."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LISTS = ("style", "mask", "protect")
_WHOLE_NUMBERS = ("seed", "dpi", "quality", "save_every")
_NUMBERS = ("strength", "style_scale", "feather")


class JobRequest(PaintRequest, frozen=True, kw_only=True):
    """A painting: the fields of `PaintRequest`, with picture ids instead of files."""

    format: Annotated[Literal["png", "jpg", "webp", "tif"], option("Format of the result.", allowed="png, jpg, webp, tif")] = "png"
    quality: Quality = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in SET_BY_SERVER:
            if getattr(self, name) != default_of(PaintRequest, name):
                raise UsageError(f"{name} is set by the server; omit it")
        check_styles(self.styles, networks=True)
        check_blend(self, self.styles)
        check_photo(self.photo)
        if self.photo is None:
            self.check_texture()
        check_size(self.size)
        check_palette(self.palette)
        check_start(self.start)
        check_masks(self.masks, networks=True)
        check_recipe(self.recipe, self.changes, start=self.start)
        check_encoder(self.encoder)

    def pictures(self) -> tuple[str, ...]:
        """Ids of all pictures that the job needs."""
        words = [self.photo, *self.styles, self.start, self.palette]
        for text in self.masks:
            mask = split_mask(text)
            words += [mask.picture, mask.style]
        return tuple(dict.fromkeys(word for word in words if isinstance(word, str) and PICTURE_ID.fullmatch(word)))

    def given(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        values = msgspec.structs.asdict(self)
        return {name: value for name, value in values.items() if value != default_of(JobRequest, name)}

    def painting_fields(self, path_of: Callable[[str], Path]) -> dict[str, Any]:
        """The fields of a `PaintRequest` as JSON values, with files instead of ids.

        Args:
            path_of: Returns the file of a picture id.
        """

        def resolved(word: Any) -> Any:
            return str(path_of(word)) if isinstance(word, str) and PICTURE_ID.fullmatch(word) else word

        values: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("format", "quality", *SET_BY_SERVER):
            values.pop(name)
        for name in ("photo", "start", "palette"):
            values[name] = resolved(values[name])
        values["styles"] = [resolved(style) for style in self.styles]
        values["masks"] = [split_mask(text).with_files(resolved) for text in self.masks]
        return values


class PassRequest(Options, frozen=True, kw_only=True):
    """A single pass: the options of a painting as the query of a URL."""

    style: Annotated[
        tuple[str, ...], option(f"Name of a style, or picture id. Up to {MAX_STYLES}: repeat it, or separate them by commas.")
    ] = ()
    mask: Annotated[
        tuple[str, ...],
        option(
            "Use another style where the picture with this id is white: ID=STYLE. ID=photo keeps the photo there; invert:ID=STYLE applies "
            "where it is black. May be repeated."
        ),
    ] = ()
    format: Annotated[Literal["png", "jpg", "webp"], option("Format of the picture.", allowed="png, jpg, webp")] = "jpg"
    quality: Annotated[int, option("Quality of JPEG and WebP.", allowed="1 to 100", ge=1, le=100)] = 85

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in NOT_FOR_PASSES:
            if getattr(self, name) != default_of(Options, name):
                raise UsageError(f"{name} is not supported by a single pass; omit it, or use POST /v1/jobs")
        check_styles(self.style)
        check_masks(self.mask)
        check_blend(self, self.style)
        check_size(self.size)
        check_palette(self.palette)

    @classmethod
    def from_query(cls, pairs: Iterable[tuple[str, str]], **defaults: Any) -> PassRequest:
        """Parse the query of a URL.

        Raises:
            UsageError: an option does not exist or is given twice, or a value is not allowed.
        """
        values: dict[str, Any] = {}
        for name, text in pairs:
            if name in _LISTS:
                values[name] = (*values.get(name, ()), *(word for word in text.split(",") if word))
            elif name in values:
                raise UsageError(f"{name} is given twice; allowed is once")
            else:
                values[name] = _parsed(name, text)
        return cls.of({**defaults, **values})

    def options(self) -> dict[str, Any]:
        """The fields of `Options` that are set, as JSON values."""
        values = msgspec.to_builtins(self)
        return {name: values[name] for name in Options.__struct_fields__ if values[name] is not None}


def _parsed(name: str, text: str) -> Any:
    if name == "blend":
        return tuple(_number(name, word) for word in re.split(r"[\s,;:]+", text.strip()))
    if name == "size":
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text
    if name in _NUMBERS:
        return _number(name, text)
    if name in _WHOLE_NUMBERS:
        if not re.fullmatch(r"-?[0-9]{1,20}", text):
            raise UsageError(f"{name} is '{shortened(text)}'; allowed are whole numbers")
        return int(text)
    return text


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"{name} is '{shortened(text)}'; allowed are numbers")
    return float(text)
