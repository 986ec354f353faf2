"""Base classes of the one-pass engines. Does not import torch."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stylenet.catalog.naming import NETWORK_SUFFIX, is_name, split_style
from stylenet.catalog.networks import COMMANDS, NetworkCard, Paints, find_network, is_network, network_files, read_network_card
from stylenet.catalog.recipe import Recipe
from stylenet.engines.progress import with_progress
from stylenet.engines.protocol import Engine, OpenStyle, Recolor
from stylenet.errors import StyleError, UsageError, did_you_mean
from stylenet.events import Done, Event
from stylenet.networks.progress import PartDone, ignored, share_of
from stylenet.optimization.pyramid import Level
from stylenet.requests.painting import BEFORE, Options
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.styles.sources import StyleSource

PROBE_PX = 384
"""Side of the picture that is timed for a forecast."""

DEFAULT_STRENGTH = 50.0
"""The strength of networks that were trained at a single strength."""


def program_does_not_fit(resident: int, limit: int, needed: int) -> UsageError:
    """The error for a limit in bytes that the program exceeds before it paints, with the memory that the picture needs."""
    return UsageError(
        f"the program alone needs {round(resident / 1e6)} MB, and {round(limit / 1e6)} MB are allowed; give at least "
        f"--memory {round(needed / 1e6) + 1}MB",
        code="out-of-memory",
    )


class OnePassEngine(ABC):
    """Paint each region of a photo in one pass and combine them. Subclasses implement painting one region."""

    recipe: Recipe

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Reject an initial image and intermediate pictures."""
        name = f"recipe '{self.recipe.name}'"
        if has_start:
            raise UsageError(f"{name} paints in one pass and has no initial image; omit --start, or choose a recipe that optimizes")
        if wants_previews:
            raise UsageError(f"{name} paints in one pass, without intermediate pictures; omit --save-every and --timelapse")

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """Always rejected: a measured style is a single style."""
        raise UsageError(f"style '{style.name}' is a single style; omit its shares")

    def steps(self, levels: Sequence[Level]) -> int:
        """No steps: there is one pass."""
        return 0

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """No notices."""
        return ()

    def for_texture(self) -> Engine:
        """Always rejected: these networks paint photos."""
        raise UsageError(
            f"recipe '{self.recipe.name}' paints photos; for a texture, use a recipe that optimizes, such as 'standard', or a network "
            "trained with `stylenet train PAINTING --network texture`"
        )

    def saved_receipt(self, path: Path) -> Mapping[str, Any] | None:
        """Always None: a one-pass painting has no checkpoint."""
        return None

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint and yield `Done`. With tiles, first yield `Progress` and call `should_stop` after each tile."""
        started = time.perf_counter()
        if task.tile_px is None:
            painted: Image | None = self._painted(task, ignored)
        else:
            painted = yield from with_progress(partial(self._painted, task), should_stop=task.should_stop)
        reason = "interrupted" if painted is None else "finished"
        image = task.photo if painted is None else task.finish(painted).clip(0, 1)
        yield Done(image=image, steps=0, seconds=time.perf_counter() - started, loss=0.0, reason=reason, receipt=task.receipt)

    def _painted(self, task: Task[OpenStyle], done: PartDone) -> Image:
        """The photo painted in the styles of all regions."""
        painted: Image | None = None
        for region, styles in enumerate(task.styles):
            one = self._region(task, styles, share_of(done, 1 / len(task.styles)))
            if task.weights is not None:
                one = task.weights[region : region + 1] * one
            painted = one if painted is None else painted + one
        return task.photo if painted is None else painted

    @abstractmethod
    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        """The whole photo painted in the styles of one region.

        Args:
            task: The painting task.
            styles: Styles with their shares.
            done: Progress callback: called with the share of the work done since the last call.
        """


class TrainedPassEngine(OnePassEngine):
    """Paint with networks trained for given styles. Subclasses implement opening a network.

    Each network is opened once and cached until its file changes.
    """

    _opened: dict[tuple[str, int], OpenStyle]

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Reject an initial image, intermediate pictures, and recoloring the style image, which a network does not have."""
        super().check(options, has_start=has_start, wants_previews=wants_previews)
        if options.recolors_style:
            raise UsageError(
                f"recipe '{self.recipe.name}' paints with networks, which have no painting to recolor; give --keep-colors "
                f"{str(options.keep_colors).removesuffix(BEFORE)} for the result"
            )

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """The network of a style."""
        if isinstance(source, OpenStyle):
            return source
        path = Path(split_style(source)[0]) if isinstance(source, (str, Path)) else None
        key = (str(source), path.stat().st_mtime_ns if path is not None and path.is_file() else 0)
        if path is None or key not in self._opened:
            self._opened[key] = self._open(source)
        return self._opened[key]

    @abstractmethod
    def _open(self, source: StyleSource) -> OpenStyle:
        """Open the network of a style."""


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """The file of a trained network, not yet opened.

    Attributes:
        path: Path of the file.
        card: Card of the network.
        shares: Share of each style, if the network has several.
        notice: Notice for the user, or empty.
    """

    path: Path
    card: NetworkCard
    shares: tuple[float, ...] = ()
    notice: str = ""


def find_trained(source: object, *, paints: Paints = "style") -> NetworkFile:
    """Find a trained network: a file written by `stylenet train`, or a built-in network.

    Args:
        source: A file, `FILE:NAME` for one of its styles, or the name of a built-in network.
        paints: What the network must paint, "style" or "texture".

    Raises:
        StyleError: `source` is not a network, or the network paints something else.
        WeightsError: the file is damaged.
    """
    shipped = sorted(set(network_files()) - {"instant"})
    if not isinstance(source, (str, os.PathLike)):
        raise StyleError(f"recipe 'trained' paints with networks: give the file of one, or a name: {', '.join(shipped)}")
    file, chosen = split_style(source)
    if is_name(file, shipped) and file not in shipped:
        raise StyleError(
            f"no network was trained for '{file}'; available: {', '.join(shipped)}; recipe 'instant' paints in any style, and "
            f"`stylenet train` trains a network for yours{did_you_mean(file, shipped)}"
        )
    path = find_network(file)
    if not is_network(path):
        raise StyleError(f"'{path}' is not a network; recipe 'trained' needs a file written by `stylenet train`; or use --recipe instant")
    card = read_network_card(path)
    if card.paints != paints:
        raise StyleError(f"network '{path}' is not for a {paints} but for {card.paints}; use it with: stylenet {COMMANDS[card.paints]}")
    if not card.styles:
        if chosen:
            raise StyleError(f"network '{path}' has a single style; omit ':{chosen}'")
        return NetworkFile(path=path, card=card)
    if chosen and chosen not in card.styles:
        raise StyleError(
            f"network '{path}' has no style '{chosen}'; available: {', '.join(card.styles)}{did_you_mean(chosen, card.styles)}"
        )
    name = path.stem
    notice = (
        ""
        if chosen
        else (
            f"'{name}' has {len(card.styles)} styles and paints in the first one: {', '.join(card.styles)}; "
            f"select another one with {name}{NETWORK_SUFFIX}:NAME, or mix them with --blend and a share for each"
        )
    )
    return NetworkFile(path=path, card=card, shares=tuple(float(name == (chosen or card.styles[0])) for name in card.styles), notice=notice)
