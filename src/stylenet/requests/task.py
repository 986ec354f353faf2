"""A prepared painting task, the input of an engine."""

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
        path: The checkpoint file. Whoever saves the result deletes it.
        resume: Whether to continue from the saved state, which gives a byte-identical result; without one, painting starts over.
        seconds: Interval between checkpoints.
    """

    path: Path
    resume: bool = False
    seconds: float = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The painting of the previous frame of a clip.

    Attributes:
        before: The previous painting, warped to this frame, (1, 3, H, W), 0..1.
        weights: Its weight at each pixel, (1, 1, H, W), 0 or more, relative to the recipe's other weights.
    """

    before: Image
    weights: Mask


@dataclass(frozen=True, kw_only=True)
class Task(Generic[StyleT]):
    """A painting to be computed by an engine, with its inputs opened, measured and laid out.

    Attributes:
        photo: (1, 3, H, W), 0..1, at the size of the painting.
        styles: The styles of each painted region with their shares; the last region is the rest of the picture.
        weights: The weight of each region at each pixel, (R, 1, H, W); None: one region everywhere.
        strength: 0..100.
        style_scale: Size of the strokes, 0.125..8.
        seed: Random seed of the noise.
        noise_origin: Row and column of the photo that is the origin of a one-pass network's noise; None: the photo's most distinctive
            point, so that the noise moves with the photo.
        start: Initial image, which replaces the recipe's, (1, 3, H, W), any size.
        history: The previous painting, for recipes that optimize; None: no temporal term.
        save_every: Steps between scheduled previews; 0: the recipe's own interval.
        tile_px: Pixels processed in one pass; None: all of them.
        checkpointing: Where the state is saved; None: no checkpoints.
        finish: Postprocessing of each picture that is shown or saved; maps (1, 3, H, W), 0..1, any size, to the same shape.
        should_stop: Called after each step; true ends painting with the current picture.
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
