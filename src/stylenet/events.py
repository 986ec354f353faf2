"""Events yielded by long-running work. Only the command line prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylenet.shapes import Image


@dataclass(frozen=True, kw_only=True)
class Started:
    """The first event: what is about to be done.

    Attributes:
        plan: The resolved plan in plain values: recipe, sizes of the levels, steps, encoder, device, precision, seed.
        steps: Steps in all.
        notices: Lines that a person should read before waiting.
    """

    plan: Mapping[str, Any]
    steps: int
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the solver is done.

    Attributes:
        step: Steps done so far, from 1.
        steps: Steps in all.
        level: Index of the pyramid's level, 0 is the coarsest.
        size_px: (width, height) of the level.
        loss: Weighted sum of all terms, in the recipe's own units.
        terms: Each weighted term by name: content, style, smoothness.
        seconds: Since the start.
        seconds_left: Estimate until the end; None before the second step, from which it follows.
    """

    step: int
    steps: int
    level: int
    size_px: tuple[int, int]
    loss: float
    terms: Mapping[str, float]
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A part of a painting in one pass is done; for pictures that are painted in parts.

    Attributes:
        share: Of the work, 0..1.
        seconds: Since the start.
        seconds_left: Estimate until the end; None after the first part.
    """

    share: float
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The current picture, at the size of the current level.

    Attributes:
        image: Array (1, 3, H, W), float32, RGB, 0..1; a copy that no later step touches.
        step: Steps done so far.
        scheduled: True at the recipe's or the person's own interval (`save_every`), false for a look in between.
    """

    image: Image
    step: int
    scheduled: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something a person should know, in one line: a step undone, a solver changed, a run stopped early."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A file was written.

    Attributes:
        path: Of the file; "-" is standard output.
        is_result: False for pictures that were saved while painting.
    """

    path: Path
    is_result: bool = True


@dataclass(frozen=True, kw_only=True)
class Done:
    """The last event.

    Attributes:
        image: The result, an array (1, 3, H, W), float32, RGB, 0..1.
        steps: Steps done.
        seconds: Painting time.
        loss: Of the last step.
        reason: Why it ended: "finished", "interrupted" or "stalled".
        receipt: Everything needed to paint it again: recipe, versions, hashes, seed, size, options.
    """

    image: Image
    steps: int
    seconds: float
    loss: float
    reason: str
    receipt: Mapping[str, Any]


Event = Started | Step | Progress | Preview | Notice | Saved | Done
