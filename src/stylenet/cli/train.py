"""`stylenet train`: a network that paints in the style of one painting, or that enlarges or colors photos."""

from __future__ import annotations

import json as json_format
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Interrupted, Stop, signals_call
from stylenet.cli.fields import SHOW, Flag, takes
from stylenet.errors import counted
from stylenet.requests.base import help_of
from stylenet.requests.training import TrainRequest

if TYPE_CHECKING:
    from stylenet.workflows.training import TrainingDone, TrainingStarted

_TRAINING = "Training"
_FLAGS = {
    "task": Flag(panel=_TRAINING),
    "photos": Flag(metavar="DIR"),
    "network": Flag(panel=_TRAINING),
    "style_size": Flag(metavar="PX", panel=_TRAINING),
    "loss_network": Flag(metavar="NAME|FILE", panel=_TRAINING),
    "start": Flag(metavar="FILE", panel=_TRAINING),
    "steps": Flag(metavar="N", panel=_TRAINING),
    "minutes": Flag(metavar="M", panel=_TRAINING),
    "batch": Flag(metavar="N", panel=_TRAINING),
    "crop": Flag(metavar="PX", panel=_TRAINING),
    "seed": Flag(panel=_TRAINING),
    "previews": Flag(metavar="DIR", panel=SHOW),
    "tensorboard": Flag(panel=SHOW),
    "keep": Flag(panel=SHOW),
}


@takes(TrainRequest, _FLAGS)
def train(
    paintings: Annotated[
        list[str] | None, typer.Argument(metavar="[PAINTING]...", help=help_of(TrainRequest, "paintings"), show_default=False)
    ] = None,
    *,
    quiet: options.Quiet = False,
    json: options.Json = False,
    given: Mapping[str, Any],
) -> None:
    """Train a network that paints in the style of a painting in one pass, to use as a style: stylenet stylize PHOTO OUTPUT."""
    for painting in paintings or ():
        options.check_photo(painting, what="the painting")
    request = TrainRequest.of({**given, "paintings": tuple(paintings or ())})

    from stylenet.cli.printers import open_printer
    from stylenet.cli.progress import PaintingDisplay
    from stylenet.events import Notice, Preview, Saved, Step
    from stylenet.workflows.training import TrainingDone, TrainingStarted
    from stylenet.workflows.training import train as run

    stop = Stop()
    done: TrainingDone | None = None
    with signals_call(_handler(stop)), open_printer(quiet=quiet, as_json=json) as printer:
        display = PaintingDisplay(printer)
        for event in run(request, should_stop=stop):
            if isinstance(event, TrainingStarted):
                _print_start(request, event, quiet=quiet, json=json)
            elif isinstance(event, TrainingDone):
                done = event
            elif isinstance(event, Saved):
                display.saved(event.path)
            elif isinstance(event, Preview | Notice):
                display.advanced(event)
            else:  # an `Update`, whose module would load torch
                size = (request.crop or 0, request.crop or 0)
                display.advanced(Step(level=0, size_px=size, **{name: value for name, value in vars(event).items() if name != "rate"}))
    if done is None:
        if stop():
            raise Interrupted
        return  # with several processes, only the first prints
    _print_end(done, quiet=quiet, json=json)
    if done.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _handler(stop: Stop) -> Any:
    def handle(number: int, frame: Any) -> None:
        from stylenet.training.processes import current_processes

        # With several processes, the signal arrives twice, from the terminal and from torchrun, and all must stop after the same update.
        if current_processes().count == 1 or not stop():
            stop.handle(number, frame)

    return handle


def _print_start(request: TrainRequest, event: TrainingStarted, *, quiet: bool, json: bool) -> None:
    """Print the task, the data and the duration."""
    if json:
        import msgspec

        print(json_format.dumps({"event": "started", "plan": msgspec.to_builtins(event.plan), "job": event.job}), flush=True)
    elif not quiet:
        plan = event.plan
        source = "noise" if request.photos is None else counted(event.job["photos"], "photo")
        length = f"about {plan.minutes:g} min" if plan.minutes else f"at most {counted(plan.steps, 'update')}"
        resumed = f", resuming after {counted(event.step, 'update')}" if event.step else ""
        machine = f", {event.processes} processes" if event.processes > 1 else ""
        what = request.network_kind if request.task == "style" else request.task
        print(
            f"training '{what}' on {source}, {length} of {counted(plan.batch, 'crop')} of {plan.crop_px} px{machine}{resumed}", flush=True
        )


def _print_end(done: TrainingDone, *, quiet: bool, json: bool) -> None:
    """Print the output file, the reason for stopping, and how to use the network."""
    if json:
        facts = {"steps": done.steps, "seconds": done.seconds, "loss": done.loss, "reason": done.reason}
        print(json_format.dumps({"event": "done", "output": str(done.output), **facts}), flush=True)
        return
    if quiet:
        return
    from stylenet.catalog.networks import COMMANDS

    result = f"{done.output}  ({counted(done.steps, 'update')} in {done.seconds / 60:.1f} min)"
    if done.reason == "interrupted":
        print(f"interrupted at update {done.steps} of {done.max_steps}; the network so far is saved; continue with --resume: {result}")
        return
    print(f"{result}; stopped early: the loss no longer fell" if done.reason == "stalled" else result)
    if done.paints != "texture":
        print(f"use it: stylenet {COMMANDS[done.paints]} PHOTO {shlex.quote(str(done.output))}")
