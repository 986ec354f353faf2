"""`stylenet sheet` and `stylenet sequence`: several paintings of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.errors import UsageError
from stylenet.requests.base import help_of
from stylenet.requests.several import SequenceRequest, SheetRequest


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(sheet)
    app.command()(sequence)


def sheet(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help=help_of(SheetRequest, "photo"), show_default=False)],
    style: Annotated[str, typer.Argument(metavar="STYLE", help=help_of(SheetRequest, "style"), show_default=False)],
    *,
    output: options.Output = None,
    strengths: Annotated[str | None, typer.Option("--strengths", metavar="NUMBER...", help=help_of(SheetRequest, "strengths"))] = None,
    style_scales: Annotated[
        str | None, typer.Option("--style-scales", metavar="NUMBER...", help=help_of(SheetRequest, "style_scales"))
    ] = None,
    colors: Annotated[str | None, typer.Option("--colors", metavar="WAY...", help=help_of(SheetRequest, "colors"))] = None,
    size: Annotated[int | None, typer.Option("--size", "-s", help=help_of(SheetRequest, "size"))] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", "-r", metavar="NAME|FILE", help=help_of(SheetRequest, "recipe"), autocompletion=options.complete_recipe),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Show what strength, stroke size and colors do to a photo: small paintings on one sheet, each with its options."""
    options.check_photo(photo, [style])
    request = SheetRequest.of(
        {
            "photo": photo,
            "style": style,
            "output": None if output is None else str(output),
            "strengths": _numbers(strengths, "--strengths"),
            "style_scales": _numbers(style_scales, "--style-scales"),
            "colors": None if colors is None else tuple(colors.replace(",", " ").split()),
            "size": size,
            "recipe": recipe,
        }
    )
    from stylenet.workflows.sheet import paint_sheet

    for number, cell in enumerate(paint_sheet(request), start=1):
        if not quiet:
            print(cell if isinstance(cell, Path) else f"{number} of {request.count}: {cell.words}", flush=True)


def sequence(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help=help_of(SequenceRequest, "photo"), show_default=False)],
    styles: options.Styles,
    *,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE|FOLDER", help=help_of(SequenceRequest, "output"))],
    frames: Annotated[int | None, typer.Option("--frames", "-n", help=help_of(SequenceRequest, "frames"))] = None,
    recipe: options.RecipeName = None,
    size: options.Size = None,
    strength: options.Strength = None,
    style_scale: options.StyleScale = None,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Paint a photo in styles that turn into one another: as an animation, or as a folder of pictures."""
    options.check_photo(photo, styles or ())
    request = SequenceRequest.of(
        {
            "photo": photo,
            "styles": tuple(styles or ()),
            "output": output,
            "frames": frames,
            "recipe": recipe,
            "size": size,
            "strength": strength,
            "style_scale": style_scale,
            "seed": seed,
        }
    )
    from stylenet.events import Done
    from stylenet.workflows.sequence import paint_sequence

    stop, painted = Stop(), 0
    with signals_call(stop.handle):
        for event in paint_sequence(request, should_stop=stop):
            if isinstance(event, Done):
                painted += 1
                if not quiet:
                    print(f"{painted} of {request.frames}, {event.seconds:.1f} s", flush=True)
    if not quiet:
        print(request.output)
    if painted < request.frames:
        raise typer.Exit(INTERRUPTED)


def _numbers(text: str | None, name: str) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(f"{name} is '{text}'; write numbers, like 30 50 70") from None
