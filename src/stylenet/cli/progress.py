"""How the events of long work are shown: a bar in a terminal, plain lines elsewhere, JSON for programs, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stylenet.events import Done, Notice, Preview, Progress, Started, Step
from stylenet.workflows.telling import event_values, plain

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_LINE_SECONDS = 10.0  # between two plain lines of progress
_SPEED_STEPS = 30  # the speed is that of the last steps: levels differ in it


class Display:
    """Shows nothing; the base of the others and what `--quiet` asks for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def planned(self, event: Started, *, output: Path) -> None:
        """What would be done, for `--dry-run`."""
        for line in plan_lines(event, output):
            print(line, file=sys.stderr if str(output) == "-" else sys.stdout)

    def started(self, event: Started) -> None:
        """Painting begins."""

    def moved(self, event: Step | Progress | Preview | Notice) -> None:
        """Painting goes on."""

    def saved(self, path: Path) -> None:
        """A picture was saved while painting."""

    def done(self, event: Done, output: Path, *, steps: int) -> None:
        """The result was written; `steps` are those that were planned."""


class Lines(Display):
    """Plain lines, now and then: for files and pipes."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._speed = Speed()
        self._said = time.perf_counter()
        self._to_stderr = to_stderr

    def say(self, line: str) -> None:
        """Print a line now, also where the stream is a pipe."""
        print(line, flush=True, file=sys.stderr if self._to_stderr else sys.stdout)

    def started(self, event: Started) -> None:
        self._said = time.perf_counter()
        for notice in event.notices:
            self.say(f"note: {notice}")
        self.say(f"painting {summary(event)}")

    def moved(self, event: Step | Progress | Preview | Notice) -> None:
        if isinstance(event, Notice):
            self.say(f"note: {event.message}")
        elif isinstance(event, Step):
            self._speed.add(event)
            self._say_now_and_then(f"step {event.step} of {event.steps}, loss {event.loss:.4g}, {self._speed.text}", event)
        elif isinstance(event, Progress):
            self._say_now_and_then(f"{event.share:.0%} painted", event)

    def _say_now_and_then(self, line: str, event: Step | Progress) -> None:
        if time.perf_counter() - self._said >= _LINE_SECONDS:
            self._said = time.perf_counter()
            self.say(line + _left(event))

    def saved(self, path: Path) -> None:
        self.say(f"saved {path}")

    def done(self, event: Done, output: Path, *, steps: int) -> None:
        self.say(end_line(event, output, steps=steps))


class Bar(Lines):
    """A progress bar with loss, speed and time left, and the current picture above it if the terminal can show it."""

    def __init__(self, *, preview: bool, to_stderr: bool = False) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(to_stderr=to_stderr)
        self._console = Console(highlight=False, stderr=to_stderr)
        blocks_are_shown = self._console.color_system == "truecolor" and self._console.encoding.startswith("utf")
        self._preview = preview and blocks_are_shown and self._console.height >= 20
        self._progress, self._task = new_bar(self._console)
        self._live = Live(self._progress, console=self._console, refresh_per_second=3, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def planned(self, event: Started, *, output: Path) -> None:
        self._live.stop()
        super().planned(event, output=output)

    def moved(self, event: Step | Progress | Preview | Notice) -> None:
        if isinstance(event, Step):
            self._speed.add(event)
            self._progress.update(
                self._task,
                description=f"{event.size_px[0]} x {event.size_px[1]}",
                # By time and not by steps, which are slower at every finer level.
                total=None if event.seconds_left is None else 1.0,
                completed=0.0 if event.seconds_left is None else event.seconds / max(event.seconds + event.seconds_left, 1e-9),
                told=f"step {event.step}/{event.steps}  loss {event.loss:.4g}  {self._speed.text}{_left(event, separator='  ')}",
            )
        elif isinstance(event, Progress):
            told = f"{event.share:.0%}{_left(event, separator='  ')}"
            self._progress.update(self._task, description="painting", total=1.0, completed=event.share, told=told)
        elif isinstance(event, Preview) and self._preview:
            from rich.console import Group

            from stylenet.cli.blocks import blocks

            rows = min(24, self._console.height - 8)
            self._live.update(Group(blocks(event.image, columns=self._console.width, rows=rows), self._progress))
        else:
            super().moved(event)

    def done(self, event: Done, output: Path, *, steps: int) -> None:
        self._live.stop()
        super().done(event, output, steps=steps)


class JsonLines(Display):
    """One JSON object a line, flushed at once; of pictures the size is told, never the pixels."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._to_stderr = to_stderr

    def _say(self, values: Mapping[str, Any]) -> None:
        stream = sys.stderr if self._to_stderr else sys.stdout
        print(json.dumps(values, allow_nan=False), flush=True, file=stream)

    def planned(self, event: Started, *, output: Path) -> None:
        self._say({"event": "plan", **plain({"plan": event.plan, "steps": event.steps, "notices": event.notices, "output": output})})

    def started(self, event: Started) -> None:
        self._say(event_values(event))

    def moved(self, event: Step | Progress | Preview | Notice) -> None:
        self._say(event_values(event))

    def saved(self, path: Path) -> None:
        self._say({"event": "saved", "path": str(path)})

    def done(self, event: Done, output: Path, *, steps: int) -> None:
        self._say(event_values(event, output=output))


def open_display(*, quiet: bool, as_json: bool, preview: bool = True, to_stderr: bool = False) -> Display:
    """The display that was asked for, or the one that suits the stream it prints to; standard error where the result is standard output."""
    if as_json:
        return JsonLines(to_stderr=to_stderr)
    if quiet:
        return Display()
    is_terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    return Bar(preview=preview, to_stderr=to_stderr) if is_terminal else Lines(to_stderr=to_stderr)


class Speed:
    """Steps a second over the last steps."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, float]] = deque(maxlen=_SPEED_STEPS)

    def add(self, event: Step) -> None:
        """Count a step."""
        self._last.append((event.step, event.seconds))

    @property
    def text(self) -> str:
        """In words for a person."""
        (first, begin), (last, end) = self._last[0], self._last[-1]
        if last == first:
            first, begin = 0, 0.0
        speed = (last - first) / max(end - begin, 1e-9)
        return f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / max(speed, 1e-9):.1f} s/step"


def plan_lines(event: Started, output: Path) -> Sequence[str]:
    """A resolved plan for a person, a fact a line."""
    plan = event.plan
    levels = ", ".join(f"{level['size'][0]} x {level['size'][1]} ({level['steps']} steps)" for level in plan["levels"])
    return (
        f"recipe     {plan['recipe']}, encoder {plan['encoder']}",
        f"size       {plan['size'][0]} x {plan['size'][1]}",
        f"levels     {levels}",
        f"strength   {plan['strength']:g}",
        f"strokes    {plan['style_scale']:g} times the painting's",
        f"seed       {plan['seed']}",
        f"runs on    {plan['device']}, {plan['precision']}, {plan['threads']} threads",
        *_forecast_lines(plan),
        f"output     {output}",
        *(f"note       {notice}" for notice in event.notices),
        "nothing was painted (--dry-run)",
    )


def _forecast_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    tiles = "in one piece" if plan["tiles"] == 1 else f"in {plan['tiles']} tiles"
    yield f"memory     about {plan['memory_bytes'] / 1e9:.2f} GB, {tiles}"
    if "seconds" in plan:
        yield f"time       about {clock(plan['seconds'])} of painting"


def summary(event: Started) -> str:
    """A plan in one line."""
    plan = event.plan
    size = f"{plan['size'][0]} x {plan['size'][1]}"
    work = f"{event.steps} steps" if event.steps else "one pass"
    return f"{size}, recipe {plan['recipe']}, {work} ({plan['device']}, {plan['precision']}, {plan['threads']} threads)"


def end_line(event: Done, output: Path, *, steps: int) -> str:
    """How it ended, and where the result lies."""
    height, width = event.image.shape[2:]
    work = f"{event.steps} steps in {event.seconds:.1f} s" if steps else f"{event.seconds:.2f} s"
    facts = f"{output}  ({width} x {height}, {work})"
    if event.reason == "interrupted":
        return f"interrupted at step {event.steps} of {steps}; the best picture so far is kept; continue with --resume: {facts}"
    return facts if event.reason == "finished" else f"{facts}; ended early: {event.reason}"


def new_bar(console: Any) -> tuple[RichProgress, TaskID]:
    """A bar without a total, and its task."""
    from rich.progress import BarColumn, Progress, TextColumn

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
        auto_refresh=False,
    )
    return progress, progress.add_task("getting ready", total=None, told="")


def _left(event: Step | Progress, *, separator: str = ", ") -> str:
    """The time that is left, behind a separator; nothing where it is not known yet."""
    return "" if event.seconds_left is None else f"{separator}{clock(event.seconds_left)} left"


def clock(seconds: float) -> str:
    """A time in words: 12 s, 3:05, 1:20 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
