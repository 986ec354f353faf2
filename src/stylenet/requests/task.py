"""A painting that is ready to be painted: everything opened, measured and laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stylenet.shapes import Image, Mask

StyleT = TypeVar("StyleT")


@dataclass(frozen=True, kw_only=True)
class Checkpointing:
    """Where the state of a painting is saved while it is painted.

    Attributes:
        path: The file; whoever saves the result deletes it.
        resume: Continue from the state that is there, to the same bytes; without one the painting starts from the beginning.
        seconds: Between two states.
    """

    path: Path
    resume: bool = False
    seconds: float = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """What was painted before a frame of a clip.

    Attributes:
        before: The painting before, moved along with the scene, (1, 3, H, W), 0..1.
        weights: How much it counts at each pixel, (1, 1, H, W), from 0; relative to the recipe's other weights.
    """

    before: Image
    weights: Mask


@dataclass(frozen=True, kw_only=True)
class Task(Generic[StyleT]):
    """What an engine paints.

    Attributes:
        photo: (1, 3, H, W), 0..1, at the size to paint.
        styles: Of every painted region, each style with its share; the last region is the rest of the picture.
        weights: How much each region counts at every pixel, (R, 1, H, W); None: one region, everywhere.
        strength: 0..100.
        style_scale: Size of the strokes, 0.125..8.
        seed: Of the noise.
        start: A picture to start from in place of the recipe's own, (1, 3, H, W), any size.
        history: What was painted before, for recipes that optimize; None: nothing.
        save_every: Steps between scheduled previews; 0: the recipe's own interval.
        tile_px: Pixels that are looked at in one pass; None: all of them.
        checkpointing: Where the state is saved; None: nowhere.
        finish: What is done to every picture before a person sees it: (1, 3, H, W), 0..1, any size, to the same.
        should_stop: Asked after every step; true ends the painting with what there is.
        receipt: Handed on to `Done`.
    """

    photo: Image
    styles: Sequence[Sequence[tuple[StyleT, float]]]
    weights: NDArray[Any] | None = None
    strength: float = 50.0
    style_scale: float = 1.0
    seed: int = 0
    start: Image | None = None
    history: History | None = None
    save_every: int = 0
    tile_px: int | None = None
    checkpointing: Checkpointing | None = None
    finish: Callable[[Image], Image] = lambda picture: picture
    should_stop: Callable[[], bool] = lambda: False
    receipt: Mapping[str, Any] = field(default_factory=dict)
