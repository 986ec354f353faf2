"""Before the first step: which size, which levels, how long, how much memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stylenet.catalog.recipe import Recipe
from stylenet.errors import ImageError, UsageError, did_you_mean
from stylenet.image.recolor import KEEP_COLORS, check_palette
from stylenet.image.resize import PRINT_DPI, check_dpi, fit_within, print_size, target_size
from stylenet.optimization.pyramid import Level, levels

MOST_STRENGTH = 100.0
MOST_STYLE_SCALE = 8.0
MOST_FEATHER_PX = 500

MOST_ENLARGED = 2.0
"""Times that a photo is enlarged without a word."""

BEFORE = ":before"
"""At the end of a way to keep colors: the painting is recolored, and not the result."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may ask for beside the recipe. Every door takes these, with these defaults.

    Attributes:
        size: Long side in pixels, "WIDTHxHEIGHT", "full" for the photo's own, or None for the recipe's default.
        strength: 0 (the photo itself) to 100 (the most painted); 50 is the recipe. See `losses.style.strength_factor`.
        style_scale: Size of the strokes: the painting is looked at this many times larger, 0.125..8.
        blend: Share of each style; equal shares where empty.
        seed: Of all random numbers.
        save_every: Steps between scheduled previews; 0: the recipe's own interval.
        paper: "40x30cm", "16x12in", "400x300mm", "A4" or another name: as large as fits on it at `dpi`, in place of `size`.
        dpi: Dots per inch, which the result's file tells; on `paper` 300 where none are said. None: the file tells the photo's.
        keep_colors: "luminance", "histogram" or "mean-covariance": the photo's colors for the result; with ":before" at its end, for the
            painting before it is painted with. None: the painting's colors.
        palette: Colors for the result: ("#rrggbb", share) each.
        feather: Pixels over which masks fade.
        protect: "faces", "subject" or both in a sequence: kept as the photo has them.
        memory: That the process may take: "2GB", "800MB", a number of bytes; None: most of what the machine has free.
    """

    size: int | str | None = None
    strength: float = 50.0
    style_scale: float = 1.0
    blend: tuple[float, ...] = ()
    seed: int = 0
    save_every: int = 0
    paper: str | None = None
    dpi: int | None = None
    keep_colors: str | None = None
    palette: tuple[tuple[str, float], ...] = ()
    feather: float = 0.0
    protect: str | Sequence[str] | None = None
    memory: int | str | None = None

    def check(self, styles: int) -> None:
        """Raise `UsageError` for a value out of its range."""
        if not 0 <= self.strength <= MOST_STRENGTH:
            raise UsageError(f"strength is {self.strength:g}; allowed are 0 (the photo) to 100 (the painting), 50 is the recipe")
        if not 1 / MOST_STYLE_SCALE <= self.style_scale <= MOST_STYLE_SCALE:
            raise UsageError(
                f"style scale is {self.style_scale:g}; allowed are 0.125 (fine strokes) to 8 (broad strokes), 1 is the painting's"
            )
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed is {self.seed}; allowed are whole numbers from 0")
        if self.save_every < 0:
            raise UsageError(f"save-every is {self.save_every}; allowed are numbers of steps from 1, or 0 for none")
        if self.paper is not None and self.size is not None:
            raise UsageError(f"size {self.size} and paper {self.paper} are both given; choose one")
        if self.keep_colors is not None and self.keep_colors.removesuffix(BEFORE) not in KEEP_COLORS:
            raise UsageError(
                f"keep-colors is '{self.keep_colors}'; allowed are {', '.join(KEEP_COLORS)}, each with {BEFORE} at its end to recolor the "
                f"painting and not the result.{did_you_mean(self.keep_colors, KEEP_COLORS)}"
            )
        if self.keep_colors == KEEP_COLORS[0] + BEFORE:
            raise UsageError(
                "keep-colors luminance:before is not possible: luminance gives every place its color back, and the painting has other "
                "places than the photo"
            )
        if not 0 <= self.feather <= MOST_FEATHER_PX:
            raise UsageError(f"feather is {self.feather:g}; allowed are 0 to {MOST_FEATHER_PX} pixels")
        if self.dpi is not None:
            check_dpi(self.dpi)
        if self.palette:
            check_palette(self.palette)
            if self.keep_colors is not None:
                raise UsageError(
                    f"palette and keep-colors {self.keep_colors} are both given, and the palette would hide the other; choose one"
                )
        self.memory_bytes()
        if styles < 1:
            raise UsageError("no style is given; name at least one")
        if self.blend and len(self.blend) != styles:
            raise UsageError(f"blend has {len(self.blend)} shares for {styles} styles; give one for each")
        if any(not share >= 0 or math.isinf(share) for share in self.blend) or (self.blend and sum(self.blend) == 0):
            raise UsageError(f"blend is {', '.join(f'{share:g}' for share in self.blend)}; shares are 0 or more, and not all 0")

    def print_dpi(self) -> int | None:
        """Dots per inch that the result's file tells; None: those of the photo's file."""
        return PRINT_DPI if self.dpi is None and self.paper is not None else self.dpi

    def memory_bytes(self) -> int | None:
        """The limit in bytes.

        Raises:
            UsageError: `memory` is no amount of memory.
        """
        if self.memory is None or isinstance(self.memory, int):
            return self.memory
        units = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "k": 10**3, "m": 10**6, "g": 10**9}
        match = re.fullmatch(r"([0-9]+\.?[0-9]*)\s*([a-z]*)", self.memory.strip().lower())
        if match is None or match[2] not in units:
            raise UsageError(f"memory is '{self.memory}'; write an amount like 2GB, 800MB or 1.5GiB")
        return round(float(match[1]) * units[match[2]])

    def shares(self, styles: int) -> tuple[float, ...]:
        """Shares of the styles, which sum to one."""
        blend = self.blend or (1.0,) * styles
        return tuple(share / sum(blend) for share in blend)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be done, resolved.

    Attributes:
        width: Of the result, pixels.
        height: Of the result, pixels.
        levels: Coarse to fine.
        notices: Lines that a person should read before waiting.
        values: All of it in plain values, for `--dry-run` and events.
        tile_px: Pixels that the encoder looks at in one pass; None: all of them.
    """

    width: int
    height: int
    levels: tuple[Level, ...]
    notices: tuple[str, ...]
    values: Mapping[str, Any]
    tile_px: int | None = None


def make_plan(recipe: Recipe, photo_size: tuple[int, int], options: Options, machine: Mapping[str, Any]) -> Plan:
    """The plan for a photo of (width, height).

    Raises:
        UsageError: an option is out of range.
        ImageError: the picture is too small for the recipe's layers.
    """
    width, height = _painted_size(recipe, photo_size, options)
    smallest = smallest_side_px(recipe)
    if min(width, height) < smallest:
        raise ImageError(
            f"the picture would be painted at {width} x {height} pixels; recipe '{recipe.name}' needs at least {smallest} on each side"
            f"{'' if options.size is None else ': give a larger --size'}"
        )
    steps = levels(width, height, recipe.pyramid)
    notices = []
    if options.size is None and options.paper is None and (width, height) != photo_size and recipe.picture.shape == "photo":
        times = photo_size[0] * photo_size[1] / (width * height)
        notices.append(
            f"painting at {width} x {height} of the photo's {photo_size[0]} x {photo_size[1]}; --size full paints all of it "
            f"in about {times:.0f} times the time"
        )
    values = {
        "recipe": recipe.name,
        "encoder": recipe.encoder.name,
        "size": [width, height],
        "levels": [{"size": [level.width, level.height], "steps": level.steps} for level in steps],
        "strength": options.strength,
        "style_scale": options.style_scale,
        "seed": options.seed,
        **machine,
    }
    return Plan(width=width, height=height, levels=steps, notices=tuple(notices), values=values)


def enlargement_notice(photo_size: tuple[int, int], plan: Plan, options: Options) -> str:
    """What a person should know where a photo is painted much larger than it is; empty where it is not."""
    times = min(plan.width / photo_size[0], plan.height / photo_size[1])
    if times <= MOST_ENLARGED:
        return ""
    told = f"the photo has {photo_size[0]} x {photo_size[1]} pixels and is enlarged {times:.1f} times"
    if options.paper is not None:
        return f"{told} for this print: its details will look soft; a larger photo, or a lower --dpi, suits the paper better"
    return f"{told}: its details will look soft; a larger photo suits this size better"


def smallest_side_px(recipe: Recipe) -> int:
    """The shortest side at which the recipe's deepest layer still has a position; at least 2, for neighbors."""
    layers = (*recipe.content.layers, *recipe.style.layers)
    deepest = max(int(layer[4]) - (not layer.startswith("pool")) for layer in layers)
    return max(2, 2**deepest)


def _painted_size(recipe: Recipe, photo_size: tuple[int, int], options: Options) -> tuple[int, int]:
    if options.paper is not None:
        return print_size(*photo_size, options.paper, options.print_dpi() or PRINT_DPI)
    if options.size is not None:
        size = int(options.size) if isinstance(options.size, str) and options.size.isdigit() else options.size
        return target_size(*photo_size, size)
    largest = recipe.picture.largest_px
    if recipe.picture.shape == "square":
        side = largest or max(photo_size)
        return side, side
    return fit_within(*photo_size, largest) if largest else photo_size
