"""Display of the events of a painting."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stylenet.cli.printers import Printer, clock, time_left
from stylenet.errors import counted
from stylenet.events import Done, Event, Notice, Preview, Progress, Started, Step
from stylenet.workflows.event_json import event_name, event_values

_SPEED_STEPS = 30  # speed is averaged over the last steps, because levels differ


class PaintingDisplay:
    """Shows the events of a painting or a training.

    Args:
        printer: Prints the events.
    """

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._speed = Speed()

    def planned(self, event: Started, *, output: Path) -> None:
        """Show what would be done, for `--dry-run`."""
        for line in plan_lines(event, output):
            self._printer.report(line)
        self._printer.event("plan", {"plan": event.plan, "steps": event.steps, "notices": event.notices, "output": output})

    def started(self, event: Started) -> None:
        """Show that painting begins."""
        for notice in event.notices:
            self._printer.print_line(f"note: {notice}")
        self._printer.print_line(f"painting {summary(event)}")
        self._print_event(event)

    def advanced(self, event: Step | Progress | Preview | Notice) -> None:
        """Show an event that occurs while painting."""
        self._print_event(event)
        if isinstance(event, Notice):
            self._printer.print_line(f"note: {event.message}")
        elif isinstance(event, Preview):
            self._printer.picture(event.image)
        elif isinstance(event, Progress):
            share = f"{event.share:.0%}"
            line, details = f"{share} painted{time_left(event.seconds_left)}", f"{share}{time_left(event.seconds_left, separator='  ')}"
            self._printer.advance(line, label="painting", share=event.share, details=details)
        else:
            self._step(event)

    def saved(self, path: Path) -> None:
        """Show that a picture was saved while painting."""
        self._printer.print_line(f"saved {path}")
        self._printer.event("saved", {"path": path})

    def done(self, event: Done, output: Path, *, steps: int) -> None:
        """Show that the result was written; `steps` is the planned number."""
        self._printer.finish(end_line(event, output, steps=steps))
        self._print_event(event, output=output)

    def _step(self, event: Step) -> None:
        self._speed.add(event)
        left = event.seconds_left
        self._printer.advance(
            f"step {event.step} of {event.steps}, loss {event.loss:.4g}, {self._speed.text}{time_left(left)}",
            label=f"{event.size_px[0]} x {event.size_px[1]}",
            # The share of the time rather than of the steps, which take longer at finer levels.
            share=None if left is None else event.seconds / max(event.seconds + left, 1e-9),
            details=f"step {event.step}/{event.steps}  loss {event.loss:.4g}  {self._speed.text}{time_left(left, separator='  ')}",
        )

    def _print_event(self, event: Event, **extra: Any) -> None:
        values = event_values(event, **extra)
        del values["event"]
        self._printer.event(event_name(event), values)


class Speed:
    """Speed over the last steps."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, float]] = deque(maxlen=_SPEED_STEPS)

    def add(self, event: Step) -> None:
        """Record a step."""
        self._last.append((event.step, event.seconds))

    @property
    def text(self) -> str:
        """The speed as text."""
        (first, begin), (last, end) = self._last[0], self._last[-1]
        if last == first:
            first, begin = 0, 0.0
        speed = (last - first) / max(end - begin, 1e-9)
        return f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / max(speed, 1e-9):.1f} s/step"


def plan_lines(event: Started, output: Path) -> Sequence[str]:
    """A plan as text, one line per value."""
    plan = event.plan
    levels = ", ".join(f"{level['size'][0]} x {level['size'][1]} ({counted(level['steps'], 'step')})" for level in plan["levels"])
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
    work = counted(event.steps, "step") if event.steps else "one pass"
    return f"{size}, recipe {plan['recipe']}, {work} ({plan['device']}, {plan['precision']}, {plan['threads']} threads)"


def end_line(event: Done, output: Path, *, steps: int) -> str:
    """The last line: the reason for ending, and the result."""
    height, width = event.image.shape[2:]
    work = f"{counted(event.steps, 'step')} in {event.seconds:.1f} s" if steps else f"{event.seconds:.2f} s"
    facts = f"{output}  ({width} x {height}, {work})"
    if event.reason == "interrupted":
        return f"interrupted at step {event.steps} of {steps}; the best picture so far is kept; continue with --resume: {facts}"
    return facts if event.reason == "finished" else f"{facts}; ended early: {event.reason}"
