"""What clients can ask: the fields of the library's own requests, with ids of pictures in place of files."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from stylenet.catalog.networks import network_files
from stylenet.catalog.recipes import load_recipe, recipe_names
from stylenet.catalog.styles import style_files
from stylenet.errors import UsageError, did_you_mean
from stylenet.image.masks import KEEP
from stylenet.requests.base import default_of, option
from stylenet.requests.painting import Options, PaintRequest
from stylenet.workflows.painting import STARTS

PICTURE_ID = re.compile(r"[0-9a-f]{64}")
JOB_ID = re.compile(r"[0-9a-f]{20}")

SET_BY_SERVER = ("threads", "memory", "save_every")
"""Options of `PaintRequest` that clients may not give."""

MOST_STYLES = 16
_KNOWN_SECONDS = 5
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_MOST_SIDE_PX = 20_000
_INVERT = "invert:"

Format = Literal["png", "jpg", "webp", "tif"]


class JobRequest(PaintRequest, frozen=True, kw_only=True):
    """A painting: the fields of `PaintRequest`, with ids of pictures in place of files."""

    format: Annotated[Format, option("Of the result's file.", allowed="png, jpg, webp, tif")] = "png"
    quality: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None, option("Of JPEG and WebP, 1 to 100; 95 if left out.", allowed="1 to 100")
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in SET_BY_SERVER:
            default = 0 if name == "save_every" else None
            if getattr(self, name) != default:
                raise UsageError(f"{name} is given; allowed is to omit it: the server sets it")
        if not self.styles:
            raise UsageError("no style is given; allowed are names of GET /v1/styles and ids of PUT /v1/pictures; name at least one")
        if len(self.styles) > MOST_STYLES:
            raise UsageError(f"{len(self.styles)} styles are given; allowed are up to {MOST_STYLES}")
        self.check_styles(len(self.styles)) if not self.blend else None
        if self.photo is not None:
            _check_picture("photo", self.photo)
        for word in self.styles:
            _check_style(word, networks=True)
        _check_size(self.size)
        _check_palette(self.palette)
        if self.start is not None and self.start not in STARTS and not PICTURE_ID.fullmatch(self.start):
            raise UsageError(f"start is '{_short(self.start)}'; allowed are {', '.join(STARTS)}, or the id of a picture")
        for wish in self.masks:
            _split_mask(wish)
        _check_recipe(self.recipe, self.changes, start=self.start)
        if self.encoder is not None and not _PLAIN_WORD.fullmatch(self.encoder):
            raise UsageError(f"encoder is '{_short(self.encoder)}'; allowed are names like compact, vgg16, vgg19; files are not read")

    def pictures(self) -> tuple[str, ...]:
        """Ids of all pictures that it needs."""
        given = [self.photo, *self.styles, self.start, self.palette if isinstance(self.palette, str) else None]
        for wish in self.masks:
            _, mask, style = _split_mask(wish)
            given += [mask, style]
        return tuple(dict.fromkeys(word for word in given if word is not None and PICTURE_ID.fullmatch(word)))

    def given(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        values = msgspec.structs.asdict(self)
        return {name: value for name, value in values.items() if value != default_of(JobRequest, name)}

    def fields(self, path_of: Callable[[str], Path]) -> dict[str, Any]:
        """The fields of a `PaintRequest`, with files in place of ids, as JSON has them."""
        values = msgspec.to_builtins(msgspec.structs.asdict(self))
        for name in ("format", "quality", *SET_BY_SERVER):
            values.pop(name)

        def file(word: str | None) -> str | None:
            return word if word is None or not PICTURE_ID.fullmatch(word) else str(path_of(word))

        values |= {"photo": file(self.photo), "styles": [file(word) for word in self.styles], "start": file(self.start)}
        if isinstance(self.palette, str):
            values["palette"] = file(self.palette)
        masks = [_split_mask(wish) for wish in self.masks]
        values["masks"] = [f"{inverted}{file(mask)}={file(style)}" for inverted, mask, style in masks]
        return values


class PassRequest(Options, frozen=True, kw_only=True):
    """A single pass: the options of a painting, as the query of an address."""

    style: Annotated[tuple[str, ...], option("Name of a style or id of a picture; may be repeated, or several between commas.")] = ()
    mask: Annotated[
        tuple[str, ...],
        option("ID=STYLE: another style where the picture is white; ID=photo keeps the photo there; invert:ID=STYLE. May be repeated."),
    ] = ()
    format: Annotated[Literal["png", "jpg", "webp"], option("Of the answer.", allowed="png, jpg, webp")] = "jpg"
    quality: Annotated[int, option("Of JPEG and WebP.", allowed="1 to 100", ge=1, le=100)] = 85

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory is not None or self.save_every:
            raise UsageError("memory and save_every are set by the server; allowed is to omit them")
        if not self.style:
            raise UsageError("no style is given; allowed are names of GET /v1/styles and ids of PUT /v1/pictures; add ?style=NAME")
        if len(self.style) > MOST_STYLES:
            raise UsageError(f"{len(self.style)} styles are given; allowed are up to {MOST_STYLES}")
        for word in self.style:
            _check_style(word)
        for wish in self.mask:
            _split_mask(wish, networks=False)
        if self.blend:
            self.check_styles(len(self.style))
        _check_size(self.size)
        _check_palette(self.palette)

    @classmethod
    def of_query(cls, pairs: Iterable[tuple[str, str]], **defaults: Any) -> PassRequest:
        """The request in the query of an address.

        Raises:
            UsageError: there is no such option, one is given twice, or a value is not allowed.
        """
        values: dict[str, Any] = {}
        for name, text in pairs:
            if name in ("style", "protect", "mask"):
                values[name] = (*values.get(name, ()), *(word for word in text.split(",") if word))
            elif name in values:
                raise UsageError(f"{name} is given twice; allowed is once")
            elif name == "blend":
                values[name] = tuple(_number(name, word) for word in re.split(r"[\s,;:]+", text.strip()))
            elif name == "size":
                values[name] = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text
            elif name in ("strength", "style_scale", "feather"):
                values[name] = _number(name, text)
            elif name in ("seed", "dpi", "quality", "save_every"):
                if not re.fullmatch(r"-?[0-9]{1,20}", text):
                    raise UsageError(f"{name} is '{_short(text)}'; allowed are whole numbers")
                values[name] = int(text)
            else:
                values[name] = text
        return cls.of({**defaults, **values})

    def options(self) -> dict[str, Any]:
        """The fields of `Options`, as JSON has them."""
        values = msgspec.to_builtins(msgspec.structs.asdict(self))
        return {name: value for name, value in values.items() if name in Options.__struct_fields__}

    def regions(self) -> list[dict[str, Any]]:
        """The masks in parts: the picture's id, the style (None keeps the photo), and whether black is inside."""
        parts = map(_split_mask, self.mask)
        return [{"mask": mask, "style": None if style == KEEP else style, "inverted": bool(inverted)} for inverted, mask, style in parts]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{name} is '{_short(text)}'; allowed are numbers") from None


def _check_picture(name: str, word: str) -> None:
    if not PICTURE_ID.fullmatch(word):
        raise UsageError(f"{name} is '{_short(word)}'; allowed are ids of PUT /v1/pictures, of 64 letters and digits; paths are not read")


@functools.lru_cache(maxsize=4)
def _known(networks: bool, tick: int) -> frozenset[str]:
    """Names of styles; looked up anew every few seconds, since a person may add some."""
    return frozenset({**style_files(), **(network_files() if networks else {})})


def _check_style(word: str, *, networks: bool = False) -> None:
    known = _known(networks, int(time.monotonic()) // _KNOWN_SECONDS)
    if PICTURE_ID.fullmatch(word) or word in known:
        return
    raise UsageError(
        f"style is '{_short(word)}'; allowed are names of GET /v1/styles and ids of PUT /v1/pictures; paths are not read."
        f"{did_you_mean(word[:100], known)}"
    )


def _check_palette(palette: str | tuple[tuple[str, float], ...] | None) -> None:
    if not isinstance(palette, str) or not palette:
        return
    if re.fullmatch(r"#?[0-9A-Fa-f]{6}(\s*,\s*#?[0-9A-Fa-f]{6})*", palette) and ("," in palette or palette.startswith("#")):
        return
    if not PICTURE_ID.fullmatch(palette) and palette not in style_files():
        raise UsageError(
            f"palette is '{_short(palette)}'; allowed are colors like #264653,#e9c46a, names of GET /v1/styles and ids of PUT /v1/pictures"
        )


def _check_size(size: int | str | None) -> None:
    numbers = [size] if isinstance(size, int) else [int(word) for word in re.findall(r"[0-9]{1,9}", size or "")]
    if isinstance(size, str) and size != "full" and not re.fullmatch(r"[0-9]{1,9}(\s*[xX×]\s*[0-9]{1,9})?", size.strip()):
        raise UsageError(f"size is '{_short(size)}'; allowed are a long side in pixels, WIDTHxHEIGHT, or full")
    if any(not 1 <= number <= _MOST_SIDE_PX for number in numbers):
        raise UsageError(f"size is {size}; allowed are 1 to {_MOST_SIDE_PX} pixels on a side")


def _check_recipe(recipe: str | None, changes: dict[str, str], *, start: str | None) -> None:
    if recipe is not None and recipe not in recipe_names():
        raise UsageError(
            f"recipe is '{_short(recipe)}'; allowed are names of GET /v1/recipes; files are not read."
            f"{did_you_mean(recipe[:100], recipe_names())}"
        )
    for name, value in changes.items():
        if name.endswith(".name") and not _PLAIN_WORD.fullmatch(value):
            raise UsageError(f"{_short(name)} is '{_short(value)}'; allowed are names; files are not read")
    load_recipe(recipe or "standard", changes)
    if start in STARTS and "picture.start" in changes:
        raise UsageError("start and changes picture.start are both given; choose one")


def _split_mask(wish: str, *, networks: bool = True) -> tuple[str, str, str]:
    """`invert:` or nothing, the id of the mask, and the style."""
    inverted = _INVERT if wish.startswith(_INVERT) else ""
    mask, equals, style = wish.removeprefix(_INVERT).partition("=")
    if not equals or not PICTURE_ID.fullmatch(mask):
        raise UsageError(f"the mask is '{_short(wish)}'; allowed are ID=STYLE, ID=photo and invert:ID=STYLE, with the id of a picture")
    if style != KEEP:
        _check_style(style, networks=networks)
    return inverted, mask, style


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
