"""Painting many photos in many styles. The results serve as checkpoints: pictures painted by the same request are skipped."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout
from msgspec import structs

from stylenet.catalog.recipes import load_recipe
from stylenet.engines.passes import find_trained
from stylenet.errors import ImageError, OutputError, StylenetError, UsageError, counted
from stylenet.image.files import load_image
from stylenet.image.metadata import read_receipt
from stylenet.image.output import check_output
from stylenet.requests.batch import BatchRequest
from stylenet.requests.painting import PaintFileRequest
from stylenet.storage.atomic import write_whole
from stylenet.storage.hashing import file_sha256
from stylenet.styles.sources import recolored, resolve
from stylenet.workflows.batch_painter import RECEIPT_KEY, BatchPainter, PictureJob
from stylenet.workflows.folders import Pair, find_photos, lay_out_pairs
from stylenet.workflows.jobs import ALREADY_PAINTED, FAILED, INTERRUPTED, PAINTED, Result
from stylenet.workflows.opening_workers import open_workers
from stylenet.workflows.outputs import keep_apart, make_folder
from stylenet.workflows.painting import inputs_of, with_recipe
from stylenet.workflows.workers import Dispatcher

REPORT = "report.jsonl"
"""File in the output folder with one line per picture."""

_ABANDONED_SECONDS = 3600.0
"""Age from which partial files are deleted; younger ones may belong to another run."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Disk full, quota exceeded, read-only file system."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The plan of a batch.

    Attributes:
        pairs: The pictures to paint.
        notices: Notices for the user, one line each.
    """

    pairs: Sequence[Pair]
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A picture is finished.

    Attributes:
        pair: The picture.
        state: "painted", "there" (already painted by the same request), "failed", or "left" (interrupted before it).
        reason: Why it failed, in one line.
        notices: Notices about the photo, one line each.
        seconds: Painting time.
        done: Number of finished pictures, including this one.
        count: Total number of pictures.
        seconds_left: Estimated remaining time; None until a picture has been painted.
    """

    pair: Pair
    state: str
    reason: str
    notices: tuple[str, ...]
    seconds: float
    done: int
    count: int
    seconds_left: float | None = None


def paint_batch(request: BatchRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Planned | Finished]:
    """Paint all photos in all styles; yields `Planned`, then `Finished` for each picture in order of completion.

    Args:
        request: The request.
        should_stop: Called several times per second; true ends the batch, and unfinished pictures are "left".

    Raises:
        StylenetError: before painting: names collide, or a style or recipe is unknown. Failed photos raise no error.
        OutputError: the disk is full.
    """
    request, pairs, notices = _plan(request)
    yield Planned(pairs=pairs, notices=notices)
    make_folder(Path(request.output))
    with _open_report(Path(request.output)) as report:
        _delete_abandoned_files(pairs)
        for finished in _paint_pairs(request, pairs, should_stop):
            report.write(_report_line(finished))
            report.flush()
            yield finished


def plan_batch(request: BatchRequest) -> Planned:
    """The plan of a batch, without painting.

    Raises:
        StylenetError: names collide, or a photo or recipe does not exist.
    """
    _, pairs, notices = _plan(request)
    return Planned(pairs=pairs, notices=notices)


def _plan(request: BatchRequest) -> tuple[BatchRequest, list[Pair], tuple[str, ...]]:
    output = Path(request.output)
    if os.path.isfile(output):
        raise UsageError(f"--output '{output}' is a file; give a folder")
    single = with_recipe(structs.replace(request.single(), styles=request.styles))
    request = structs.replace(request, recipe=single.recipe)
    for style in request.styles:
        _check_style(style, single)
    found = find_photos(request.photos, output)
    pairs = lay_out_pairs(found, request.styles, output, f".{request.format}")
    written: list[tuple[str, Path | None]] = [("--output", pair.output) for pair in pairs]
    keep_apart([*written, ("--output", output / REPORT)], [*(photo for photo, _ in found.photos), *inputs_of(single)])
    notices = [f"skipped {counted(found.left_out, 'file')} without the suffix of a picture"] if found.left_out else []
    return request, pairs, tuple(notices)


def _check_style(style: str, request: PaintFileRequest) -> None:
    """Check a style once instead of for each photo, and before the report of an earlier batch is replaced.

    Raises:
        StylenetError: the style does not exist, cannot be read, or has no picture to recolor.
    """
    recipe = load_recipe(request.recipe or "")
    if recipe.method == "network" and not recipe.network.name:
        find_trained(style)
        return
    found = resolve(style)
    if request.recolors_style:
        recolored(found, lambda picture: picture)


def _paint_pairs(request: BatchRequest, pairs: Sequence[Pair], should_stop: Callable[[], bool]) -> Iterator[Finished]:
    workers = open_workers(request, BatchPainter, most=len(pairs), should_stop=should_stop)
    progress = _Progress(count=len(pairs), workers=workers.count)
    unfinished = set(range(len(pairs)))
    dispatcher = Dispatcher(workers, len(pairs), prepare=lambda index, keys: _prepare(pairs[index], keys), should_stop=should_stop)
    for outcome in dispatcher.outcomes():
        unfinished.discard(outcome.index)
        pair = pairs[outcome.index]
        yield progress.finished(pair, _save(pair, outcome.result), seconds=outcome.seconds)
    for index in sorted(unfinished):
        yield progress.finished(pairs[index], Result(state=INTERRUPTED, reason="interrupted before it was painted"), seconds=0.0)


def _prepare(pair: Pair, keys: Mapping[str, str]) -> PictureJob | Result:
    """The job for a picture, or its result if it was painted before or cannot be painted."""
    try:
        sha256 = _hash_of(pair.photo)
        if pair.output.exists():
            receipt = _receipt_of(pair.output)
            if receipt is None:
                message = f"'{pair.output}' exists and was not painted by StyleNet; move it, or choose another folder for --output"
                return Result(state=FAILED, reason=message)
            if receipt.get(RECEIPT_KEY) == {"request": keys[pair.style], "input_sha256": sha256}:
                return Result(state=ALREADY_PAINTED)
        make_folder(pair.output.parent)
        check_output(pair.output)
    except StylenetError as error:
        return Result(state=FAILED, reason=str(error))
    return PictureJob(source=pair.photo, path=pair.photo.absolute(), sha256=sha256, style=pair.style)


def _save(pair: Pair, result: Result) -> Result:
    """Write the file of a painted picture.

    Raises:
        OutputError: the disk is full.
    """
    if result.state != PAINTED:
        return result
    try:
        write_whole(pair.output, result.data)
    except OutputError as error:
        if getattr(error.__cause__, "errno", None) in _FULL:
            raise  # no further result could be written
        return Result(state=FAILED, reason=str(error))
    return Result(state=PAINTED, notices=result.notices)


class _Progress:
    """Counts finished pictures and estimates the remaining time."""

    def __init__(self, *, count: int, workers: int) -> None:
        self._count, self._workers = count, workers
        self._done = self._painted = 0
        self._seconds = 0.0

    def finished(self, pair: Pair, result: Result, *, seconds: float) -> Finished:
        self._done += result.state != INTERRUPTED
        if result.state == PAINTED:
            self._painted += 1
            self._seconds += seconds
        mean = self._seconds / self._painted if self._painted else None
        return Finished(
            pair=pair,
            state=result.state,
            reason=result.reason,
            notices=result.notices,
            seconds=round(seconds, 3),
            done=self._done,
            count=self._count,
            seconds_left=None if mean is None else mean * (self._count - self._done) / self._workers,
        )


def _report_line(finished: Finished) -> str:
    pair = finished.pair
    values = {"photo": str(pair.photo), "style": pair.style, "output": str(pair.output), "state": finished.state}
    return json.dumps({**values, "reason": finished.reason, "notices": finished.notices, "seconds": finished.seconds}) + "\n"


@contextlib.contextmanager
def _open_report(folder: Path) -> Iterator[TextIO]:
    """Lock the output folder and open the report. Two batches in one folder would paint the same pictures and mix their reports.

    Raises:
        OutputError: another batch writes to the folder, or the folder is not writable.
    """
    lock = FileLock(folder / ".stylenet-batch.lock")
    try:
        with lock.acquire(timeout=0), (folder / REPORT).open("w", encoding="utf-8") as report:
            try:
                yield report
            finally:
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout:
        raise OutputError(f"another batch is writing into '{folder}'; wait for it, or choose another folder for --output") from None
    except OSError as error:
        raise OutputError(f"cannot write '{folder / REPORT}': {error.strerror}; choose another folder for --output") from None


def _delete_abandoned_files(pairs: Sequence[Pair]) -> None:
    """Delete partial files of killed runs."""
    for folder in {pair.output.parent for pair in pairs}:
        for path in folder.glob(".stylenet-*.part"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()


def _hash_of(photo: Path) -> str:
    """SHA-256 of a photo, which must be a regular file: pipes are not read.

    Raises:
        ImageError: the file cannot be read.
    """
    if os.path.isfile(photo):
        with contextlib.suppress(OSError):
            return file_sha256(photo)
    load_image(photo)  # raises a specific error
    raise ImageError(f"cannot read '{photo}'")


def _receipt_of(path: Path) -> Mapping[str, Any] | None:
    try:
        return read_receipt(path)
    except StylenetError:
        return None
