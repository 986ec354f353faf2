"""One painting from its options to its file: checks first, then one call of the library, then what is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stylenet.catalog.networks import usual_recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.cli.app import INTERRUPTED, Interrupted, Stop, signals_call
from stylenet.cli.options import recipe_file, weights_file
from stylenet.cli.places import Source, keep_apart, place
from stylenet.cli.progress import Display, open_display
from stylenet.errors import UsageError, WeightsError
from stylenet.events import Done, Event, Notice, Preview, Started, Step
from stylenet.image.output import check_output

if TYPE_CHECKING:
    from stylenet.image.files import Picture
    from stylenet.stylizers.plan import Options
    from stylenet.stylizers.replay import Replay
    from stylenet.stylizers.stylizer import Stylizer

_STATE_SUFFIX = ".resume"
"""Added to the output's name: the file beside it that a painting is gone on from; it disappears with the last step."""

_FRAMES = 60
"""Of a timelapse, where no interval is asked for."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a person asked for, as the options gave it; None stands for an option that was left out.

    Attributes:
        photo: None for a texture.
        changes: Knobs of the recipe and their values, both as text.
        wishes: Fields of `stylizers.plan.Options`.
        masks: "FILE=STYLE" each.
        palette: Where the colors of the result come from.
        replay: A painting that is painted again, by its receipt; its inputs are looked for where they are not given.
        start: A picture to start from.
        machine: Device and precision.
        keep: Fields of `stylizers.stylizer.Keep`: whether to go on with the painting whose state lies beside the output.
        preview: A file, or "none" for no picture in the terminal.
    """

    photo: Path | None
    styles: Sequence[str]
    output: Path | None = None
    recipe: str | None = None
    encoder: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, Any] = field(default_factory=dict)
    masks: Sequence[str] = ()
    palette: str | None = None
    replay: Path | None = None
    start: Path | None = None
    machine: Mapping[str, str | None] = field(default_factory=dict)
    threads: int | None = None
    keep: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    timelapse: Path | None = None
    preview: str | None = None
    quiet: bool = False
    json: bool = False


def run_job(job: Job) -> Done:
    """Do what was asked for, show it, and write the result; the last event.

    Raises:
        StylenetError: before painting, or from it; then nothing was written.
        typer.Exit: it was interrupted, and the best picture so far was written; or nothing but the plan was asked for.
    """
    job = _with_inputs(job)
    if not job.styles:
        raise UsageError("no style is given; name one of 'stylenet styles ls', a painting or a style file")
    names = [Path(style).stem for style in job.styles]
    invented = "-".join([job.photo.stem, *names] if job.photo else [*names, "texture"])
    with place(job.output, invented, state=_STATE_SUFFIX if job.keep.get("resume") else "") as output:
        _check(job, output)
        if job.recipe is None and job.replay is None:
            job = replace(job, recipe=usual_recipe([*job.styles, *_masked_styles(job)]))
        if job.recipe is not None:
            load_recipe(job.recipe, job.changes)  # a misspelled knob is told now and not after torch was loaded
        return _painted(job, output)


def _painted(job: Job, output: Path) -> Done:
    stop = Stop()
    with signals_call(stop.handle), open_display(quiet=job.quiet, as_json=job.json, preview=job.preview is None) as display:
        stylizer = stop.check(_open(job))
        photo = stop.check(_load(job))
        options = _options(job)
        events, started = stop.check(_begin(job, stylizer, photo, options, output=output, stop=stop))
        if job.timelapse is not None and not options.save_every:
            options = replace(options, save_every=max(1, started.steps // _FRAMES))
            events, started = stop.check(_begin(job, stylizer, photo, options, output=output, stop=stop))
        for path in (output, _preview_file(job)):
            if path is not None:
                check_output(path, size=tuple(started.plan["size"]))
        every = options.save_every or stylizer.recipe.pyramid.save_every
        keep_apart([*_outputs(job, output), *_on_the_way(job, output, every=every, steps=started.steps)], _inputs(job))
        if job.dry_run:
            display.planned(started, output=output)
            raise typer.Exit
        display.started(started)
        done = _paint(job, events, started, photo, output=output, display=display)
        if done.reason != "interrupted":
            _state_file(output).unlink(missing_ok=True)
    if done.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)
    return done


def _paint(job: Job, events: Iterator[Event], started: Started, photo: Picture | None, *, output: Path, display: Display) -> Done:
    from stylenet.cli.keeping import Keeping
    from stylenet.image.files import Picture
    from stylenet.stylizers.stylize import Painting

    keeping = Keeping(
        output=output,
        size_px=tuple(started.plan["size"]),
        preview=_preview_file(job),
        timelapse=job.timelapse,
        pictures=_keeps_pictures(job),
    )
    for event in events:
        if isinstance(event, Preview) and (path := keeping.keep(event)):
            display.kept(path)
        if isinstance(event, (Step, Preview, Notice)):
            display.moved(event)
    if not isinstance(event, Done) or (event.reason == "interrupted" and not event.steps):
        raise Interrupted
    pixels = event.image.cpu()
    Painting(pixels=pixels, photo=photo or Picture(pixels=pixels), done=event).save(output)
    keeping.finish(pixels)
    display.done(event, output, steps=started.steps)
    return event


def _with_inputs(job: Job) -> Job:
    """The job with the inputs of the painting that is painted again, where they are not given."""
    if job.replay is None:
        return job
    given = [name for name, value in job.wishes.items() if value is not None] + [f"set {knob}" for knob in job.changes]
    given += [name for name, value in (("recipe", job.recipe), ("encoder", job.encoder), ("palette", job.palette)) if value is not None]
    if given:
        raise UsageError(f"--replay paints with what the receipt says; leave out --{given[0].replace('_', '-')}")
    from stylenet.stylizers.replay import Replay, found_again

    again = Replay.of(job.replay)
    photo = job.photo or (found_again(again.photo, job.replay) if again.photo else None)
    if photo is None:
        named = f"the photo '{again.photo}' is" if again.photo else "the photo's name is not in the receipt, and it is"
        raise UsageError(f"{named} neither beside '{job.replay}' nor here; give it: stylenet stylize PHOTO --replay {job.replay}")
    styles = job.styles or again.styles_again(job.replay)
    return replace(job, photo=photo, styles=styles)


def _precision(job: Job, again: Replay) -> str:
    return job.machine.get("precision") or str(again.receipt["precision"])


def _check(job: Job, output: Path) -> None:
    """Everything about files that can be wrong is told here, before anything heavy is loaded."""
    check_output(output)
    preview = _preview_file(job)
    if preview is not None:
        check_output(preview)
    keep_apart(_outputs(job, output), _inputs(job))
    if (job.keep.get("seconds") or 0) < 0:
        raise UsageError(f"--checkpoint-every is {job.keep['seconds']:g}; allowed are seconds from 0")
    if job.threads is not None and job.threads < 1:
        raise UsageError(f"--threads is {job.threads}; allowed are whole numbers from 1")


def _inputs(job: Job) -> list[Source]:
    """All that is read, as it was given."""
    given: list[Source] = [job.photo, *job.styles, job.start, job.palette, job.replay, recipe_file(job.recipe), weights_file(job.encoder)]
    if job.masks:
        from stylenet.image.masks import parse_mask_wish

        for wish in map(parse_mask_wish, job.masks):
            given += [wish.mask, wish.style]
    return given


def _masked_styles(job: Job) -> list[str]:
    """The styles of `--mask FILE=STYLE`."""
    if not job.masks:
        return []
    from stylenet.image.masks import parse_mask_wish

    return [str(wish.style) for wish in map(parse_mask_wish, job.masks) if wish.style is not None]


def _outputs(job: Job, output: Path) -> list[tuple[str, Path | None]]:
    """All that is written, but for the pictures on the way."""
    return [("--output", output), ("--output", _state_file(output)), ("--preview", _preview_file(job)), ("--timelapse", job.timelapse)]


def _on_the_way(job: Job, output: Path, *, every: int, steps: int) -> list[tuple[str, Path | None]]:
    """The pictures on the way, whose names are known once the steps are."""
    from stylenet.cli.keeping import on_the_way

    if not every or not _keeps_pictures(job):
        return []
    return [("--output", on_the_way(output, step)) for step in range(every, steps + 1, every)]


def _keeps_pictures(job: Job) -> bool:
    """Whether pictures on the way become files. The recipe's own interval is for them, unless the interval is the timelapse's."""
    return bool(job.wishes.get("save_every")) or job.timelapse is None


def _state_file(output: Path) -> Path:
    return output.with_name(output.name + _STATE_SUFFIX)


def _preview_file(job: Job) -> Path | None:
    return None if job.preview is None or job.preview == "none" else Path(job.preview)


def _open(job: Job) -> Stylizer:
    import torch

    from stylenet.image.timelapse import TIMELAPSE_SUFFIXES
    from stylenet.stylizers.replay import Replay
    from stylenet.stylizers.stylizer import open_stylizer
    from stylenet.video.writing import CLIP_SUFFIXES, check_clip

    if job.timelapse is not None:
        check_output(job.timelapse, formats={**TIMELAPSE_SUFFIXES, **CLIP_SUFFIXES})
        if job.timelapse.suffix.lower() in CLIP_SUFFIXES:
            check_clip(job.timelapse)
    if job.threads is not None:
        torch.set_num_threads(min(job.threads, 4 * (os.cpu_count() or 1)))
    chosen: dict[str, Any] = {name: value for name, value in {"recipe": job.recipe, **job.machine}.items() if value is not None}
    if job.replay is not None:
        again = Replay.of(job.replay)
        return open_stylizer(
            again.recipe, encoder=again.encoder, device=job.machine.get("device") or "auto", precision=_precision(job, again)
        )
    try:
        return open_stylizer(encoder=job.encoder, changes=job.changes, **chosen)
    except WeightsError as error:
        if job.encoder is None and "--encoder compact" not in str(error):
            raise WeightsError(f"{error}; or paint with the one that ships: --encoder compact") from error
        raise


def _load(job: Job) -> Picture | None:
    from stylenet.image.files import load_image

    return None if job.photo is None else load_image(job.photo)


def _options(job: Job) -> Options:
    from stylenet.stylizers.plan import Options
    from stylenet.stylizers.replay import Replay
    from stylenet.stylizers.sources import open_palette

    if job.replay is not None:
        return Replay.of(job.replay).options
    colors = () if job.palette is None else open_palette(job.palette)
    return Options(palette=colors, **{name: value for name, value in job.wishes.items() if value is not None})


def _begin(
    job: Job, stylizer: Stylizer, photo: Picture | None, options: Options, *, output: Path, stop: Stop
) -> tuple[Iterator[Event], Started]:
    """The events to come, and the first of them; nothing is painted yet."""
    from stylenet.image.masks import parse_mask_wish
    from stylenet.stylizers.job import Keep
    from stylenet.stylizers.regions import Region
    from stylenet.stylizers.replay import Replay

    styles = list(job.styles)
    keep = Keep(path=_state_file(output), **{name: value for name, value in job.keep.items() if value is not None})
    if photo is None:
        events = stylizer.texture(styles, options, keep=keep, timed=job.dry_run, should_stop=stop)
    else:
        regions = [Region.wished(parse_mask_wish(words)) for words in job.masks]
        again = None if job.replay is None else Replay.of(job.replay)
        events = stylizer.stylize(
            photo, styles, options, regions=regions, start=job.start, keep=keep, again=again, timed=job.dry_run, should_stop=stop
        )
    started = next(events)
    if not isinstance(started, Started):
        raise TypeError(f"the first event is {type(started).__name__}")
    return events, started
