"""Painting the pictures of a batch in a worker, which opens the engine and the styles once."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stylenet.errors import StylenetError
from stylenet.events import Done
from stylenet.image.files import load_image
from stylenet.painting.painting import Painting
from stylenet.painting.receipts import NOT_OF_THE_INPUTS
from stylenet.requests.batch import BatchRequest
from stylenet.workflows.jobs import FAILED, INTERRUPTED, NEEDS_DATA, PAINTED, Job, Result, has_source, key_of
from stylenet.workflows.painting import open_for

RECEIPT_KEY = "batch"
"""Field of the receipt with the key of the request and the hash of the photo file."""


@dataclass(frozen=True, kw_only=True)
class PictureJob(Job):
    """A photo and a style.

    Attributes:
        style: The style as given.
    """

    style: str


class BatchPainter:
    """Paints the pictures of a batch.

    Args:
        request: The request, with its recipe resolved.
        given: The original request, if `request` refers to copies of its files.

    Attributes:
        keys: For each style, a hash of everything that affects a result, except the photo.

    Raises:
        StylenetError: a style or the recipe cannot be opened, or an option does not apply to it.
    """

    def __init__(self, request: BatchRequest, *, given: BatchRequest | None = None) -> None:
        given = given or request
        self._request, self._palette = request, given.palette
        self._options = request.single()
        self._stylizer = open_for(self._options)
        opened = [self._stylizer.open_style(style) for style in request.styles]
        self._stylizer.engine.check(self._options, has_start=False, wants_previews=False)
        # With `:before`, the style image is recolored for each photo and must be loaded.
        styles: Any = request.styles if request.recolors_style else opened
        self._styles: Mapping[str, Any] = dict(zip(given.styles, styles, strict=True))
        facts = {name: value for name, value in self._stylizer.engine.facts().items() if name not in NOT_OF_THE_INPUTS}
        self.keys = {
            name: key_of({"facts": facts, "style": style.sha256, "shares": style.shares, "options": given.result_options()})
            for name, style in zip(given.styles, opened, strict=True)
        }

    def paint(self, job: PictureJob, *, should_stop: Callable[[], bool]) -> Result:
        """Paint one picture; errors are returned, never raised."""
        try:
            if job.data is not None:
                with tempfile.TemporaryDirectory(prefix="stylenet-") as folder:
                    path = Path(folder, job.source.name)
                    path.write_bytes(job.data)
                    return self._paint_picture(path, job, should_stop)
            if not has_source(job):
                return Result(state=NEEDS_DATA)
            return self._paint_picture(job.path, job, should_stop)
        except MemoryError:
            return Result(state=FAILED, reason="not enough memory for this picture; use a smaller --size")
        except Exception as error:
            return Result(state=FAILED, reason=f"unexpected {type(error).__name__}: {' '.join(str(error).split()) or 'no reason given'}")

    def _paint_picture(self, path: Path, job: PictureJob, should_stop: Callable[[], bool]) -> Result:
        try:
            photo = load_image(path)
            *_, event = self._stylizer.stylize(photo, self._styles[job.style], self._options, should_stop=should_stop)
        except StylenetError as error:
            return Result(state=FAILED, reason=str(error).replace(str(path), str(job.source)))
        if not isinstance(event, Done) or event.reason == "interrupted":
            return Result(state=INTERRUPTED)
        batch = {"request": self.keys[job.style], "input_sha256": job.sha256}
        done = replace(event, receipt={**event.receipt, "palette": self._palette, RECEIPT_KEY: batch})
        file = io.BytesIO()
        Painting(pixels=done.image, photo=photo, done=done).save(file, format=self._request.format, quality=self._request.quality)
        return Result(state=PAINTED, data=file.getvalue(), notices=photo.notices)
