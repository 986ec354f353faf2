"""`stylenet sheet` and `stylenet sequence`: several paintings of one photo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.completion import complete_recipe
from stylenet.cli.fields import Flag, takes
from stylenet.requests.base import help_of
from stylenet.requests.several import SequenceRequest, SheetRequest


@takes(
    SheetRequest,
    {"size": Flag(("--size", "-s")), "recipe": Flag(("--recipe", "-r"), metavar="NAME|FILE", complete=complete_recipe)},
)
def sheet(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help=help_of(SheetRequest, "photo"), show_default=False)],
    style: Annotated[str, typer.Argument(metavar="STYLE", help=help_of(SheetRequest, "style"), show_default=False)],
    *,
    colors: Annotated[str | None, typer.Option("--colors", metavar="MODE...", help=help_of(SheetRequest, "colors"))] = None,
    quiet: options.Quiet = False,
    given: Mapping[str, Any],
) -> None:
    """Paint a contact sheet of a photo with several strengths, stroke sizes and color modes, each labeled with its options."""
    options.check_photo(photo, [style])
    modes = None if colors is None else tuple(colors.replace(",", " ").split())
    request = SheetRequest.of({**given, "photo": photo, "style": style, "colors": modes})
    from stylenet.events import Notice
    from stylenet.workflows.sheet import paint_sheet

    painted = 0
    for event in paint_sheet(request):
        if quiet:
            continue
        if isinstance(event, Notice):
            print(f"note: {event.message}")
        elif isinstance(event, Path):
            print(event)
        else:
            painted += 1
            print(f"{painted} of {request.count}: {event.label}", flush=True)


@takes(
    SequenceRequest,
    {"output": Flag(("--output", "-o"), metavar="FILE|FOLDER")},
    without=("blend", "save_every", "paper", "dpi", "keep_colors", "palette", "feather", "protect", "memory"),
)
def sequence(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help=help_of(SequenceRequest, "photo"), show_default=False)],
    styles: options.Styles,
    *,
    quiet: options.Quiet = False,
    given: Mapping[str, Any],
) -> None:
    """Paint a photo in a transition between styles, as an animation or a folder of pictures."""
    options.check_photo(photo, styles or ())
    request = SequenceRequest.of({**given, "photo": photo, "styles": tuple(styles or ())})
    from stylenet.events import Done, Notice
    from stylenet.workflows.sequence import paint_sequence

    stop, painted = Stop(), 0
    with signals_call(stop.handle):
        for event in paint_sequence(request, should_stop=stop):
            if isinstance(event, Done):
                painted += 1
                if not quiet:
                    print(f"{painted} of {request.frames}, {event.seconds:.1f} s", flush=True)
            elif isinstance(event, Notice) and not quiet:
                print(f"note: {event.message}")
    if not quiet:
        print(request.output)
    if painted < request.frames:
        raise typer.Exit(INTERRUPTED)
