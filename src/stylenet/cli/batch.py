"""`stylenet batch`: many photos."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.counting import Counting, open_counting
from stylenet.errors import ImageError, UsageError
from stylenet.requests.base import help_of
from stylenet.requests.batch import BatchRequest

if TYPE_CHECKING:
    from stylenet.workflows.batch import Finished, Planned


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(batch)


def batch(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO... STYLE", help="Pictures and folders; the last word is the style.", show_default=False),
    ],
    *,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help=help_of(BatchRequest, "output"))],
    style: Annotated[
        list[str] | None,
        typer.Option("--style", metavar="STYLE", help="Paint every photo in this style; all words are photos. May be repeated."),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", "-w", metavar="N", help=help_of(BatchRequest, "workers"))] = None,
    ray: Annotated[str | None, typer.Option("--ray", metavar="ADDRESS", help=help_of(BatchRequest, "ray"))] = None,
    format: Annotated[str | None, typer.Option("--format", metavar="NAME", help=help_of(BatchRequest, "format"))] = None,
    quality: options.Quality = None,
    recipe: options.RecipeName = None,
    encoder: options.Encoder = None,
    size: options.Size = None,
    paper: options.Print = None,
    dpi: options.Dpi = None,
    strength: options.Strength = None,
    style_scale: options.StyleScale = None,
    seed: options.Seed = None,
    changes: options.Changes = None,
    protect: options.Protect = None,
    keep_colors: options.KeepColors = None,
    palette: options.Palette = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Paint many photos, and folders of photos, in one or several styles. Run it again to continue: finished pictures are kept."""
    photos, styles = _meant(words, style or [])
    known = BatchRequest.__struct_fields__
    given = {name: value for name, value in context.params.items() if name in known and value not in (None, ())}
    given |= {"photos": photos, "styles": styles, "changes": options.parse_changes(changes)}
    request = BatchRequest.of(given)
    from stylenet.workflows.batch import Planned, paint_batch, plan_batch

    stop = Stop()
    if dry_run:
        for pair in plan_batch(request).pairs:
            print(f"{pair.photo} -> {pair.output}")
        print("nothing was painted (--dry-run)")
        return
    states: dict[str, int] = {}
    with signals_call(stop.handle), open_counting(quiet=quiet, as_json=json) as display:
        for event in paint_batch(request, should_stop=stop):
            if isinstance(event, Planned):
                _show_plan(event, display)
            else:
                states[event.state] = states.get(event.state, 0) + 1
                _show(event, display)
        display.say(_summary(states, output))
        display.event("done", {"states": states, "output": output})
    if states.get("left"):
        raise typer.Exit(INTERRUPTED)
    if states.get("failed"):
        raise typer.Exit(ImageError.exit_code)


def _meant(words: list[str], styles: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Photos and styles: the last word is the style, unless `--style` names them."""
    if styles:
        return tuple(words), tuple(styles)
    if len(words) < 2:
        raise UsageError(f"'{words[0]}' alone is given, and the photos and the style are needed: stylenet batch PHOTO... STYLE -o FOLDER")
    return tuple(words[:-1]), (words[-1],)


def _show_plan(planned: Planned, display: Counting) -> None:
    for notice in planned.notices:
        display.say(f"note: {notice}")
    display.say(f"{len(planned.pairs)} pictures")
    display.event("started", {"pictures": len(planned.pairs), "notices": planned.notices})


def _show(finished: Finished, display: Counting) -> None:
    pair = finished.pair
    if finished.state == "failed":
        print(f"stylenet: error: {pair.photo}: {finished.reason}", file=sys.stderr, flush=True)
    values = {name: value for name, value in vars(finished).items() if name != "pair"}
    display.event("finished", {"photo": pair.photo, "style": pair.style, "output": pair.output, **values})
    display.count(finished.done, finished.count, told=pair.photo.name, seconds_left=finished.seconds_left)


def _summary(states: dict[str, int], output: str) -> str:
    words = {"painted": "painted", "there": "already there", "failed": "failed", "left": "left: run the command again to continue"}
    told = ", ".join(f"{states[state]} {word}" for state, word in words.items() if states.get(state))
    return f"{output}  ({told or 'nothing to paint'}; every picture: report.jsonl)"
