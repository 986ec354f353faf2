"""How long work of many parts is shown: a bar in a terminal, lines now and then elsewhere, JSON for programs, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from stylenet.cli.progress import clock, new_bar
from stylenet.workflows.telling import plain

_LINE_SECONDS = 10.0


class Counting:
    """Shows nothing; the base of the others and what `--quiet` asks for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def say(self, line: str) -> None:
        """A line that stays."""

    def count(self, done: int, total: int, *, told: str, seconds_left: float | None) -> None:
        """`done` of `total` parts are finished."""

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        """The same for programs."""


class CountingLines(Counting):
    """Plain lines; of the counts one every ten seconds."""

    def __init__(self) -> None:
        self._said = time.perf_counter()

    def say(self, line: str) -> None:
        print(line, flush=True)

    def count(self, done: int, total: int, *, told: str, seconds_left: float | None) -> None:
        if time.perf_counter() - self._said >= _LINE_SECONDS:
            self._said = time.perf_counter()
            self.say(f"{done} of {total}{_with_comma(told)}{_left(seconds_left)}")


class CountingBar(Counting):
    """A progress bar with the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._progress, self._task = new_bar(self._console)
        self._live = Live(self._progress, console=self._console, refresh_per_second=3, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def count(self, done: int, total: int, *, told: str, seconds_left: float | None) -> None:
        words = f"{told}{_left(seconds_left)}".removeprefix(", ")
        self._progress.update(self._task, description=f"{done} of {total}", total=max(1, total), completed=done, told=words)


class CountingJson(Counting):
    """One JSON object a line."""

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        print(json.dumps({"event": name, **plain(values)}, allow_nan=False), flush=True)


def open_counting(*, quiet: bool, as_json: bool) -> Counting:
    """The display that was asked for, or the one that suits standard output."""
    if as_json:
        return CountingJson()
    if quiet:
        return Counting()
    return CountingBar() if sys.stdout.isatty() else CountingLines()


def _left(seconds_left: float | None) -> str:
    return "" if seconds_left is None else f", {clock(seconds_left)} left"


def _with_comma(told: str) -> str:
    return f", {told}" if told else ""
