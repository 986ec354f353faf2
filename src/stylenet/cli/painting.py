"""Running a painting from the command line: showing its events and setting the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stylenet.cli.app import INTERRUPTED, Interrupted, Stop, signals_call
from stylenet.cli.printers import open_printer
from stylenet.cli.progress import PaintingDisplay
from stylenet.events import Done, Event, Notice, Preview, Progress, Saved, Started, Step
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.painting import STANDARD_STREAM, Streams, paint_file

if TYPE_CHECKING:
    from stylenet.painting.stylizer import Stylizer


def run_painting(request: PaintFileRequest, *, quiet: bool = False, json: bool = False, stylizer: Stylizer | None = None) -> Done | None:
    """Paint, show the progress and return the last event; None after `--dry-run`.

    Raises:
        StylenetError: before or during painting; nothing was written.
        typer.Exit: painting was interrupted; the best picture so far was written.
    """
    stop = Stop()
    to_stdout = request.output == STANDARD_STREAM
    streams = Streams(
        photo=sys.stdin.buffer.read() if request.photo == STANDARD_STREAM else None,
        output=sys.stdout.buffer if to_stdout else None,
    )
    done = None
    with (
        signals_call(stop.handle),
        open_printer(quiet=quiet, as_json=json, pictures=request.preview is None, to_stderr=to_stdout) as printer,
    ):
        events = paint_file(request, streams=streams, stylizer=stylizer, should_stop=stop)
        done = _show(events, PaintingDisplay(printer), dry_run=request.dry_run)
    if done is None:
        if request.dry_run and not stop():
            return None
        raise Interrupted
    if done.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)
    return done


def _show(events: Iterator[Event], display: PaintingDisplay, *, dry_run: bool) -> Done | None:
    steps, output = 0, Path(STANDARD_STREAM)
    for event in events:
        if isinstance(event, Started):
            steps = event.steps
            if dry_run:
                display.planned(event, output=Path(event.plan["output"]))
            else:
                display.started(event)
        elif isinstance(event, Saved):
            if event.is_result:
                output = event.path
            else:
                display.saved(event.path)
        elif isinstance(event, (Step, Progress, Preview, Notice)):
            display.advanced(event)
        else:
            display.done(event, output, steps=steps)
            return event
    return None
