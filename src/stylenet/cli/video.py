"""`stylenet video`: paint clips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.fields import APPEARANCE, SHOW, Flag, takes
from stylenet.cli.printers import Printer, open_printer
from stylenet.errors import UsageError, counted
from stylenet.requests.base import help_of
from stylenet.requests.video import VideoRequest

if TYPE_CHECKING:
    from stylenet.workflows.video import VideoEvent


@takes(
    VideoRequest,
    {"preview": Flag(metavar="FILE", panel=SHOW)},
    without=("strengths", "save_every", "paper", "dpi"),
)
def video(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help=help_of(VideoRequest, "clip"), show_default=False)],
    styles: options.Styles,
    *,
    strength: Annotated[
        str | None,
        typer.Option(
            "--strength",
            metavar="N|A..B",
            help="0 (photo) to 100 (painting); 20..80: changes from the first to the last frame.",
            rich_help_panel=APPEARANCE,
        ),
    ] = None,
    blend: options.Blend = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
    given: Mapping[str, Any],
) -> None:
    """Paint a clip with steady frames, keeping its sound and frame times. Several styles blend into each other over time."""
    shares, named = options.parse_blend(blend, styles or [])
    request = VideoRequest.of({**given, **_strength(strength), "clip": clip, "styles": tuple(named), "blend": shares or None})
    from stylenet.workflows.video import VideoDone, paint_video

    stop, done = Stop(), None
    with signals_call(stop.handle), open_printer(quiet=quiet, as_json=json) as printer:
        for event in paint_video(request, should_stop=stop):
            _show(event, printer)
            if isinstance(event, VideoDone):
                done = event
    if done is None or done.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _strength(text: str | None) -> dict[str, object]:
    """The field `strength`, or `strengths` for `20..80`."""
    if text is None:
        return {"strength": None}
    match = re.fullmatch(r"([0-9.]+?)\.\.([0-9.]+)", text.strip())
    try:
        if match is not None:
            return {"strength": None, "strengths": (float(match[1]), float(match[2]))}
        return {"strength": float(text)}
    except ValueError:
        raise UsageError(f"--strength is '{text}'; write a number from 0 to 100, or two such as 20..80") from None


def _show(event: VideoEvent, printer: Printer) -> None:
    from stylenet.events import Notice, Saved
    from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted

    if isinstance(event, VideoStarted):
        for notice in event.notices:
            printer.print_line(f"note: {notice}")
        clip = event.clip
        about = "frames" if event.frames is None else f"about {counted(event.frames, 'frame')}"
        painted = f", {event.painted} of them painted already" if event.painted else ""
        printer.print_line(f"{clip.path}: {clip.width} x {clip.height}, {float(clip.rate):.4g} frames per second, {about}{painted}")
        printer.event("started", {"frames": event.frames, "painted": event.painted, "seconds": clip.seconds, "notices": event.notices})
    elif isinstance(event, FrameDone):
        size = f"{event.size[0]} x {event.size[1]}"
        printer.count(event.frame, event.frames or event.frame, details=size, seconds_left=event.seconds_left)
        printer.event("frame", vars(event))
    elif isinstance(event, Notice):
        printer.print_line(f"note: {event.message}")
        printer.event("notice", vars(event))
    elif isinstance(event, Saved):
        printer.event("saved", vars(event))
    elif isinstance(event, VideoDone):
        if event.reason == "interrupted":
            printer.print_line(
                f"interrupted after {counted(event.frames, 'frame')}; the frames are kept in '{event.folder}'; continue with --resume"
            )
        else:
            printer.print_line(f"{event.output}  ({counted(event.frames, 'frame')} in {event.seconds:.1f} s)")
        printer.event("done", vars(event))
