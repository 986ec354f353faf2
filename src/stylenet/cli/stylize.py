"""`stylenet stylize` and `stylenet texture`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.errors import UsageError

_STARTS = ("content", "noise", "style", "network")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(stylize)
    app.command()(texture)


def stylize(
    photo: Annotated[str | None, typer.Argument(metavar="PHOTO", help="The picture to paint.", show_default=False)] = None,
    styles: options.Styles = None,
    *,
    output: options.Output = None,
    recipe: options.RecipeName = None,
    encoder: options.Encoder = None,
    size: options.Size = None,
    paper: options.Print = None,
    dpi: options.Dpi = None,
    strength: options.Strength = None,
    style_scale: options.StyleScale = None,
    blend: options.Blend = None,
    seed: options.Seed = None,
    changes: options.Changes = None,
    start: options.Start = None,
    refine: options.Refine = False,
    masks: options.Masks = None,
    feather: options.Feather = None,
    protect: options.Protect = None,
    keep_colors: options.KeepColors = None,
    palette: options.Palette = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    resume: options.Resume = False,
    replay: options.Replay = None,
    checkpoint_every: options.CheckpointEvery = None,
    dry_run: options.DryRun = False,
    save_every: options.SaveEvery = None,
    timelapse: options.Timelapse = None,
    preview: options.Preview = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Paint a photo in the manner of one or several styles."""
    from stylenet.cli.jobs import Job, run_job

    # The shares of `--blend 0.3 0.7 photo.jpg a.jpg b.jpg` stand where the photo is looked for.
    shares, words = options.parse_blend(blend, [*([] if photo is None else [photo]), *(styles or [])])
    if replay is None and len(words) < 2:
        raise UsageError(f"missing argument '{'STYLE' if words else 'PHOTO'}'. See 'stylenet stylize --help'")
    photo, named = (words[0], words[1:]) if words else (None, [])
    if replay is None:
        options.check_photo(photo or "", named)
        if not shares:
            _check_one_photo(words)
    knobs = options.parse_changes(changes)
    if start in _STARTS:
        if "picture.start" in knobs:
            raise UsageError("--start and --set picture.start are both given; choose one")
        knobs["picture.start"] = start
    if refine:
        if recipe not in (None, "instant"):
            raise UsageError(f"--refine goes on from recipe instant, and --recipe is {recipe}; --start network lets any recipe start there")
        recipe = "refined"
    run_job(
        Job(
            photo=None if photo is None else Path(photo),
            styles=named,
            output=output,
            recipe=recipe,
            encoder=encoder,
            changes=knobs,
            wishes={
                "size": size,
                "paper": paper,
                "dpi": dpi,
                "memory": memory,
                "strength": strength,
                "style_scale": style_scale,
                "blend": shares or None,
                "seed": seed,
                "save_every": save_every,
                "feather": feather,
                "protect": tuple(protect) if protect else None,
                "keep_colors": keep_colors,
            },
            masks=masks or (),
            palette=palette,
            replay=replay,
            start=None if start is None or start in _STARTS else Path(start),
            machine={"device": device, "precision": precision},
            threads=threads,
            keep={"resume": resume, "seconds": checkpoint_every},
            dry_run=dry_run,
            timelapse=timelapse,
            preview=preview,
            quiet=quiet,
            json=json,
        )
    )


def _check_one_photo(words: Sequence[str]) -> None:
    """Refuse several pictures before a style, of which all but the first would become styles without a word."""
    *pictures, last = words
    if len(pictures) > 1 and all(options.is_picture(word) for word in pictures):
        each = "; ".join(f"stylenet stylize {picture} {last}" for picture in pictures[:2])
        mixed = " ".join("1" for _ in words[1:])
        raise UsageError(
            f"{len(pictures)} pictures come before '{last}', and a command paints one photo. To paint each, give a command for each: "
            f"{each}{'; ...' if len(pictures) > 2 else ''}. To mix the pictures after the first as styles, give shares: --blend {mixed}"
        )


def texture(
    styles: options.Styles = None,
    *,
    output: options.Output = None,
    recipe: options.RecipeName = None,
    encoder: options.Encoder = None,
    size: options.Size = None,
    paper: options.Print = None,
    dpi: options.Dpi = None,
    style_scale: options.StyleScale = None,
    blend: options.Blend = None,
    seed: options.Seed = None,
    changes: options.Changes = None,
    palette: options.Palette = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    resume: options.Resume = False,
    checkpoint_every: options.CheckpointEvery = None,
    dry_run: options.DryRun = False,
    save_every: options.SaveEvery = None,
    timelapse: options.Timelapse = None,
    preview: options.Preview = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Paint a texture: the strokes and colors of a style without a photo."""
    from stylenet.cli.jobs import Job, run_job

    if not styles:
        raise UsageError("missing argument 'STYLE'. See 'stylenet texture --help'")
    shares, named = options.parse_blend(blend, styles)
    run_job(
        Job(
            photo=None,
            styles=named,
            output=output,
            recipe=recipe,
            encoder=encoder,
            changes=options.parse_changes(changes),
            wishes={
                "size": size,
                "paper": paper,
                "dpi": dpi,
                "memory": memory,
                "style_scale": style_scale,
                "blend": shares or None,
                "seed": seed,
                "save_every": save_every,
            },
            palette=palette,
            machine={"device": device, "precision": precision},
            threads=threads,
            keep={"resume": resume, "seconds": checkpoint_every},
            dry_run=dry_run,
            timelapse=timelapse,
            preview=preview,
            quiet=quiet,
            json=json,
        )
    )
