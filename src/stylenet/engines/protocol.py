"""Interface of the engines. Does not import torch."""

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
"""Share of the machine's free memory that a painting may use if no limit is given."""

Recolor = Callable[["Image"], "Image"]
"""Function that recolors a style image."""


@dataclass(frozen=True, kw_only=True)
class OpenStyle:
    """A style opened by an engine, reusable for many paintings.

    Attributes:
        name: Name for the user.
        sha256: Hash of the style image's pixels, of the style's statistics, or of the network file.
        value: Engine-specific data.
        notices: Notices for the user, one line each.
        shares: Share of each style, for a network with several.
        stylizes: False for a texture.
    """

    name: str
    sha256: str
    value: Any
    notices: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    stylizes: bool = True


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Expected resources of a painting.

    Attributes:
        memory_bytes: Peak memory of the whole process.
        tile_px: Pixels per tile; None: no tiles.
        tiles: Number of tiles at the finest level.
        seconds: Time from the first step to the last; None if not requested.
    """

    memory_bytes: int
    tile_px: int | None
    tiles: int
    seconds: float | None = None


class Engine(Protocol):
    """An engine for one recipe.

    Attributes:
        recipe: The recipe.
        notices: Notices for the user before painting, one line each.
    """

    recipe: Recipe
    notices: tuple[str, ...]

    def machine(self) -> dict[str, Any]:
        """Device, precision and number of threads."""

    def facts(self) -> dict[str, Any]:
        """Everything besides the inputs that determines the bytes of a result, for the receipt: versions, encoder, hashes of weights."""

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Reject options that this engine does not support.

        Args:
            options: Painting options, such as size and strength.
            has_start: Whether an initial image is given.
            wants_previews: Whether intermediate pictures are requested.

        Raises:
            UsageError: an option has no effect on this engine; the message names an alternative.
        """

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """Open a style.

        Args:
            source: A name, a file, a folder, a picture or an array.
            recolor: Function applied to the style image first.

        Raises:
            ImageError, StyleError, WeightsError: the style does not exist, or does not fit the recipe.
        """

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """Blend the styles of a network with several by these shares."""

    def forecast(
        self,
        levels: Sequence[Level],
        styles: Sequence[OpenStyle],
        *,
        held_bytes: int,
        memory_bytes: int | None,
        timed: bool,
    ) -> Forecast:
        """Forecast memory, tiles and time for these levels.

        Args:
            levels: Levels from coarse to fine; the last has the size of the result.
            styles: All styles in use.
            held_bytes: Size of the photo if it is painted at its own size and therefore already in memory.
            memory_bytes: Memory limit of the process; None: most of the free memory.
            timed: Whether to time a few steps to forecast the time.

        Raises:
            UsageError: the painting does not fit into memory even with the smallest tiles.
        """

    def steps(self, levels: Sequence[Level]) -> int:
        """Total number of steps; 0 for one-pass engines."""

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """Notices for the user about a result of (width, height) in these styles."""

    def for_texture(self) -> Engine:
        """An engine of the same recipe for textures.

        Raises:
            UsageError: the recipe does not support textures.
        """

    def saved_receipt(self, path: Path) -> Mapping[str, Any] | None:
        """The receipt of the painting whose checkpoint is in `path`; None if there is no checkpoint."""

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint and yield `Step`, `Preview`, `Progress` and `Notice` events, and finally `Done`.

        Raises:
            NumericalError: the loss is not finite even with smaller steps.
            CheckpointError: the checkpoint to resume from belongs to another painting.
        """
