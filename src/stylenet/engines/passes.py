"""What all engines have in common that paint in one pass of a network. Nothing here needs torch."""

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

USUAL_STRENGTH = 50.0
"""The strength that networks paint at which know no other."""


class OnePassEngine(ABC):
    """Paints every region of a photo in one pass and puts them together. Subclasses say how one region is painted."""

    recipe: Recipe

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Refuse a start and pictures on the way."""
        name = f"recipe '{self.recipe.name}'"
        if has_start:
            raise UsageError(f"{name} paints in one pass and has no initial image; omit --start, or choose a recipe that optimizes")
        if wants_previews:
            raise UsageError(f"{name} paints in one pass, without intermediate pictures; omit --save-every and --timelapse")

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """Not needed: a measured style is one."""
        raise UsageError(f"style '{style.name}' is a single style; omit its shares")

    def steps(self, levels: Sequence[Level]) -> int:
        """None: there is one pass."""
        return 0

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """None."""
        return ()

    def for_texture(self) -> Engine:
        """Refused: these networks paint photos."""
        raise UsageError(
            f"recipe '{self.recipe.name}' paints photos; a texture needs one that optimizes, like 'standard', or a network of "
            "`stylenet train PAINTING --network texture`"
        )

    def saved_receipt(self, path: Path) -> Mapping[str, Any] | None:
        """None: a painting in one pass has no state."""
        return None

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint, and yield `Done`; before it `Progress` where the picture is painted in parts. Between them `should_stop` is asked."""
        begun = time.perf_counter()
        if task.tile_px is None:
            painted: Image | None = self._painted(task, ignored)
        else:
            painted = yield from with_progress(partial(self._painted, task), should_stop=task.should_stop)
        reason = "interrupted" if painted is None else "finished"
        image = task.photo if painted is None else task.finish(painted).clip(0, 1)
        yield Done(image=image, steps=0, seconds=time.perf_counter() - begun, loss=0.0, reason=reason, receipt=task.receipt)

    def _painted(self, task: Task[OpenStyle], done: PartDone) -> Image:
        """The photo, painted in the styles of all regions."""
        painted: Image | None = None
        for region, styles in enumerate(task.styles):
            one = self._region(task, styles, share_of(done, 1 / len(task.styles)))
            if task.weights is not None:
                one = task.weights[region : region + 1] * one
            painted = one if painted is None else painted + one
        return task.photo if painted is None else painted

    @abstractmethod
    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        """The whole photo, painted in the styles of one region.

        Args:
            task: What is painted.
            styles: Each with its share.
            done: Called with the share of the work that was done since the last call.
        """


class TrainedPassEngine(OnePassEngine):
    """Paints with networks that were trained for a style. Subclasses say how one is opened.

    Each is opened once, as long as its file stays the same.
    """

    _opened: dict[tuple[str, int], OpenStyle]

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Refuse, beside a start and pictures on the way, to recolor a style picture: there is none."""
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
        """The network of a style, opened anew."""


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A network that was trained for a style, found but not opened.

    Attributes:
        path: Of its file.
        card: What it says of itself.
        shares: Of the styles that it knows, where they are several.
        notice: What a person should know; empty where there is nothing.
    """

    path: Path
    card: NetworkCard
    shares: tuple[float, ...] = ()
    notice: str = ""


def find_trained(source: object, *, paints: Paints = "style") -> NetworkFile:
    """The network that was trained for a style: a file of `stylenet train`, or the name of one that ships.

    Args:
        source: The file, `FILE:NAME` for one of several styles that it knows, or the name.
        paints: What it shall do, "style" or "texture".

    Raises:
        StyleError: it is neither, or paints something else.
        WeightsError: the file is damaged.
    """
    shipped = sorted(set(network_files()) - {"instant"})
    if not isinstance(source, (str, os.PathLike)):
        raise StyleError(f"recipe 'trained' paints with networks: give the file of one, or a name: {', '.join(shipped)}")
    file, chosen = split_style(source)
    if is_name(file, shipped) and file not in shipped:
        raise StyleError(
            f"no network was trained for '{file}'; there are {', '.join(shipped)}.{did_you_mean(file, shipped)} "
            "Recipe 'instant' paints in every style, and `stylenet train` makes a network of your own"
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
        raise StyleError(f"network '{path}' knows {', '.join(card.styles)}, and not '{chosen}'.{did_you_mean(chosen, card.styles)}")
    name = path.stem
    notice = (
        ""
        if chosen
        else (
            f"'{name}' knows {len(card.styles)} styles and paints in the first one: {', '.join(card.styles)}; "
            f"{name}{NETWORK_SUFFIX}:NAME takes another one, --blend with a share for each mixes them"
        )
    )
    return NetworkFile(path=path, card=card, shares=tuple(float(name == (chosen or card.styles[0])) for name in card.styles), notice=notice)
