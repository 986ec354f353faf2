"""The options that commands share: how they are written, and what their help says.

Their defaults and ranges stand in `stylizers.plan.Options` and in the records of the catalog. An option left out is not handed on, so
that the one default there holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stylenet.catalog.naming import NETWORK_SUFFIX, is_name, split_style
from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import style_files
from stylenet.errors import UsageError

_LOOK, _RUN, _SHOW = "How it looks", "How it runs", "What is shown and kept"


def complete_style(incomplete: str) -> list[str]:
    """Names of styles that begin so, for the shell."""
    return [name for name in style_files() if name.startswith(incomplete)]


def complete_recipe(incomplete: str) -> list[str]:
    """Names of recipes that begin so, for the shell."""
    return [name for name in recipe_names() if name.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Names of weights that begin so, for the shell."""
    from stylenet.weights.library import list_weights

    return [line.name for line in list_weights() if line.name.startswith(incomplete)]


Styles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STYLE",
        help="Names of styles (see 'stylenet styles ls'), paintings, style files, or folders of paintings.",
        autocompletion=complete_style,
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to write: .png, .jpg, .webp or .tif. Left out: named after the inputs, here."
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        "-r",
        metavar="NAME|FILE",
        autocompletion=complete_recipe,
        help="instant, trained, draft, standard (the default), fine, one of 'recipes ls', or a .toml file.",
        rich_help_panel=_LOOK,
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME|FILE",
        autocompletion=complete_weights,
        help="compact, vgg16, vgg19 or a weights file, in place of the recipe's.",
        rich_help_panel=_LOOK,
    ),
]
Size = Annotated[
    str | None,
    typer.Option("--size", "-s", metavar="SIZE", help="Long side in pixels (512), WIDTHxHEIGHT (640x480), or full.", rich_help_panel=_LOOK),
]
Print = Annotated[
    str | None,
    typer.Option(
        "--print",
        metavar="PAPER",
        help="As large as fits on paper: 40x30cm, 400x300mm, 16x12in, A4, letter, at --dpi.",
        rich_help_panel=_LOOK,
    ),
]
Dpi = Annotated[
    int | None, typer.Option("--dpi", help="Dots per inch, written into the file; with --print 300 if left out.", rich_help_panel=_LOOK)
]
Strength = Annotated[
    float | None,
    typer.Option("--strength", help="0 (the photo) to 100 (the painting); 50 is the recipe.", rich_help_panel=_LOOK, show_default=False),
]
StyleScale = Annotated[
    float | None,
    typer.Option("--style-scale", help="Size of the strokes, 0.125 to 8; 1 is the painting's.", rich_help_panel=_LOOK, show_default=False),
]
Blend = Annotated[
    str | None,
    typer.Option("--blend", metavar="SHARE...", help="Share of each style: 0.7 0.3. Left out: equal shares.", rich_help_panel=_LOOK),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Of all random numbers; 0 if left out.", rich_help_panel=_LOOK)]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KNOB=VALUE", help="Change a knob of the recipe: --set style.weight=20. May be repeated.", rich_help_panel=_LOOK
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="WHAT|FILE",
        help="Start from content, noise, style, network (what instant paints), or a picture file.",
        rich_help_panel=_LOOK,
    ),
]
Refine = Annotated[
    bool,
    typer.Option("--refine", metavar="", help="Let optimization go on from what --recipe instant paints.", rich_help_panel=_LOOK),
]
Masks = Annotated[
    list[str] | None,
    typer.Option(
        "--mask",
        metavar="FILE=STYLE",
        help="Another style where FILE is white, FILE=photo to keep the photo there, invert:FILE=STYLE where it is black. May be repeated.",
        rich_help_panel=_LOOK,
    ),
]
Feather = Annotated[float | None, typer.Option("--feather", metavar="PX", help="Soften the edges of masks.", rich_help_panel=_LOOK)]
Protect = Annotated[
    list[str] | None,
    typer.Option("--protect", metavar="WHAT", help="Keep the photo's faces, or its subject. May be repeated.", rich_help_panel=_LOOK),
]
KeepColors = Annotated[
    str | None,
    typer.Option(
        "--keep-colors",
        metavar="HOW",
        help="The photo's colors: luminance, histogram or mean-covariance; the last two also as histogram:before, for a painting's picture "
        "(not for built-in styles).",
        rich_help_panel=_LOOK,
    ),
]
Palette = Annotated[
    str | None,
    typer.Option(
        "--palette",
        metavar="NAME|FILE|COLORS",
        autocompletion=complete_style,
        help="The colors of a style, of a picture, or '#264653,#e9c46a'.",
        rich_help_panel=_LOOK,
    ),
]
Device = Annotated[str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.", rich_help_panel=_RUN)]
Precision = Annotated[
    str | None, typer.Option("--precision", metavar="NAME", help="Of the features: auto, float32 or bfloat16.", rich_help_panel=_RUN)
]
Threads = Annotated[int | None, typer.Option("--threads", metavar="N", help="Processor threads to use.", rich_help_panel=_RUN)]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="AMOUNT", help="What the program may take: 2GB. Larger pictures are painted tile by tile.", rich_help_panel=_RUN
    ),
]
Replay = Annotated[
    Path | None,
    typer.Option("--replay", metavar="PAINTING", help="Paint PAINTING again, from the receipt that it carries.", rich_help_panel=_RUN),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", metavar="", help="Go on with a painting of this name that was stopped or killed.", rich_help_panel=_RUN),
]
CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every", metavar="SECONDS", help="How often the state for --resume is kept; 20 if left out.", rich_help_panel=_RUN
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", metavar="", help="Say what would be done, and paint nothing.", rich_help_panel=_RUN)]
SaveEvery = Annotated[
    int | None,
    typer.Option(
        "--save-every", metavar="STEPS", help="Keep a picture every so many steps, beside the output: out-0100.png.", rich_help_panel=_SHOW
    ),
]
Timelapse = Annotated[
    Path | None,
    typer.Option("--timelapse", metavar="FILE", help="The making of it as a loop: .gif, .webp, .apng or .mp4.", rich_help_panel=_SHOW),
]
Preview = Annotated[
    str | None,
    typer.Option(
        "--preview",
        metavar="FILE|none",
        help="Keep the picture as it is now in FILE; none: do not show it in the terminal.",
        rich_help_panel=_SHOW,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Say nothing but errors.", rich_help_panel=_SHOW)]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Events as JSON, one a line.", rich_help_panel=_SHOW)]
JsonList = Annotated[bool, typer.Option("--json", metavar="", help="As JSON.")]


def parse_changes(items: Sequence[str] | None) -> dict[str, str]:
    """Knobs and their values, both as text, from `--set KNOB=VALUE`."""
    changes = {}
    for item in items or ():
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set is '{item}'; write KNOB=VALUE, like --set style.weight=20")
        changes[key.strip()] = value.strip()
    return changes


def parse_blend(blend: str | None, styles: Sequence[str]) -> tuple[tuple[float, ...], list[str]]:
    """The shares, and the styles without the numbers among them.

    `a.jpg b.jpg --blend 0.7 0.3` is what people write; there the option takes the 0.7 alone and the 0.3 arrives as a style. A folder of
    paintings called like a number is written as a path: `./1889`.
    """
    if blend is None:
        return (), list(styles)
    numbers = [style for style in styles if _is_number(style)]
    words = [*re.split(r"[\s,;:]+", blend.strip()), *numbers]
    if not all(_is_number(word) for word in words):
        raise UsageError(f"--blend is '{blend}'; write one number for each style, like --blend 0.7 0.3")
    return tuple(float(word) for word in words), [style for style in styles if style not in numbers]


def is_picture(word: str) -> bool:
    """Whether a word is a file that is no style file and no network, and no name."""
    return not is_name(word, style_files()) and Path(word).is_file() and Path(split_style(word)[0]).suffix != NETWORK_SUFFIX


def check_photo(word: str, styles: Sequence[str] = (), *, what: str = "the photo") -> None:
    """Refuse the name of a style where a picture is needed.

    Args:
        word: What stands there.
        styles: What stands in the places of styles.
        what: What the picture is called.
    """
    if is_name(word, style_files()) and word in style_files() and not Path(word).is_file():
        turned = f"; the photo comes first: {styles[0]} {word}" if any(is_picture(style) for style in styles[:1]) else ""
        raise UsageError(f"'{word}' is the name of a style, which holds no picture; give the file of {what} there{turned}")


def recipe_file(recipe: str | None) -> Path | None:
    """The file that `--recipe` names, if it names one."""
    return Path(recipe) if recipe is not None and Path(recipe).suffix == ".toml" else None


def weights_file(encoder: str | None) -> Path | None:
    """The file that `--encoder` names, if it names one."""
    return Path(encoder) if encoder is not None and Path(encoder).is_file() else None


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", word, re.IGNORECASE) is not None
