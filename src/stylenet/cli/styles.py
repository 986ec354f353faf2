"""`stylenet styles`: the library of styles that can be used by name."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.cli.completion import complete_style
from stylenet.cli.trees import Commands
from stylenet.errors import UsageError
from stylenet.extras import command, is_installed, require
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.outputs import keep_apart, reserve_output

if TYPE_CHECKING:
    from stylenet.catalog.styles import StyleCard

_SWATCH_PX = "256"
_SWATCH_RECIPE = "draft"


app = Commands(help="List, show, add and remove styles that can be used by name.", no_args_is_help=True)


@app.command("ls")
def list_all(json: options.JsonList = False) -> None:
    """List the styles."""
    import msgspec

    from stylenet.catalog.styles import list_styles, unusable_styles
    from stylenet.cli.tables import color_patch, print_table, shows_color

    cards, unusable = list_styles(), unusable_styles()
    if json:
        print(msgspec.json.encode([*cards, *({"name": name, "problem": problem} for name, problem in unusable.items())]).decode())
        return
    if not cards:
        print("no styles yet; make one with: stylenet styles add PICTURE")
    if shows_color():
        width = max((len(card.name) for card in cards), default=0)
        for card in cards:
            patches = "".join(color_patch(color, 2) for color, _ in card.colors[:6])
            print(f"{card.name.ljust(width)}  {patches}  {_caption(card.title, card.artist, card.year)}")
    else:
        print_table((card.name, card.title, card.artist, card.year) for card in cards)
    for name, problem in unusable.items():
        print(f"{name}: {problem}")


@app.command("show")
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE", help="A style listed by 'styles ls', or a style file.", autocompletion=complete_style, show_default=False
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Output file of the swatch; default: NAME-swatch.png in the current directory."
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", "-s", metavar="SIZE", help=f"Size of the swatch; default: {_SWATCH_PX}.", show_default=False)
    ] = None,
    swatch: Annotated[bool, typer.Option("--swatch/--no-swatch", help="Paint a texture from the style as a sample.")] = True,
    json: options.JsonList = False,
) -> None:
    """Show the metadata of a style, and paint a swatch of it."""
    import msgspec

    from stylenet.catalog.styles import find_style, read_card
    from stylenet.cli.painting import run_painting
    from stylenet.cli.tables import color_patch, print_facts, shows_color

    if not swatch and (output is not None or size is not None):
        raise UsageError("--output and --size are for the swatch; omit them, or omit --no-swatch")
    path = Path(name) if Path(name).suffix == ".safetensors" else find_style(name)
    card = read_card(path)
    if swatch and not is_installed("torch") and output is None and size is None:
        print(f"the swatch is a texture, which needs torch; install it with: {command('torch')}", file=sys.stderr)
    elif swatch:
        require("torch", "the swatch is a texture, which")
        with reserve_output(output, f"{card.name}-swatch") as output:
            request = PaintFileRequest(styles=(str(path),), output=str(output), recipe=_SWATCH_RECIPE, size=size or _SWATCH_PX)
            run_painting(request, quiet=json)
    if json:
        print(msgspec.json.encode(card).decode())
    else:
        print_facts(_facts(card, path))
        if shows_color():
            print("".join(color_patch(color, max(1, round(share * 48))) for color, share in card.colors))


@app.command("add")
def add(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The painting.", show_default=False)],
    *,
    name: Annotated[str | None, typer.Option("--name", help="Name on the command line; default: derived from the file name.")] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the painting.", show_default=False)] = "",
    artist: Annotated[str, typer.Option("--artist", help="Artist of the painting.", show_default=False)] = "",
    year: Annotated[str, typer.Option("--year", help="Year of the painting.", show_default=False)] = "",
    licence: Annotated[str, typer.Option("--licence", "--license", help="License of the picture.", show_default=False)] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the style file here instead of adding it to the library.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an added style of this name; built-in styles cannot be replaced.")
    ] = False,
) -> None:
    """Make a style from a painting: its statistics, about 210 kB, which can be used without the picture."""
    from stylenet.catalog.styles import StyleCard, added_styles_folder
    from stylenet.workflows.style_library import add_style, name_from

    options.check_photo(str(picture), what="the painting")
    card = StyleCard(name=name_from(picture) if name is None else name, title=title, artist=artist, year=year, licence=licence)
    option, target = ("--name", added_styles_folder() / f"{card.name}.safetensors") if output is None else ("--output", output)
    keep_apart([(option, target)], [picture])
    path = add_style(picture, card, output=output, replace=replace, notify=lambda notice: print(f"note: {notice}"))
    use = shlex.quote(str(path)) if output else card.name
    print(f"{path}  ({path.stat().st_size / 1000:.0f} kB); use it: stylenet stylize PHOTO {use}")


@app.command("rm")
def remove(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Added styles.", show_default=False)]) -> None:
    """Delete added styles from the library. Built-in styles cannot be deleted."""
    from stylenet.workflows.style_library import remove_styles

    for path in remove_styles(names):
        print(f"deleted {path}")


def _facts(card: StyleCard, path: Path) -> Iterator[tuple[str, str]]:
    yield "name", card.name
    yield "title", card.title
    yield "artist", card.artist
    yield "year", card.year
    yield "licence", card.licence
    yield "picture", f"{card.width} x {card.height} pixels"
    yield "scales", ", ".join(f"{size} px" for size in card.sizes_px)
    yield "colors", ", ".join(f"{color} {share:.0%}" for color, share in card.colors)
    yield "statistics", "VGG-19, as trained with Caffe"
    yield "file", f"{path} ({path.stat().st_size / 1000:.0f} kB)"


def _caption(title: str, artist: str, year: str) -> str:
    return ", ".join(part for part in (title, artist, year) if part)
