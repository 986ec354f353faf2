"""What every engine can do. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from stylenet.catalog.recipe import Recipe
    from stylenet.events import Event
    from stylenet.optimization.pyramid import Level
    from stylenet.requests.painting import Options
    from stylenet.requests.task import Task
    from stylenet.shapes import Image
    from stylenet.styles.sources import StyleSource

FREE_MEMORY_SHARE = 0.8
"""Of the machine's free memory, that a painting takes where no limit is given."""

Recolor = Callable[["Image"], "Image"]
"""From a style picture to the same picture in other colors."""


@dataclass(frozen=True, kw_only=True)
class OpenStyle:
    """A style as one engine paints with it; opened once, it serves for many paintings.

    Attributes:
        name: As a person calls it.
        sha256: Of the painting's pixels, of the style's numbers, or of the network's file.
        value: The engine's own.
        notices: What a person should know, one line each.
        shares: Of a network that knows several styles: the share of each.
        stylizes: False where it paints a texture.
    """

    name: str
    sha256: str
    value: Any
    notices: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    stylizes: bool = True


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a painting will take.

    Attributes:
        memory_bytes: Of the whole process at its peak.
        tile_px: Pixels that the encoder looks at in one pass; None: all of them.
        tiles: Passes at the finest level.
        seconds: From the first step to the last; None where it was not asked for.
    """

    memory_bytes: int
    tile_px: int | None
    tiles: int
    seconds: float | None = None


class Engine(Protocol):
    """A recipe, ready to be painted.

    Attributes:
        recipe: What is painted and how.
        notices: What a person should know before waiting, one line each.
    """

    recipe: Recipe
    notices: tuple[str, ...]

    def machine(self) -> dict[str, Any]:
        """What it runs on, in plain values: device, precision, threads."""

    def facts(self) -> dict[str, Any]:
        """What a picture's bytes depend on beside its inputs, for the receipt: versions, encoder, hashes of weights."""

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Refuse what this engine would ignore.

        Args:
            options: Size, strength and so on.
            has_start: Whether a picture to start from is given.
            wants_previews: Whether pictures are wanted at an interval while it paints.

        Raises:
            UsageError: an option means nothing here; the message says what to do instead.
        """

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """A style, opened for this engine.

        Args:
            source: A name, a file, a folder, a picture or an array.
            recolor: Applied to the style picture first.

        Raises:
            ImageError, StyleError, WeightsError: there is no such style, or it does not fit the recipe.
        """

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """A style that knows several, mixed by these shares."""

    def forecast(
        self,
        levels: Sequence[Level],
        styles: Sequence[OpenStyle],
        *,
        held_bytes: int,
        memory_bytes: int | None,
        timed: bool,
    ) -> Forecast:
        """Memory, tiles and time of a painting with these levels.

        Args:
            levels: Coarse to fine; the last has the size of the result.
            styles: All that take part.
            held_bytes: Of the photo, where it is painted at its own size: it is in memory already.
            memory_bytes: That the process may take; None: most of what is free.
            timed: Whether a few steps are timed for a forecast of the time.

        Raises:
            UsageError: it does not fit, however small the tiles.
        """

    def steps(self, levels: Sequence[Level]) -> int:
        """Steps in all; 0 where it paints in one pass."""

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """What a person should know of a result of (width, height) in these styles."""

    def for_texture(self) -> Engine:
        """An engine of the same recipe, for textures.

        Raises:
            UsageError: it paints no textures.
        """

    def saved_receipt(self, path: Path) -> Mapping[str, Any] | None:
        """The receipt of the painting whose state lies in `path`; None where there is none."""

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint; yields `Step`, `Preview`, `Progress` and `Notice` events, and at last `Done`.

        Raises:
            NumericalError: the loss is not finite, however small the step.
            CheckpointError: the state to resume from is of another painting.
        """
