"""Log and previews of a training, as files and optionally for TensorBoard."""

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
"""File names in the folder of a training."""

_LOG_INTERVAL = 10
"""Interval of the log, in updates."""


class Journal:
    """Record the events of a training.

    Args:
        folder: Existing folder of the training.
        step: Number of updates so far: later entries of an interrupted run are deleted.
        tensorboard: Whether to write TensorBoard logs too.

    Raises:
        UsageError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, *, step: int = 0, tensorboard: bool = False) -> None:
        self._folder = folder
        self._board = _open_board(folder / TENSORBOARD, step) if tensorboard else None
        kept = list(_lines_until(folder / LOG, step))
        (folder / LOG).write_text("".join(kept), encoding="utf-8")
        self._log = (folder / LOG).open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._log.close()
        if self._board is not None:
            self._board.close()

    def note(self, event: Event) -> Path | None:
        """Record an event; returns the path of the picture for a preview."""
        if isinstance(event, Preview):
            return self._save_preview(event)
        if isinstance(event, Update) and (event.step % _LOG_INTERVAL == 0 or event.step in (1, event.steps)):
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

    def _save_preview(self, preview: Preview) -> Path:
        folder = self._folder / PREVIEWS
        folder.mkdir(exist_ok=True)
        if self._board is not None:
            self._board.add_image(PREVIEWS, preview.image[0], preview.step)
        return save_image(preview.image, folder / f"{preview.step:06d}.png")


def clear(folder: Path) -> None:
    """Delete the files of a training, and its folder if it is empty then."""
    for path in (folder / LOG, folder / CHECKPOINT):
        path.unlink(missing_ok=True)
    for path in (folder / PREVIEWS, folder / TENSORBOARD):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _lines_until(path: Path, step: int) -> Iterator[str]:
    """The lines of a log up to update `step`, without a truncated last line."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] > step:
                return
        except (ValueError, KeyError, TypeError):
            return
        yield line


def _open_board(folder: Path, step: int) -> SummaryWriter:
    require("tensorboard", "--tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1)
