"""One painting, from its request to its files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import structs

from stylenet.catalog.recipes import load_recipe
from stylenet.errors import UsageError, WeightsError, counted
from stylenet.events import Done, Event, Preview, Saved, Started
from stylenet.extras import is_installed
from stylenet.image.files import Picture, load_image
from stylenet.image.masks import parse_mask
from stylenet.image.output import check_output, check_quality
from stylenet.notices import CodedNotice
from stylenet.painting.defaults import NO_TORCH_NOTICE, default_recipe
from stylenet.painting.painting import Painting
from stylenet.painting.receipts import Replay
from stylenet.painting.regions import Region
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.base import default_of
from stylenet.requests.painting import PaintFileRequest
from stylenet.requests.task import Checkpointing
from stylenet.video.writing import check_animation
from stylenet.workflows.outputs import Source, keep_apart, reserve_output
from stylenet.workflows.recording import Recorder, interval_path

if TYPE_CHECKING:
    from stylenet.image.files import ImageSource

STANDARD_STREAM = "-"
"""Path that stands for standard input (photo) and standard output (result)."""

STARTS = ("content", "noise", "style", "network")
"""Allowed values of `start` besides files."""

_STATE_SUFFIX = ".resume"
"""Suffix of the checkpoint file next to the output; the file is deleted after the last step."""

_TIMELAPSE_FRAMES = 60
"""Number of frames of a timelapse without `save_every`."""


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Standard streams, for paths that are `-`.

    Attributes:
        photo: The bytes of the photo.
        output: The stream to which the result is written as PNG.
    """

    photo: bytes | None = None
    output: BinaryIO | None = None


def paint_file(
    request: PaintFileRequest,
    *,
    stylizer: Stylizer | None = None,
    streams: Streams | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Paint a request and write its files; yields the events of the painting, `Saved` for each file, and finally `Done`.

    There is no `Done` if painting is stopped before the first step. With `dry_run`, only `Started` is yielded.

    Args:
        request: The request.
        stylizer: The result of `open_for`, if several paintings share one.
        streams: The streams for a photo or an output that is `-`.
        should_stop: Called after each step; true ends painting with the best picture so far.

    Raises:
        StylenetError: before or during painting; nothing was written.
    """
    replay = _open_replay(request)
    request = _with_inputs(request, replay)
    if not request.styles:
        raise UsageError("no style is given; name one of 'stylenet styles ls', a painting or a style file")
    with _output(request) as output:
        _check(request, output)
        notices: tuple[str, ...] = (NO_TORCH_NOTICE,) if replay is None and request.recipe is None and not is_installed("torch") else ()
        request = with_recipe(request, replay)
        photo = _load_photo(request, streams)  # first: without torch, an error is reported at once
        if should_stop():
            return
        stylizer = stylizer or open_for(request, replay)
        if should_stop():
            return
        frames = _TIMELAPSE_FRAMES if request.timelapse is not None else 0
        events = _begin(request, stylizer, photo, replay, output=output, frames=frames, should_stop=should_stop)
        started = next(events)
        if not isinstance(started, Started):
            raise TypeError(f"the first event is {type(started).__name__}")
        size = tuple(started.plan["size"])
        for path in (output, _preview_file(request)):
            if path is not None:
                check_output(path, size=size)
        _check_intervals(request, output, every=int(started.plan["save_every"]), steps=started.steps)
        if request.save_every > started.steps:
            steps = counted(started.steps, "step")
            message = f"no intermediate picture is saved: the painting has {steps}, --save-every is {request.save_every}"
            notices += (CodedNotice(message, "nothing-saved", steps=started.steps, save_every=request.save_every),)
        yield replace(started, plan={**started.plan, "output": str(output or STANDARD_STREAM)}, notices=(*notices, *started.notices))
        if request.dry_run:
            return
        if should_stop():
            return
        yield from _paint(request, events, photo, output=output, size=size, streams=streams)


def open_for(request: PaintFileRequest, replay: Replay | None = None) -> Stylizer:
    """Open the stylizer for a request with a resolved recipe.

    Raises:
        RecipeError, WeightsError, UsageError: see `open_stylizer`.
    """
    if replay is not None:
        precision = request.precision if request.precision != "auto" else str(replay.receipt["precision"])
        encoder = replay.encoder if replay.recipe.method == "optimization" or replay.recipe.network.name else None
        return open_stylizer(replay.recipe, encoder=encoder, device=request.device, precision=precision, threads=request.threads)
    try:
        return open_stylizer(
            request.recipe or "standard",
            encoder=request.encoder,
            changes=_changes(request),
            device=request.device,
            precision=request.precision,
            threads=request.threads,
        )
    except WeightsError as error:
        if request.encoder is None and "--encoder compact" not in str(error):
            raise WeightsError(f"{error}; or use the included encoder: --encoder compact") from error
        raise


def with_recipe(request: PaintFileRequest, replay: Replay | None = None) -> PaintFileRequest:
    """The request with its recipe resolved; the recipe and its changes are checked without loading torch."""
    if replay is not None:
        return request
    if request.recipe is None:
        masked = [str(region.style) for region in map(Region.parse, request.masks) if region.style is not None]
        request = structs.replace(request, recipe=default_recipe([*request.styles, *masked], texture=request.photo is None))
    recipe = load_recipe(request.recipe or "", _changes(request))
    if recipe.method == "network":
        for name in ("resume", "checkpoint_every"):
            if getattr(request, name) != default_of(PaintFileRequest, name):
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"recipe '{recipe.name}' paints in one pass and writes no checkpoints; omit {option}")
    return request


def _paint(
    request: PaintFileRequest,
    events: Iterator[Event],
    photo: Picture | None,
    *,
    output: Path | None,
    size: tuple[int, ...],
    streams: Streams | None,
) -> Iterator[Event]:
    recorder = Recorder(
        output=output or Path("stdout.png"),
        size_px=size,
        preview=_preview_file(request),
        timelapse=None if request.timelapse is None else Path(request.timelapse),
        pictures=_saves_pictures(request),
    )
    for event in events:
        if isinstance(event, Preview) and (path := recorder.record(event)):
            yield Saved(path=path, is_result=False)
        if isinstance(event, Done):
            break
        yield event
    if not isinstance(event, Done) or (event.reason == "interrupted" and not event.steps):
        return
    painting = Painting(pixels=event.image, photo=photo or Picture(pixels=event.image), done=event)
    if output is not None:
        painting.save(output, quality=request.quality)
    elif streams is not None and streams.output is not None:
        painting.save(streams.output, format="png")
    recorder.finish(event.image)
    if output is not None and event.reason != "interrupted":
        _state_file(output).unlink(missing_ok=True)
    yield Saved(path=output or Path(STANDARD_STREAM))
    yield event


def _open_replay(request: PaintFileRequest) -> Replay | None:
    if request.replay is None:
        return None
    values, defaults = structs.asdict(request), structs.asdict(PaintFileRequest())
    allowed = {"photo", "styles", "masks", "replay", "output", "quality", "device", "precision", "threads", "memory", "start", "resume"}
    allowed |= {"checkpoint_every", "timelapse", "preview", "dry_run", "save_every"}
    changed = [name for name, value in values.items() if name not in allowed and value != defaults[name]]
    if changed:
        raise UsageError(f"--replay uses the options in the receipt; omit --{changed[0].replace('_', '-').replace('changes', 'set')}")
    return Replay.of(request.replay)


def _with_inputs(request: PaintFileRequest, replay: Replay | None) -> PaintFileRequest:
    """The request with missing inputs taken from the receipt."""
    if replay is None:
        return request
    photo = request.photo
    if photo is None and not replay.is_texture:
        photo = str(replay.photo_again())
    options = {name: getattr(replay.options, name) for name in replay.options.__struct_fields__ if name not in ("save_every", "memory")}
    return structs.replace(
        request, photo=photo, styles=request.styles or tuple(replay.styles_again()), masks=request.masks or replay.masks_again(), **options
    )


@contextlib.contextmanager
def _output(request: PaintFileRequest) -> Iterator[Path | None]:
    """Yield the path of the output, generated if none is given; None for standard output."""
    if request.output == STANDARD_STREAM:
        for name in ("timelapse", "save_every", "resume"):
            if getattr(request, name):
                raise UsageError(f"--{name.replace('_', '-')} writes files beside the output, which is standard output; give a file")
        yield None
        return
    names = [Path(style).stem for style in request.styles]
    photo = "photo" if request.photo == STANDARD_STREAM else request.photo
    stem = "-".join([Path(photo).stem, *names] if photo else [*names, "texture"])
    given = None if request.output is None else Path(request.output)
    with reserve_output(given, stem, state=_STATE_SUFFIX if request.resume else "") as output:
        yield output


def _check(request: PaintFileRequest, output: Path | None) -> None:
    """Check all files without loading torch."""
    for path in (output, _preview_file(request)):
        if path is not None:
            check_output(path)
    if request.timelapse is not None:
        check_animation(request.timelapse)
    if request.quality is not None:
        check_quality(output or Path("stdout.png"))
    keep_apart(_outputs(request, output), inputs_of(request))


def inputs_of(request: PaintFileRequest) -> list[Source]:
    """All inputs of a request, as given."""
    recipe = Path(request.recipe) if request.recipe is not None and Path(request.recipe).suffix == ".toml" else None
    encoder = Path(request.encoder) if request.encoder is not None and os.path.isfile(request.encoder) else None
    photo = None if request.photo in (None, STANDARD_STREAM) else Path(str(request.photo))
    start = None if request.start is None or request.start in STARTS else Path(request.start)
    palette = request.palette if isinstance(request.palette, str) else None
    replay = None if request.replay is None else Path(request.replay)
    given: list[Source] = [photo, *request.styles, start, palette, replay, recipe, encoder]
    for option in map(parse_mask, request.masks):
        given += [option.mask, option.style]
    return given


def _outputs(request: PaintFileRequest, output: Path | None) -> list[tuple[str, Path | None]]:
    """All output files except intermediate pictures."""
    timelapse = None if request.timelapse is None else Path(request.timelapse)
    state = None if output is None else _state_file(output)
    return [("--output", output), ("--output", state), ("--preview", _preview_file(request)), ("--timelapse", timelapse)]


def _check_intervals(request: PaintFileRequest, output: Path | None, *, every: int, steps: int) -> None:
    """Like `keep_apart` for intermediate pictures, whose names depend on the number of steps."""
    if output is None or not every or not _saves_pictures(request):
        return
    pictures = [("--output", interval_path(output, step)) for step in range(every, steps + 1, every)]
    keep_apart([*_outputs(request, output), *pictures], inputs_of(request))


def _saves_pictures(request: PaintFileRequest) -> bool:
    """Whether scheduled previews are saved as pictures. With a timelapse and no `save_every`, they are only frames of it."""
    return bool(request.save_every) or request.timelapse is None


def _state_file(output: Path) -> Path:
    return output.with_name(output.name + _STATE_SUFFIX)


def _preview_file(request: PaintFileRequest) -> Path | None:
    return None if request.preview is None or request.preview == "none" else Path(request.preview)


def _changes(request: PaintFileRequest) -> dict[str, str]:
    """Changes to the parameters of the recipe, including `start` unless it is a file."""
    if request.start not in STARTS:
        return request.changes
    if "picture.start" in request.changes:
        raise UsageError("--start and --set picture.start are both given; choose one")
    return {**request.changes, "picture.start": str(request.start)}


def _load_photo(request: PaintFileRequest, streams: Streams | None) -> Picture | None:
    if request.photo is None:
        return None
    if request.photo == STANDARD_STREAM:
        if streams is None or not streams.photo:
            raise UsageError("the photo is '-', and standard input is empty; pipe a picture file into the command")
        return load_image(streams.photo)
    return load_image(request.photo)


def _begin(
    request: PaintFileRequest,
    stylizer: Stylizer,
    photo: Picture | None,
    replay: Replay | None,
    *,
    output: Path | None,
    frames: int,
    should_stop: Callable[[], bool],
) -> Iterator[Event]:
    """The events of the painting. Painting starts after the first event."""
    settings: dict[str, Any] = {
        "replay": replay,
        "timed": request.dry_run,
        "timelapse_frames": 0 if request.save_every else frames,
        "should_stop": should_stop,
    }
    if output is not None:
        settings["checkpointing"] = Checkpointing(path=_state_file(output), resume=request.resume, seconds=request.checkpoint_every)
    styles = list(request.styles)
    if photo is None:
        return stylizer.texture(styles, request, **settings)
    start: ImageSource | None = None if request.start is None or request.start in STARTS else request.start
    return stylizer.stylize(photo, styles, request, regions=[Region.parse(text) for text in request.masks], start=start, **settings)
