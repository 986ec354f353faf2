"""Files written while painting: intermediate pictures, the preview and the timelapse."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.image.files import save_image
from stylenet.image.resize import fit_within, resize
from stylenet.video.writing import save_animation

if TYPE_CHECKING:
    from stylenet.events import Preview
    from stylenet.shapes import Image

_FRAME_PX = 640  # keeps the file small; all frames are held in memory
_PREVIEW_SHARE = 0.1  # maximum share of the time spent on writing previews


def interval_path(output: Path, step: int) -> Path:
    """Path of the intermediate picture after a step, next to the result."""
    return output.with_name(f"{output.stem}-{step:04d}{output.suffix}")


@dataclass(kw_only=True)
class Recorder:
    """Writes previews to files.

    Attributes:
        output: The output file; intermediate pictures are written next to it.
        size_px: (width, height) of the result.
        preview: File that is updated with the current picture.
        timelapse: Output file of the timelapse.
        pictures: Whether scheduled previews are saved as intermediate pictures.
    """

    output: Path
    size_px: tuple[int, ...]
    preview: Path | None = None
    timelapse: Path | None = None
    pictures: bool = True
    _frames: list[Image] = field(default_factory=list)
    _next_preview: float = 0.0

    def record(self, event: Preview) -> Path | None:
        """Record a preview; returns the path of the intermediate picture, if one was saved."""
        self._update_preview(event.image)
        if not event.scheduled:
            return None
        if self.timelapse is not None:
            self._frames.append(self._frame(event.image))
        if not self.pictures:
            return None
        width, height = self.size_px
        return save_image(resize(event.image, (width, height)), interval_path(self.output, event.step))

    def finish(self, pixels: Image) -> None:
        """Write the timelapse, and the result as the last preview."""
        if self.preview is not None:
            save_image(pixels, self.preview)
        if self.timelapse is not None:
            save_animation([*self._frames, self._frame(pixels)], self.timelapse)

    def _update_preview(self, image: Image) -> None:
        start = time.perf_counter()
        if self.preview is not None and start >= self._next_preview:
            save_image(image, self.preview)
            now = time.perf_counter()
            self._next_preview = now + (now - start) / _PREVIEW_SHARE

    def _frame(self, image: Image) -> Image:
        width, height = self.size_px
        size = fit_within(int(image.shape[3]), int(image.shape[2]), max(fit_within(width, height, _FRAME_PX)))
        return resize(image, size)
