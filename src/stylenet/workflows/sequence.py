"""Painting a photo in a transition between styles, as an animation or a folder of pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import structs

from stylenet.errors import UsageError, counted
from stylenet.events import Done, Event, Notice, Saved
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.resize import fit_within, resize
from stylenet.painting.defaults import default_recipe
from stylenet.painting.painting import Painting
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options, checked_options
from stylenet.requests.several import MAX_FRAMES, SequenceRequest
from stylenet.shapes import Image
from stylenet.styles.sources import StyleSource
from stylenet.video.writing import ANIMATION_SUFFIXES, CLIP_SUFFIXES, check_animation, save_animation
from stylenet.workflows.outputs import keep_apart, make_folder

_LOOP_PX = 640
"""Maximum long side of the frames of a GIF, WebP or APNG, to limit the file size."""


def paint_sequence(request: SequenceRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Paint a sequence and write it.

    Yields a `Notice` for each notice of the photo, `Done` for each frame, possibly a `Notice` for frames of a longer sequence, and `Saved`
    for the animation or folder.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    output = Path(request.output)
    is_animation = output.suffix.lower() in ANIMATION_SUFFIXES
    written = [output] if is_animation else [_frame(output, number) for number in range(1, request.frames + 1)]
    recipe_file = Path(request.recipe) if request.recipe is not None and request.recipe.endswith(".toml") else None
    keep_apart([("--output", path) for path in written], [Path(request.photo), *request.styles, recipe_file])
    _check_target(output, is_animation=is_animation)
    picture = load_image(request.photo)
    stylizer = open_stylizer(request.recipe or default_recipe(request.styles))
    yield from (Notice(message=message) for message in picture.notices)
    frames: list[Image] = []
    for done in sequence(stylizer, picture, request.styles, request.frames, options=request, should_stop=should_stop):
        if done.reason == "interrupted":
            break
        frames.append(done.image)
        if not is_animation:
            Painting(pixels=done.image, photo=picture, done=done).save(_frame(output, len(frames)))
        yield done
    if is_animation and frames:
        _save(frames, output)
    if not is_animation and (left := _later_frames(output, len(frames))):
        yield Notice(message=f"'{output}' also contains {counted(len(left), 'frame')} of a longer sequence, {_range_of(left)}")
    yield Saved(path=output)


def sequence(
    stylizer: Stylizer,
    photo: ImageSource | Picture,
    styles: Sequence[StyleSource],
    frames: int,
    *,
    options: Options | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Done]:
    """Yields `Done` for every frame. All frames use the same initial image and seed, and differ only in the shares of the styles.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    if not isinstance(stylizer, Stylizer):
        raise UsageError(f"a sequence is painted with what open_stylizer returns; got {type(stylizer).__name__} {stylizer!r:.60}")
    options = checked_options(options)
    if options.blend:
        raise UsageError("a sequence sets the share of each style in each frame; omit blend")
    if isinstance(styles, str):
        raise UsageError(f"styles are a list of at least two styles; got '{styles}'")
    picture = load_image(photo)
    opened = [stylizer.open_style(style) for style in styles]
    for shares in shares_by_frame(len(styles), frames):
        frame = structs.replace(options, blend=shares)
        for event in stylizer.stylize(picture, opened, frame, should_stop=should_stop):
            if isinstance(event, Done):
                yield event
                if event.reason == "interrupted":
                    return


def shares_by_frame(styles: int, frames: int) -> list[tuple[float, ...]]:
    """The shares of the styles in each frame: a linear transition from each style to the next.

    Raises:
        UsageError: fewer than two styles or frames.
    """
    if styles < 2 or frames != int(frames) or not 2 <= frames <= MAX_FRAMES:
        raise UsageError(
            f"a sequence of {styles} styles in {frames} frames is not possible; allowed are 2 styles or more, and 2 to {MAX_FRAMES} frames"
        )
    found = []
    for frame in range(int(frames)):
        position = frame * (styles - 1) / (frames - 1)
        left = min(math.floor(position), styles - 2)
        shares = [0.0] * styles
        shares[left], shares[left + 1] = 1 - (position - left), position - left
        found.append(tuple(shares))
    return found


def _frame(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.png"


def _later_frames(folder: Path, count: int) -> list[str]:
    """Names of the frames in a folder after the first `count`."""
    return sorted(path.name for path in folder.glob("[0-9][0-9][0-9][0-9].png") if int(path.stem) > count)


def _range_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _check_target(output: Path, *, is_animation: bool) -> None:
    if not is_animation:
        if (output.suffix and not os.path.isdir(output)) or os.path.isfile(output):
            raise UsageError(f"'{output}' is neither an animation ({', '.join(ANIMATION_SUFFIXES)}) nor a folder")
        make_folder(output)
    else:
        check_animation(output)


def _save(frames: Sequence[Image], output: Path) -> None:
    height, width = frames[-1].shape[2:]
    is_clip = output.suffix.lower() in CLIP_SUFFIXES
    size = fit_within(int(width), int(height), max(height, width) if is_clip else _LOOP_PX)
    save_animation([resize(image, size) for image in frames], output)
