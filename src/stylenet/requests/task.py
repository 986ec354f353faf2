"""A prepared painting, with everything opened, measured and laid out."""

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
    """Where and how often the state of a painting is saved.

    Attributes:
        path: The file; the code that saves the result deletes it.
        resume: Continue from the saved state, with a byte-identical result; if there is none, start from the beginning.
        seconds: Interval of checkpoints.
    """

    path: Path
    resume: bool = False
    seconds: float = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The painting before a frame of a clip.

    Attributes:
        before: The previous painting, warped to this frame, (1, 3, H, W), 0..1.
        weights: Its weight at each pixel, (1, 1, H, W), from 0; relative to the recipe's other weights.
    """

    before: Image
    weights: Mask


@dataclass(frozen=True, kw_only=True)
class Task(Generic[StyleT]):
    """What an engine paints.

    Attributes:
        photo: (1, 3, H, W), 0..1, at the size to paint.
        styles: The styles of each painted region with their shares; the last region is the rest of the picture.
        weights: The weight of each region at each pixel, (R, 1, H, W); None: one region everywhere.
        strength: 0..100.
        style_scale: Size of the strokes, 0.125..8.
        seed: Random seed of the noise.
        noise_origin: Row and column of the photo at which the noise of a one-pass network has its origin; None: the photo's most distinct
            point, so that the noise moves with the photo.
        start: Initial image instead of the recipe's, (1, 3, H, W), any size.
        history: The previous painting, for recipes that optimize; None: no temporal term.
        save_every: Steps between scheduled previews; 0: the recipe's own interval.
        tile_px: Pixels processed in one pass; None: all of them.
        checkpointing: Where the state is saved; None: not at all.
        finish: Postprocessing of every picture that is shown or saved: (1, 3, H, W), 0..1, any size, to the same.
        should_stop: Called after every step; true ends painting with the current picture.
        receipt: Passed on to `Done`.
    """

    photo: Image
    styles: Sequence[Sequence[tuple[StyleT, float]]]
    weights: NDArray[Any] | None = None
    strength: float = 50.0
    style_scale: float = 1.0
    seed: int = 0
    noise_origin: tuple[int, int] | None = None
    start: Image | None = None
    history: History | None = None
    save_every: int = 0
    tile_px: int | None = None
    checkpointing: Checkpointing | None = None
    finish: Callable[[Image], Image] = lambda picture: picture
    should_stop: Callable[[], bool] = lambda: False
    receipt: Mapping[str, Any] = field(default_factory=dict)
