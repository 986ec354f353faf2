"""The options that commands share: how they are written, and what their help says.

Their help, defaults and ranges are those of `requests.painting.PaintFileRequest`. An option that is left out is not passed on, so that the
default there holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stylenet.catalog.naming import NETWORK_SUFFIX, is_name, split_style
from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import style_files
from stylenet.errors import UsageError
from stylenet.requests.base import help_of
from stylenet.requests.painting import PaintFileRequest

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


def _flag(name: str, *words: str, metavar: str | None = "", panel: str | None = None, complete: Any = None) -> Any:
    """The option of a field of the request, with the help that stands there."""
    flag = f"--{name.replace('_', '-')}"
    extra: dict[str, Any] = {"autocompletion": complete} if complete is not None else {}
    if metavar is not None:
        extra["metavar"] = metavar
    given = words if any(word.startswith("--") for word in words) else (flag, *words)
    return typer.Option(*given, help=help_of(PaintFileRequest, name), rich_help_panel=panel, show_default=False, **extra)


Styles = Annotated[
    list[str] | None,
    typer.Argument(metavar="STYLE", help=help_of(PaintFileRequest, "styles"), autocompletion=complete_style, show_default=False),
]
Output = Annotated[Path | None, _flag("output", "-o", metavar="FILE")]
OutputOrStream = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE|-", help=f"{help_of(PaintFileRequest, 'output')} -: standard output.")
]
Quality = Annotated[int | None, _flag("quality", metavar="1..100")]
RecipeName = Annotated[str | None, _flag("recipe", "-r", metavar="NAME|FILE", panel=_LOOK, complete=complete_recipe)]
Encoder = Annotated[str | None, _flag("encoder", metavar="NAME|FILE", panel=_LOOK, complete=complete_weights)]
Size = Annotated[str | None, _flag("size", "-s", metavar="SIZE", panel=_LOOK)]
Print = Annotated[str | None, _flag("paper", "--print", metavar="PAPER", panel=_LOOK)]
Dpi = Annotated[int | None, _flag("dpi", metavar=None, panel=_LOOK)]
Strength = Annotated[float | None, _flag("strength", metavar=None, panel=_LOOK)]
StyleScale = Annotated[float | None, _flag("style_scale", metavar=None, panel=_LOOK)]
Blend = Annotated[str | None, _flag("blend", metavar="SHARE...", panel=_LOOK)]
Seed = Annotated[int | None, _flag("seed", metavar=None, panel=_LOOK)]
Changes = Annotated[list[str] | None, _flag("changes", "--set", metavar="KNOB=VALUE", panel=_LOOK)]
Start = Annotated[str | None, _flag("start", metavar="WHAT|FILE", panel=_LOOK)]
Refine = Annotated[
    bool,
    typer.Option("--refine", metavar="", help="Refine the result of --recipe instant by optimization.", rich_help_panel=_LOOK),
]
Masks = Annotated[list[str] | None, _flag("masks", "--mask", metavar="FILE=STYLE", panel=_LOOK)]
Feather = Annotated[float | None, _flag("feather", metavar="PX", panel=_LOOK)]
Protect = Annotated[list[str] | None, _flag("protect", metavar="WHAT", panel=_LOOK)]
KeepColors = Annotated[str | None, _flag("keep_colors", metavar="HOW", panel=_LOOK)]
Palette = Annotated[str | None, _flag("palette", metavar="NAME|FILE|COLORS", panel=_LOOK, complete=complete_style)]
Device = Annotated[str | None, _flag("device", metavar="NAME", panel=_RUN)]
Precision = Annotated[str | None, _flag("precision", metavar="NAME", panel=_RUN)]
Threads = Annotated[int | None, _flag("threads", metavar="N", panel=_RUN)]
Memory = Annotated[str | None, _flag("memory", metavar="AMOUNT", panel=_RUN)]
Replay = Annotated[str | None, _flag("replay", metavar="PAINTING", panel=_RUN)]
Resume = Annotated[bool, _flag("resume", panel=_RUN)]
CheckpointEvery = Annotated[float | None, _flag("checkpoint_every", metavar="SECONDS", panel=_RUN)]
DryRun = Annotated[bool, _flag("dry_run", panel=_RUN)]
SaveEvery = Annotated[int | None, _flag("save_every", metavar="STEPS", panel=_SHOW)]
Timelapse = Annotated[str | None, _flag("timelapse", metavar="FILE", panel=_SHOW)]
Preview = Annotated[str | None, _flag("preview", metavar="FILE|none", panel=_SHOW)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Print nothing but errors.", rich_help_panel=_SHOW)]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print events as JSON, one per line.", rich_help_panel=_SHOW)]
JsonList = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")]


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
