"""Many photos in many styles. The results are the checkpoint: what is there already, and is the same, is not painted again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from stylenet.errors import StylenetError, UsageError
from stylenet.events import Done
from stylenet.image.files import load_image
from stylenet.image.metadata import read_receipt
from stylenet.image.output import check_output
from stylenet.painting.painting import Painting
from stylenet.painting.receipts import NOT_OF_THE_INPUTS
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.batch import BatchRequest
from stylenet.storage.hashing import file_sha256
from stylenet.workflows.crew import Crew
from stylenet.workflows.folders import Pair, find_photos, lay_out_pairs
from stylenet.workflows.outputs import keep_apart, make_folder
from stylenet.workflows.painting import inputs_of, open_for, with_recipe

REPORT = "report.jsonl"
"""In the folder of results: a line for every picture."""

_RECEIPT_KEY = "batch"

_ABANDONED_SECONDS = 3600.0

PAINTED, THERE, FAILED, LEFT = "painted", "there", "failed", "left"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is about to be done.

    Attributes:
        pairs: Every picture to paint.
        notices: What a person should know, one line each.
    """

    pairs: Sequence[Pair]
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One picture is finished.

    Attributes:
        pair: Which.
        state: "painted", "there" (it was, by the same request), "failed", or "left" (the end was asked for before it).
        reason: Why it failed, in one line.
        seconds: It took.
        done: Pictures finished so far, this one included.
        count: Of all pictures.
        seconds_left: Estimate until the end; None before the first one is painted.
    """

    pair: Pair
    state: str
    reason: str
    seconds: float
    done: int
    count: int
    seconds_left: float | None = None


def paint_batch(request: BatchRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Planned | Finished]:
    """Paint all photos in all styles; yields `Planned`, and `Finished` for every picture, in the order in which they end.

    Args:
        request: What is painted and where it is written.
        should_stop: Asked often; true ends the work, and pictures that are not finished are "left".

    Raises:
        StylenetError: before painting: names that collide, an unknown style or recipe. What is wrong with one photo raises nothing.
    """
    request, pairs, notices = _planned(request)
    yield Planned(pairs=pairs, notices=notices)
    make_folder(Path(request.output))
    _clear(pairs)
    progress = _Progress(count=len(pairs), workers=request.workers)
    left = set(range(len(pairs)))
    with (Path(request.output) / REPORT).open("w", encoding="utf-8") as report:
        for index, state, reason, seconds in _outcomes(request, pairs, should_stop):
            left.discard(index)
            finished = progress.finished(pairs[index], state, reason=reason, seconds=seconds)
            report.write(_line(finished))
            report.flush()
            yield finished
        for index in sorted(left):
            finished = progress.finished(pairs[index], LEFT, reason="the end was asked for before", seconds=0.0)
            report.write(_line(finished))
            yield finished


def plan_batch(request: BatchRequest) -> Planned:
    """What would be painted.

    Raises:
        StylenetError: names collide, or a photo or recipe does not exist.
    """
    _, pairs, notices = _planned(request)
    return Planned(pairs=pairs, notices=notices)


def _planned(request: BatchRequest) -> tuple[BatchRequest, list[Pair], tuple[str, ...]]:
    output = Path(request.output)
    if output.is_file():
        raise UsageError(f"--output '{output}' is a file; give a folder")
    single = with_recipe(structs.replace(request.single(), styles=request.styles))
    request = structs.replace(request, recipe=single.recipe)
    found = find_photos(request.photos, output)
    pairs = lay_out_pairs(found, request.styles, output, f".{request.format}")
    written: list[tuple[str, Path | None]] = [("--output", pair.output) for pair in pairs]
    keep_apart([*written, ("--output", output / REPORT)], [*(photo for photo, _ in found.photos), *inputs_of(single)])
    notices = [f"{found.left_out} files of the folders are no pictures by their names, and left out"] if found.left_out else []
    return request, pairs, tuple(notices)


Outcome = tuple[int, str, str, float]
"""Index of a pair, state, reason, seconds."""


def _outcomes(request: BatchRequest, pairs: Sequence[Pair], should_stop: Callable[[], bool]) -> Iterator[Outcome]:
    if min(request.workers, len(pairs)) > 1:
        yield from Crew(request, pairs, should_stop=should_stop).outcomes()
        return
    painter = BatchPainter(request)
    for index, pair in enumerate(pairs):
        if should_stop():
            return
        begun = time.perf_counter()
        state, reason = painter.paint(pair, should_stop=should_stop)
        if state != LEFT:
            yield index, state, reason, time.perf_counter() - begun


class BatchPainter:
    """Paints the pictures of a batch, one after the other, with everything opened once.

    Args:
        request: With the name of its recipe.

    Raises:
        StylenetError: a style or the recipe cannot be opened, or an option means nothing to it.
    """

    def __init__(self, request: BatchRequest) -> None:
        self._request = request
        self._stylizer: Stylizer = open_for(request.single())
        self._options = request.single()
        opened = {style: self._stylizer.open_style(style) for style in request.styles}
        self._stylizer.engine.check(self._options, has_start=False, wants_previews=False)
        # With `:before` a style is recolored for each photo, and its picture is needed then.
        self._styles: Mapping[str, Any] = {style: style for style in opened} if request.recolors_style else opened
        facts = {name: value for name, value in self._stylizer.engine.facts().items() if name not in NOT_OF_THE_INPUTS}
        self._keys = {
            name: _sha256({"facts": facts, "style": style.sha256, "shares": style.shares, "options": request.of_the_result()})
            for name, style in opened.items()
        }

    def paint(self, pair: Pair, *, should_stop: Callable[[], bool]) -> tuple[str, str]:
        """Paint one picture, unless it is there; the state and the reason, which `Finished` describes. Nothing is raised."""
        try:
            return self._painted(pair, should_stop)
        except StylenetError as error:
            return FAILED, str(error)
        except MemoryError:
            return FAILED, "the memory is not enough for this picture; a smaller --size needs less"
        except Exception as error:  # whatever one file does to a library, the others are painted
            return FAILED, f"unexpected {type(error).__name__}: {' '.join(str(error).split()) or 'no reason given'}"

    def _painted(self, pair: Pair, should_stop: Callable[[], bool]) -> tuple[str, str]:
        # A pipe is never read, and what cannot be read is explained by `load_image`.
        sha256 = _hash(pair.photo)
        batch = {"request": self._keys[pair.style], "input_sha256": sha256}
        if pair.output.exists():
            saved = _receipt(pair.output)
            if saved is None:
                return FAILED, f"'{pair.output}' is there and was not painted by stylenet; move it, or choose another folder for --output"
            if saved.get(_RECEIPT_KEY) == batch:
                return THERE, ""
        photo = load_image(pair.photo)
        make_folder(pair.output.parent)
        check_output(pair.output)
        *_, event = self._stylizer.stylize(photo, self._styles[pair.style], self._options, should_stop=should_stop)
        if not isinstance(event, Done) or event.reason == "interrupted":
            return LEFT, ""
        done = replace(event, receipt={**event.receipt, _RECEIPT_KEY: batch})
        Painting(pixels=done.image, photo=photo, done=done).save(pair.output, quality=self._request.quality)
        return PAINTED, ""


class _Progress:
    """Counts, and estimates the time that is left from the pictures that were painted."""

    def __init__(self, *, count: int, workers: int) -> None:
        self._count, self._workers = count, workers
        self._done = self._painted = 0
        self._seconds = 0.0

    def finished(self, pair: Pair, state: str, *, reason: str, seconds: float) -> Finished:
        self._done += state != LEFT
        if state == PAINTED:
            self._painted += 1
            self._seconds += seconds
        mean = self._seconds / self._painted if self._painted else None
        return Finished(
            pair=pair,
            state=state,
            reason=reason,
            seconds=round(seconds, 3),
            done=self._done,
            count=self._count,
            seconds_left=None if mean is None else mean * (self._count - self._done) / self._workers,
        )


def _line(finished: Finished) -> str:
    pair = finished.pair
    values = {"photo": str(pair.photo), "style": pair.style, "output": str(pair.output), "state": finished.state}
    return json.dumps({**values, "reason": finished.reason, "seconds": finished.seconds}) + "\n"


def _clear(pairs: Sequence[Pair]) -> None:
    """Delete what killed runs left half-written; what is younger than an hour may be in the hands of another run."""
    for folder in {pair.output.parent for pair in pairs}:
        for path in folder.glob(".stylenet-*.part"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()


def _hash(photo: Path) -> str | None:
    if not photo.is_file():
        return None
    try:
        return file_sha256(photo)
    except OSError:
        return None


def _receipt(path: Path) -> Mapping[str, Any] | None:
    try:
        return read_receipt(path)
    except StylenetError:
        return None


def _sha256(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
