"""`stylenet batch`: many photos."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.fields import Flag, option_of, takes
from stylenet.cli.printers import Printer, open_printer
from stylenet.errors import ImageError, UsageError, counted
from stylenet.requests.batch import BatchRequest
from stylenet.requests.painting import PaintFileRequest

if TYPE_CHECKING:
    from stylenet.workflows.batch import Finished, Planned


@takes(
    BatchRequest,
    {"output": Flag(("--output", "-o"), metavar="FOLDER")},
    without=("photos", "styles", "blend", "feather", "save_every"),
)
def batch(
    words: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO... STYLE", help="Pictures and folders; the last argument is the style.", show_default=False),
    ],
    *,
    style: Annotated[
        list[str] | None,
        typer.Option("--style", metavar="STYLE", help="Paint every photo in this style; all arguments are then photos. May be repeated."),
    ] = None,
    dry_run: Annotated[bool, option_of(PaintFileRequest, "dry_run")] = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    given: Mapping[str, Any],
) -> None:
    """Paint many photos, and folders of photos, in one or several styles. Run it again to continue: finished pictures are kept."""
    photos, styles = _photos_and_styles(words, style or [])
    request = BatchRequest.of({**given, "photos": photos, "styles": styles})
    from stylenet.workflows.batch import Planned, paint_batch, plan_batch

    stop = Stop()
    if dry_run:
        for pair in plan_batch(request).pairs:
            print(f"{pair.photo} -> {pair.output}")
        print("nothing was painted (--dry-run)")
        return
    states: dict[str, int] = {}
    with signals_call(stop.handle), open_printer(quiet=quiet, as_json=json) as printer:
        for event in paint_batch(request, should_stop=stop):
            if isinstance(event, Planned):
                _show_plan(event, printer)
            else:
                states[event.state] = states.get(event.state, 0) + 1
                _show(event, printer)
        printer.print_line(_summary(states, request.output))
        printer.event("done", {"states": states, "output": request.output})
    if states.get("left"):
        raise typer.Exit(INTERRUPTED)
    if states.get("failed"):
        raise typer.Exit(ImageError.exit_code)


def _photos_and_styles(words: list[str], styles: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Photos and styles: the last argument is the style, unless `--style` is given."""
    if styles:
        return tuple(words), tuple(styles)
    if len(words) < 2:
        raise UsageError(f"'{words[0]}' is the only argument; give photos and a style: stylenet batch PHOTO... STYLE -o FOLDER")
    return tuple(words[:-1]), (words[-1],)


def _show_plan(planned: Planned, printer: Printer) -> None:
    for notice in planned.notices:
        printer.print_line(f"note: {notice}")
    printer.print_line(counted(len(planned.pairs), "picture"))
    printer.event("started", {"pictures": len(planned.pairs), "notices": planned.notices})


def _show(finished: Finished, printer: Printer) -> None:
    pair = finished.pair
    if finished.state == "failed":
        print(f"stylenet: error: {pair.photo}: {finished.reason}", file=sys.stderr, flush=True)
    for notice in finished.notices:
        printer.print_line(f"note: {pair.photo}: {notice}")
    values = {name: value for name, value in vars(finished).items() if name != "pair"}
    printer.event("finished", {"photo": pair.photo, "style": pair.style, "output": pair.output, **values})
    printer.count(finished.done, finished.count, details=pair.photo.name, seconds_left=finished.seconds_left)


def _summary(states: dict[str, int], output: str) -> str:
    words = {"painted": "painted", "there": "already painted", "failed": "failed", "left": "left: run the command again to continue"}
    counts = ", ".join(f"{states[state]} {word}" for state, word in words.items() if states.get(state))
    return f"{output}  ({counts or 'nothing to paint'}; details: report.jsonl)"
