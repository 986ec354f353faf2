"""The requests of `stylenet sheet` and `stylenet sequence`."""

from __future__ import annotations

from typing import Annotated

from stylenet.errors import UsageError, did_you_mean
from stylenet.image.recolor import KEEP_COLORS
from stylenet.requests.base import Request, option
from stylenet.requests.painting import Options

PLAIN_COLORS = "painting"
"""The color mode that keeps the colors of the painting."""

MAX_FRAMES = 1000

_NUMBERS = "a list of numbers"


class SheetRequest(Request, frozen=True, kw_only=True):
    """Small paintings of one photo with several strengths, stroke sizes and color modes."""

    photo: Annotated[str, option("The picture to paint.")]
    style: Annotated[str, option("Name of a style, a painting, a style file, or a folder of paintings.")]
    output: Annotated[
        str | None, option("Output file: .png, .jpg, .webp or .tif; default: named after the inputs, in the current directory.")
    ] = None
    strengths: Annotated[tuple[float, ...], option("Strengths to show (default 30 50 70).", allowed=_NUMBERS)] = (
        30.0,
        50.0,
        70.0,
    )
    style_scales: Annotated[tuple[float, ...], option("Sizes of strokes to show (default 0.5 1 2).", allowed=_NUMBERS)] = (
        0.5,
        1.0,
        2.0,
    )
    colors: Annotated[
        tuple[str, ...],
        option("Color modes to show: painting, or modes of --keep-colors (default painting luminance).", allowed="a list of color modes"),
    ] = (
        PLAIN_COLORS,
        "luminance",
    )
    size: Annotated[int, option("Long side of each picture in pixels (default 256).", allowed="64 to 1024 pixels", ge=64, le=1024)] = 256
    recipe: Annotated[str | None, option("As for stylize; default: draft, or trained for a network file.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.strengths and self.style_scales and self.colors):
            raise UsageError("a sheet needs at least one strength, one style scale and one color mode")
        for strength in self.strengths:
            Options(strength=strength)
        for style_scale in self.style_scales:
            Options(style_scale=style_scale)
        for mode in self.colors:
            if mode not in (PLAIN_COLORS, *KEEP_COLORS):
                raise UsageError(
                    f"'{mode}' is not a color mode; allowed: {PLAIN_COLORS}, {', '.join(KEEP_COLORS)}{did_you_mean(mode, KEEP_COLORS)}"
                )

    @property
    def count(self) -> int:
        """Number of pictures on the sheet."""
        return len(self.strengths) * len(self.style_scales) * len(self.colors)


class SequenceRequest(Options, frozen=True, kw_only=True):
    """A photo painted in a transition between styles."""

    photo: Annotated[str, option("The picture to paint.")]
    styles: Annotated[tuple[str, ...], option("At least two: names of styles, paintings, style files, or folders of paintings.")]
    output: Annotated[str, option("A .gif, .webp, .apng, .mp4 or .webm, or a folder for the frames.")]
    frames: Annotated[
        int,
        option("Number of pictures (default 9).", allowed=f"2 to {MAX_FRAMES} pictures", ge=2, le=MAX_FRAMES),
    ] = 9
    recipe: Annotated[str | None, option("instant, trained, draft, standard (the default), fine, or a .toml file.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.styles) < 2:
            raise UsageError("a sequence needs at least two styles")
