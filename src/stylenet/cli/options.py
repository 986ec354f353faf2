"""Parameters shared by several commands, and checks of arguments before a request is created."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stylenet.catalog.naming import NETWORK_SUFFIX, is_name, split_style
from stylenet.catalog.styles import style_files
from stylenet.cli.completion import complete_style
from stylenet.cli.fields import APPEARANCE, SHOW, option_of
from stylenet.errors import UsageError
from stylenet.requests.base import help_of
from stylenet.requests.painting import PaintFileRequest

Styles = Annotated[
    list[str] | None,
    typer.Argument(metavar="STYLE", help=help_of(PaintFileRequest, "styles"), autocompletion=complete_style, show_default=False),
]
Output = Annotated[Path | None, option_of(PaintFileRequest, "output")]
OutputOrStream = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE|-", help=f"{help_of(PaintFileRequest, 'output')} -: standard output.")
]
RecipeName = Annotated[str | None, option_of(PaintFileRequest, "recipe")]
Encoder = Annotated[str | None, option_of(PaintFileRequest, "encoder")]
Blend = Annotated[str | None, option_of(PaintFileRequest, "blend")]
Seed = Annotated[int | None, option_of(PaintFileRequest, "seed")]
Changes = Annotated[list[str] | None, option_of(PaintFileRequest, "changes")]
Refine = Annotated[
    bool,
    typer.Option("--refine", help="Refine the result of --recipe instant by optimization.", rich_help_panel=APPEARANCE),
]
Device = Annotated[str | None, option_of(PaintFileRequest, "device")]
Precision = Annotated[str | None, option_of(PaintFileRequest, "precision")]
Threads = Annotated[int | None, option_of(PaintFileRequest, "threads")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.", rich_help_panel=SHOW)]
Json = Annotated[bool, typer.Option("--json", help="Print events as JSON, one per line.", rich_help_panel=SHOW)]
JsonList = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def parse_blend(blend: str | None, styles: Sequence[str]) -> tuple[tuple[float, ...], list[str]]:
    """Parse `--blend`; returns the shares, and the styles without the numbers among them.

    In `a.jpg b.jpg --blend 0.7 0.3`, the parser assigns only 0.7 to the option and treats 0.3 as a style. A folder of paintings whose
    name is a number must be written as a path: `./1889`.
    """
    if blend is None:
        return (), list(styles)
    numbers = [style for style in styles if _is_number(style)]
    words = [*re.split(r"[\s,;:]+", blend.strip()), *numbers]
    if not all(_is_number(word) for word in words):
        raise UsageError(f"--blend is '{blend}'; write one number for each style, such as --blend 0.7 0.3")
    return tuple(float(word) for word in words), [style for style in styles if style not in numbers]


def is_picture(word: str) -> bool:
    """Whether an argument is a picture file rather than a name, a style file or a network."""
    return not is_name(word, style_files()) and os.path.isfile(word) and Path(split_style(word)[0]).suffix != NETWORK_SUFFIX


def check_photo(word: str, styles: Sequence[str] = (), *, what: str = "the photo") -> None:
    """Reject the name of a style where a picture is needed.

    Args:
        word: The argument for the picture.
        styles: The arguments for the styles.
        what: Description of the picture, for the message.
    """
    if is_name(word, style_files()) and word in style_files() and not os.path.isfile(word):
        hint = f"; the photo comes first: {styles[0]} {word}" if any(is_picture(style) for style in styles[:1]) else ""
        raise UsageError(f"'{word}' is the name of a style, which holds no picture; give the file of {what} instead{hint}")


def weights_file(encoder: str | None) -> Path | None:
    """The file given by `--encoder`; None for a name."""
    return Path(encoder) if encoder is not None and os.path.isfile(encoder) else None


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", word, re.IGNORECASE) is not None
