"""Printers of progress: a bar in a terminal, periodic lines elsewhere, JSON for programs, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stylenet.workflows.event_json import plain

if TYPE_CHECKING:
    from stylenet.shapes import Image

LINE_SECONDS = 10.0
"""Interval of plain progress lines."""


def print_note(notice: str) -> None:
    """Print a notice to standard error, for commands whose standard output is the result."""
    print(f"note: {notice}", file=sys.stderr, flush=True)


class Printer:
    """Prints only requested output, as for `--quiet`; the base class of the other printers.

    Args:
        to_stderr: Whether to print to standard error because the result goes to standard output.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._to_stderr = to_stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def report(self, line: str) -> None:
        """Print a line that was requested, even with `--quiet`."""
        print(line, flush=True, file=sys.stderr if self._to_stderr else sys.stdout)

    def print_line(self, line: str) -> None:
        """Print a permanent line."""

    def finish(self, line: str) -> None:
        """Print the last line, which replaces the progress."""
        self.print_line(line)

    def advance(self, line: str, *, label: str, share: float | None, details: str) -> None:
        """Show progress.

        Args:
            line: Text for plain output.
            label: Text before the progress bar.
            share: Finished share, 0..1; None: unknown.
            details: Text after the progress bar.
        """

    def picture(self, image: Image) -> None:
        """Show the current picture, (1, 3, H, W), 0..1, if the terminal can."""

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        """Print an event as JSON, if the printer does."""

    def count(self, done: int, total: int, *, details: str, seconds_left: float | None) -> None:
        """Show that `done` of `total` parts are finished."""
        text = f"{details}{time_left(seconds_left)}".removeprefix(", ")
        comma = ", " if text else ""
        self.advance(f"{done} of {total}{comma}{text}", label=f"{done} of {total}", share=done / max(1, total), details=text)


class LinePrinter(Printer):
    """Prints plain lines, and a line of progress every ten seconds."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        super().__init__(to_stderr=to_stderr)
        self._printed = time.perf_counter()

    def print_line(self, line: str) -> None:
        self.report(line)

    def advance(self, line: str, *, label: str, share: float | None, details: str) -> None:
        if time.perf_counter() - self._printed >= LINE_SECONDS:
            self._printed = time.perf_counter()
            self.print_line(line)


class BarPrinter(Printer):
    """Prints a progress bar, with the current picture above it if the terminal can show one.

    Args:
        pictures: Whether to show pictures.
        to_stderr: See `Printer`.
    """

    def __init__(self, *, pictures: bool = False, to_stderr: bool = False) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        super().__init__(to_stderr=to_stderr)
        self._console = Console(highlight=False, stderr=to_stderr)
        shows_blocks = self._console.color_system == "truecolor" and self._console.encoding.startswith("utf")
        self._pictures = pictures and shows_blocks and self._console.height >= 20
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[details]}", markup=False),
            console=self._console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("preparing", total=None, details="")
        self._live = Live(self._bar, console=self._console, refresh_per_second=3, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def report(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def print_line(self, line: str) -> None:
        self.report(line)

    def finish(self, line: str) -> None:
        self._live.stop()
        self.report(line)

    def advance(self, line: str, *, label: str, share: float | None, details: str) -> None:
        total = None if share is None else 1.0
        self._bar.update(self._task, description=label, total=total, completed=share or 0.0, details=details)

    def picture(self, image: Image) -> None:
        if not self._pictures:
            return
        from rich.console import Group

        from stylenet.cli.blocks import blocks

        rows = min(24, self._console.height - 8)
        self._live.update(Group(blocks(image, columns=self._console.width, rows=rows), self._bar))


class JsonPrinter(Printer):
    """Prints one JSON object per line, flushed immediately."""

    def report(self, line: str) -> None:
        pass

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        super().report(json.dumps({"event": name, **plain(values)}, allow_nan=False))


def open_printer(*, quiet: bool, as_json: bool, pictures: bool = False, to_stderr: bool = False) -> Printer:
    """The printer for these options and the output stream."""
    if as_json:
        return JsonPrinter(to_stderr=to_stderr)
    if quiet:
        return Printer(to_stderr=to_stderr)
    is_terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    return BarPrinter(pictures=pictures, to_stderr=to_stderr) if is_terminal else LinePrinter(to_stderr=to_stderr)


def time_left(seconds: float | None, *, separator: str = ", ") -> str:
    """The remaining time after a separator; empty if it is unknown."""
    return "" if seconds is None else f"{separator}{clock(seconds)} left"


def clock(seconds: float) -> str:
    """A formatted duration: 12 s, 3:05, 1:20 h."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
