"""The plan of a painting: size, levels, time and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stylenet.catalog.recipe import Recipe
from stylenet.errors import ImageError
from stylenet.image.resize import PRINT_DPI, fit_within, print_size, target_size
from stylenet.notices import CodedNotice
from stylenet.optimization.pyramid import Level, levels
from stylenet.requests.painting import Options

MAX_ENLARGEMENT = 2.0
"""Largest enlargement of a photo without a notice."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A resolved plan.

    Attributes:
        width: Width of the result in pixels.
        height: Height of the result in pixels.
        levels: Levels from coarse to fine.
        notices: Notices for the user, one line each.
        values: The plan as plain values, for `--dry-run` and events.
        tile_px: Pixels that the encoder processes in one pass; None: all of them.
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
            f"{'' if options.size is None else ': give a larger --size'}",
            code="photo-too-small",
            width=width,
            height=height,
            least=smallest,
        )
    steps = levels(width, height, recipe.pyramid)
    notices = []
    if options.size is None and options.paper is None and (width, height) != photo_size and recipe.picture.shape == "photo":
        times = photo_size[0] * photo_size[1] / (width * height)
        message = (
            f"painting at {width} x {height} of the photo's {photo_size[0]} x {photo_size[1]}; --size full paints at its size "
            f"and takes about {times:.0f} times as long"
        )
        notices.append(CodedNotice(message, "smaller", width=width, height=height, photo_width=photo_size[0], photo_height=photo_size[1]))
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


def enlargement_notices(photo_size: tuple[int, int], plan: Plan, options: Options) -> tuple[str, ...]:
    """A notice if a photo is enlarged more than twice."""
    times = min(plan.width / photo_size[0], plan.height / photo_size[1])
    if times <= MAX_ENLARGEMENT:
        return ()
    enlarged = f"the photo has {photo_size[0]} x {photo_size[1]} pixels and is enlarged {times:.1f} times"
    if options.paper is not None:
        message = f"{enlarged} for this print: details will look soft; use a larger photo or a lower --dpi"
    else:
        message = f"{enlarged}: details will look soft; use a larger photo"
    return (CodedNotice(message, "enlarged", width=photo_size[0], height=photo_size[1], times=round(times, 1)),)


def smallest_side_px(recipe: Recipe) -> int:
    """The shortest side at which the deepest layer of the recipe has at least one position; at least 2."""
    layers = (*recipe.content.layers, *recipe.style.layers)
    deepest = max(int(layer[4]) - (not layer.startswith("pool")) for layer in layers)
    return max(2, 2**deepest)


def _painted_size(recipe: Recipe, photo_size: tuple[int, int], options: Options) -> tuple[int, int]:
    if options.paper is not None:
        return print_size(*photo_size, options.paper, options.print_dpi() or PRINT_DPI)
    if options.size is not None:
        return target_size(*photo_size, options.size)
    largest = recipe.picture.largest_px
    if recipe.picture.shape == "square":
        side = largest or max(photo_size)
        return side, side
    return fit_within(*photo_size, largest) if largest else photo_size
