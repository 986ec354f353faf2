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
    """The first event.

    Attributes:
        plan: The resolved plan as plain values: recipe, sizes of the levels, steps, encoder, device, precision, seed.
        steps: Steps in all.
        notices: Notices for the user, one line each.
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
        seconds: Time since the start.
        seconds_left: Estimated remaining time; None before the second step.
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
    """A part of a painting in one pass is done, for pictures that are painted in parts.

    Attributes:
        share: Finished share, 0..1.
        seconds: Time since the start.
        seconds_left: Estimated remaining time; None after the first part.
    """

    share: float
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The current picture, at the size of the current level.

    Attributes:
        image: Array (1, 3, H, W), float32, RGB, 0..1; a copy that later steps do not change.
        step: Steps done so far.
        scheduled: True at the interval of the recipe or of `save_every`, false in between.
    """

    image: Image
    step: int
    scheduled: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice for the user, in one line, such as an undone step, a changed solver or an early stop."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A file was written.

    Attributes:
        path: Path of the file; "-" is standard output.
        is_result: False for intermediate pictures.
    """

    path: Path
    is_result: bool = True


@dataclass(frozen=True, kw_only=True)
class Done:
    """The last event.

    Attributes:
        image: The result, an array (1, 3, H, W), float32, RGB, 0..1.
        steps: Number of steps.
        seconds: Painting time.
        loss: Loss of the last step.
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
