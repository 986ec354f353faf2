"""What is kept of a training while it goes on: a log, previews as pictures, and both for TensorBoard where it is asked for."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stylenet.events import Preview
from stylenet.extras import require
from stylenet.image.files import save_image
from stylenet.training.checkpoint import CHECKPOINT
from stylenet.training.trainer import Event, Update

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOG, PREVIEWS, TENSORBOARD = "log.jsonl", "previews", "tensorboard"
"""Names in the folder of a training."""

_EVERY = 10
"""Updates between two lines of the log."""


class Journal:
    """Takes every event of a training.

    Args:
        folder: Of the training; it is there.
        step: Updates so far: what an interrupted run has written of later ones is forgotten.
        tensorboard: Whether to write for TensorBoard too.

    Raises:
        UsageError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, *, step: int = 0, tensorboard: bool = False) -> None:
        self._folder = folder
        self._board = _board(folder / TENSORBOARD, step) if tensorboard else None
        kept = list(_lines(folder / LOG, step))
        (folder / LOG).write_text("".join(kept), encoding="utf-8")
        self._log = (folder / LOG).open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._log.close()
        if self._board is not None:
            self._board.close()

    def note(self, event: Event) -> Path | None:
        """Keep what is worth keeping of an event; the path of the picture, if it was one."""
        if isinstance(event, Preview):
            return self._show(event)
        if isinstance(event, Update) and (event.step % _EVERY == 0 or event.step in (1, event.steps)):
            self._write(event)
        return None

    def _write(self, update: Update) -> None:
        row: dict[str, Any] = {"step": update.step, "loss": round(update.loss, 4), "rate": update.rate, "seconds": round(update.seconds, 1)}
        row |= {name: round(value, 4) for name, value in update.terms.items()}
        self._log.write(json.dumps(row) + "\n")
        self._log.flush()
        if self._board is not None:
            for name, value in {"loss": update.loss, "rate": update.rate, **update.terms}.items():
                self._board.add_scalar(name, value, update.step)

    def _show(self, preview: Preview) -> Path:
        folder = self._folder / PREVIEWS
        folder.mkdir(exist_ok=True)
        if self._board is not None:
            self._board.add_image(PREVIEWS, preview.image[0], preview.step)
        return save_image(preview.image, folder / f"{preview.step:06d}.png")


def clear(folder: Path) -> None:
    """Delete what a training has left in its folder, and the folder itself where nothing else is in it."""
    for path in (folder / LOG, folder / CHECKPOINT):
        path.unlink(missing_ok=True)
    for path in (folder / PREVIEWS, folder / TENSORBOARD):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _lines(path: Path, step: int) -> Iterator[str]:
    """The lines of a log up to update `step`; one that a kill has cut off is left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] > step:
                return
        except (ValueError, KeyError, TypeError):
            return
        yield line


def _board(folder: Path, step: int) -> SummaryWriter:
    require("tensorboard", "--tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1)
