"""Progress of a download: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from stylenet.weights.download import DownloadProgress

_LINE_SECONDS = 5.0


class Download:
    """Shows the progress of a download."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._terminal = quiet, sys.stdout.isatty()
        self._last_printed, self._width = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._width:
            print("\r" + " " * self._width, end="\r", flush=True)

    def show(self, progress: DownloadProgress) -> None:
        """Show the current progress."""
        if self._quiet:
            return
        received, total = progress.received_bytes / 1e6, progress.total_bytes
        share = f" of {total / 1e6:.1f} MB ({progress.received_bytes / total:.0%})" if total else " MB"
        left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
        line = f"{progress.file_name}: {received:.1f}{share}, {progress.bytes_per_second / 1e6:.1f} MB/s{left}"
        if self._terminal:
            print("\r" + line.ljust(self._width), end="", flush=True)
            self._width = len(line)
        elif time.perf_counter() - self._last_printed >= _LINE_SECONDS:
            self._last_printed = time.perf_counter()
            print(line, flush=True)
