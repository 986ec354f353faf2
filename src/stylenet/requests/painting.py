"""The requests of `stylenet stylize` and `stylenet texture`."""

from __future__ import annotations

import math
import re
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from stylenet.errors import UsageError, counted, did_you_mean, shortened
from stylenet.image.recolor import KEEP_COLORS, check_palette
from stylenet.image.resize import PRINT_DPI, check_dpi
from stylenet.requests.base import Request, option
from stylenet.requests.machine import Device, Precision, Threads

BEFORE = ":before"
"""Suffix of `keep_colors`: recolor the style image before painting, instead of the result."""

PROTECTED = ("faces", "subject")
"""Allowed values of `protect`."""

MAX_FEATHER_PX = 500

_OF_PHOTO = ("protect", "keep_colors")
"""Options that refer to the photo, so that a texture does not support them."""

Quality: TypeAlias = Annotated[
    Annotated[int, Meta(ge=1, le=100)] | None, option("Quality of JPEG and WebP, 1 to 100 (default 95).", allowed="1 to 100")
]

Strength: TypeAlias = Annotated[
    float,
    option(
        "0 (photo) to 100 (painting); 50 is the recipe's own balance.",
        allowed="0 (the photo) to 100 (the painting), 50 is the recipe",
        ge=0,
        le=100,
    ),
]

StyleScale: TypeAlias = Annotated[
    float,
    option(
        "Size of the strokes relative to the painting, 0.125 to 8 (default 1).",
        allowed="0.125 (fine strokes) to 8 (broad strokes), 1 is the painting's",
        ge=1 / 8,
        le=8,
    ),
]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_UNITS |= {f"{prefix}b": size for prefix, size in _UNITS.items() if prefix} | {"kib": 2**10, "mib": 2**20, "gib": 2**30}


class Options(Request, frozen=True, kw_only=True):
    """Options of a painting, without its photo, styles and recipe."""

    size: Annotated[
        int | str | None,
        option(
            "Long side in pixels (512), WIDTHxHEIGHT (640x480), or full.",
            allowed="a whole number of pixels for the longer side, 'WIDTHxHEIGHT', or 'full'",
        ),
    ] = None
    strength: Strength = 50.0
    style_scale: StyleScale = 1.0
    blend: Annotated[
        tuple[float, ...],
        option("Share of each style, such as 0.7 0.3 (default: equal shares).", allowed="a list of numbers, one for each style"),
    ] = ()
    seed: Annotated[int, option("Random seed (default 0).", allowed="whole numbers from 0 to 2^63 - 1", ge=0, le=2**63 - 1)] = 0
    save_every: Annotated[
        int,
        option(
            "Save an intermediate picture at this interval in steps, next to the output: out-0100.png.",
            allowed="numbers of steps from 1, or 0 for none",
            ge=0,
        ),
    ] = 0
    paper: Annotated[str | None, option("Largest size that fits on the paper: 40x30cm, 400x300mm, 16x12in, A4, letter, at --dpi.")] = None
    dpi: Annotated[int | None, option("Dots per inch, recorded in the file (with --print: default 300).")] = None
    keep_colors: Annotated[
        str | None,
        option(
            "Give the result the photo's colors: luminance, histogram or mean-covariance. histogram:before recolors the painting first "
            "(not for built-in styles)."
        ),
    ] = None
    palette: Annotated[
        str | tuple[tuple[str, float], ...] | None,
        option(
            "Give the result the colors of a style, an image, or a list such as '#264653,#e9c46a'.",
            allowed="the name of a style, a picture file, colors such as '#264653,#e9c46a', or a list of ('#rrggbb', share)",
        ),
    ] = None
    feather: Annotated[float, option("Soften the edges of masks.", allowed=f"0 to {MAX_FEATHER_PX} pixels", ge=0, le=MAX_FEATHER_PX)] = 0.0
    protect: Annotated[str | tuple[str, ...] | None, option("Keep the photo's faces, or its subject. May be repeated.")] = None
    memory: Annotated[
        int | str | None,
        option(
            "Memory limit, such as 2GB. Larger pictures are painted tile by tile.", allowed="a whole number of bytes, or text such as 2GB"
        ),
    ] = None

    def __post_init__(self) -> None:
        blend: object = self.blend
        if isinstance(blend, (set, frozenset)):
            raise UsageError(f"blend is {shortened(str(blend))}, which has no order; allowed are a list of numbers, one for each style")
        super().__post_init__()
        if self.paper is not None and self.size is not None:
            raise UsageError(f"size {self.size} and paper {self.paper} are both given; choose one")
        self._check_colors()
        for what in self.protected:
            if what not in PROTECTED:
                raise UsageError(f"'{what}' cannot be protected; allowed are {', '.join(PROTECTED)}, or --mask FILE=photo")
        if self.dpi is not None:
            check_dpi(self.dpi)
        self.memory_bytes()
        if self.blend and not (min(self.blend) >= 0 and 0 < sum(self.blend) < math.inf):
            given = shortened(", ".join(f"{share:g}" for share in self.blend))
            raise UsageError(f"blend is {given}; shares are 0 or more, and not all 0")

    @property
    def protected(self) -> tuple[str, ...]:
        """`protect` as a sequence."""
        return (self.protect,) if isinstance(self.protect, str) else tuple(self.protect or ())

    @property
    def recolors_style(self) -> bool:
        """Whether the style images are recolored before painting."""
        return self.keep_colors is not None and self.keep_colors.endswith(BEFORE)

    def check_styles(self, count: int) -> None:
        """Raise `UsageError` unless there are styles, and one share for each if shares are given."""
        if count < 1:
            raise UsageError("no style is given; name at least one")
        if self.blend and len(self.blend) != count:
            raise UsageError(f"blend has {counted(len(self.blend), 'share')} for {counted(count, 'style')}; give one for each")

    def check_texture(self) -> None:
        """Raise `UsageError` if an option needs a photo, which a texture does not have."""
        for name in _OF_PHOTO:
            if (value := getattr(self, name)) is not None:
                given = value if isinstance(value, str) else ", ".join(value)
                raise UsageError(f"{name.replace('_', '-')} is '{given}', which needs a photo, and a texture has none; omit it")

    def shares(self, count: int) -> tuple[float, ...]:
        """Shares of `count` styles, normalized to a sum of one."""
        blend = self.blend or (1.0,) * count
        return tuple(share / sum(blend) for share in blend)

    def print_dpi(self) -> int | None:
        """Dots per inch to record in the result; None: those of the photo."""
        return PRINT_DPI if self.dpi is None and self.paper is not None else self.dpi

    def memory_bytes(self) -> int | None:
        """The memory limit in bytes; None: no limit.

        Raises:
            UsageError: `memory` cannot be parsed.
        """
        if self.memory is None:
            return None
        if isinstance(self.memory, int):
            if self.memory < 0:
                raise UsageError(f"memory is {self.memory}; write an amount such as 2GB, 800MB or 1.5GiB, or a number of bytes")
            return self.memory
        match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]*)?)\s*([a-z]*)", self.memory.strip().lower())
        if match is None or match[2] not in _UNITS:
            raise UsageError(f"memory is '{shortened(self.memory)}'; write an amount such as 2GB, 800MB or 1.5GiB")
        return round(float(match[1]) * _UNITS[match[2]])

    def _check_colors(self) -> None:
        mode = self.keep_colors
        if mode is not None and mode.removesuffix(BEFORE) not in KEEP_COLORS:
            raise UsageError(
                f"keep-colors is '{mode}'; allowed are {', '.join(KEEP_COLORS)}, optionally followed by {BEFORE} to recolor the "
                f"painting instead of the result{did_you_mean(mode, KEEP_COLORS)}"
            )
        if mode == KEEP_COLORS[0] + BEFORE:
            raise UsageError(
                "keep-colors luminance:before is not possible: it matches positions, and those of the painting "
                "do not correspond to those of the photo"
            )
        if isinstance(self.palette, tuple):
            check_palette(self.palette)
        if self.palette and mode is not None:
            raise UsageError(f"palette and keep-colors {mode} cannot be combined; choose one")


def checked_options(options: object) -> Options:
    """The options, the default ones for None; raises `UsageError` for another type."""
    if not isinstance(options, Options | None):
        raise UsageError(f"options are stylenet.Options(size=..., strength=...); got {type(options).__name__} {options!r:.60}")
    return Options() if options is None else options


class RecipeOptions(Options, frozen=True, kw_only=True):
    """Painting options together with the recipe and the hardware."""

    recipe: Annotated[
        str | None, option("instant, trained, draft, standard (the default), fine, a name listed by 'recipes ls', or a .toml file.")
    ] = None
    encoder: Annotated[
        str | None,
        option("compact, vgg16, vgg19 or a weights file, instead of the recipe's.", allowed="compact, vgg16, vgg19, or a weights file"),
    ] = None
    changes: Annotated[dict[str, str], option("Change a parameter of the recipe: --set style.weight=20. May be repeated.")] = msgspec.field(
        default_factory=dict
    )
    device: Device = "auto"
    precision: Precision = "auto"
    threads: Threads = None


class PaintRequest(RecipeOptions, frozen=True, kw_only=True):
    """One painting: a photo, its styles and options. Without a photo, a texture."""

    photo: Annotated[str | None, option("The photo to paint.")] = None
    styles: Annotated[
        tuple[str, ...], option("Names of styles (see 'stylenet styles ls'), paintings, style files, or folders of paintings.")
    ] = ()
    start: Annotated[str | None, option("Initial image: content, noise, style, network (the result of instant), or a picture file.")] = None
    masks: Annotated[
        tuple[str, ...],
        option("Use another style where FILE is white; FILE=photo keeps the photo there; invert:FILE=STYLE: where black. May be repeated."),
    ] = ()


class PaintFileRequest(PaintRequest, frozen=True, kw_only=True):
    """One painting and its output files."""

    output: Annotated[
        str | None, option("Output file: .png, .jpg, .webp or .tif; default: named after the inputs, in the current directory.")
    ] = None
    quality: Quality = None
    replay: Annotated[str | None, option("Repeat PAINTING from the receipt stored in it.")] = None
    resume: Annotated[bool, option("Continue a painting of this name that was stopped or killed.")] = False
    checkpoint_every: Annotated[float, option("Seconds between checkpoints for --resume (default 20).", allowed="seconds from 0", ge=0)] = (
        20.0
    )
    timelapse: Annotated[str | None, option("Write an animation of the progress: .gif, .webp, .apng, .mp4 or .webm.")] = None
    preview: Annotated[str | None, option("Write the current picture to FILE while painting; none: no picture in the terminal.")] = None
    dry_run: Annotated[bool, option("Print what would be done, without painting.")] = False
