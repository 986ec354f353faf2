"""`stylenet video`: clips."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.counting import Counting, open_counting
from stylenet.errors import UsageError
from stylenet.requests.base import help_of
from stylenet.requests.video import VideoRequest

if TYPE_CHECKING:
    from stylenet.workflows.video import VideoEvent


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(video)


def _help(name: str) -> str:
    return help_of(VideoRequest, name)


def video(
    context: typer.Context,
    clip: Annotated[str, typer.Argument(metavar="CLIP", help=_help("clip"), show_default=False)],
    styles: options.Styles,
    *,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help=_help("output"))],
    steady: Annotated[float | None, typer.Option("--steady", metavar="0..100", help=_help("steady"))] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help=_help("begin"))] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help=_help("end"))] = None,
    fps: Annotated[float | None, typer.Option("--fps", metavar="N", help=_help("fps"))] = None,
    frame_steps: Annotated[int | None, typer.Option("--frame-steps", metavar="N", help=_help("frame_steps"))] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", "-r", metavar="NAME|FILE", help=_help("recipe"))] = None,
    encoder: options.Encoder = None,
    size: options.Size = None,
    strength: Annotated[
        str | None,
        typer.Option("--strength", metavar="N|A..B", help="0 (photo) to 100 (painting); 20..80: from the first to the last frame."),
    ] = None,
    style_scale: options.StyleScale = None,
    blend: options.Blend = None,
    seed: options.Seed = None,
    changes: options.Changes = None,
    masks: Annotated[list[str] | None, typer.Option("--mask", metavar="FILE=STYLE", help=_help("masks"))] = None,
    feather: options.Feather = None,
    protect: options.Protect = None,
    keep_colors: options.KeepColors = None,
    palette: options.Palette = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    resume: Annotated[bool, typer.Option("--resume", metavar="", help=_help("resume"))] = False,
    preview: Annotated[str | None, typer.Option("--preview", metavar="FILE", help=_help("preview"))] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Paint a clip: steady frames, with its sound, at its own frame times. Several styles turn into one another."""
    shares, named = options.parse_blend(blend, styles or [])
    known = VideoRequest.__struct_fields__
    given = {name: value for name, value in context.params.items() if name in known and value is not None and value is not False}
    given |= {"styles": tuple(named), "blend": tuple(shares) or None, "changes": options.parse_changes(changes)}
    given |= _strength(strength)
    request = VideoRequest.of(given)
    from stylenet.workflows.video import VideoDone, paint_video

    stop, done = Stop(), None
    with signals_call(stop.handle), open_counting(quiet=quiet, as_json=json) as display:
        for event in paint_video(request, should_stop=stop):
            _show(event, display, output=output)
            if isinstance(event, VideoDone):
                done = event
    if done is None or done.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _strength(text: str | None) -> dict[str, object]:
    """`strength`, or the two `strengths` of `20..80`."""
    if text is None:
        return {"strength": None}
    match = re.fullmatch(r"([0-9.]+?)\.\.([0-9.]+)", text.strip())
    try:
        if match is not None:
            return {"strength": None, "strengths": (float(match[1]), float(match[2]))}
        return {"strength": float(text)}
    except ValueError:
        raise UsageError(f"--strength is '{text}'; write a number from 0 to 100, or two like 20..80") from None


def _show(event: VideoEvent, display: Counting, *, output: str) -> None:
    from stylenet.events import Notice, Preview, Saved
    from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted

    if isinstance(event, VideoStarted):
        for notice in event.notices:
            display.say(f"note: {notice}")
        clip = event.clip
        about = "frames" if event.frames is None else f"about {event.frames} frames"
        there = f", {event.painted} of them painted already" if event.painted else ""
        display.say(f"{clip.path}: {clip.width} x {clip.height}, {float(clip.rate):.4g} frames a second, {about}{there}")
        display.event("started", {"frames": event.frames, "painted": event.painted, "seconds": clip.seconds, "notices": event.notices})
    elif isinstance(event, FrameDone):
        told = f"{event.size[0]} x {event.size[1]}"
        display.count(event.frame, event.frames or event.frame, told=told, seconds_left=event.seconds_left)
        display.event("frame", vars(event))
    elif isinstance(event, Notice):
        display.say(f"note: {event.message}")
        display.event("notice", vars(event))
    elif isinstance(event, Saved):
        display.event("saved", vars(event))
    elif isinstance(event, VideoDone):
        if event.reason == "interrupted":
            display.say(f"interrupted after {event.frames} frames, which are kept in '{event.folder}'; continue with --resume")
        else:
            display.say(f"{output}  ({event.frames} frames in {event.seconds:.1f} s)")
        display.event("done", vars(event))
    elif isinstance(event, Preview):
        pass
