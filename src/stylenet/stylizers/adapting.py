"""A recipe of the literature with the compact encoder: what its numbers mean there, and what takes their place.

Raw weights hold for one encoder's units alone: the same number asks for a hundred times more or less style elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe

STYLE_WEIGHT = 2.0
"""Style, 1 for the photo, against content, 1 for a picture without any: see docs/tuning.md."""

_HOLDS = "3_1"
"""The deepest layer with more values than the picture, as relu or conv."""

_SCALE = 1e6
"""Of the whole loss: about that of the recipes' own, which their solvers' constants (epsilon, tolerances, first step) are made for."""


def adapted(recipe: Recipe, record: EncoderRecord) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as `record` can paint it, and what a person should know of the difference.

    A network of VGG's own size keeps every number. With the compact one, layers behind its last are compared there, deep content layers
    share their weight with a shallower one, and raw weights give way to relative losses; start, sizes, solver and steps stay the recipe's.
    So does the learning rate, but where it leaves the noise and does not arrive.
    """
    if record.name == recipe.encoder.name:
        return recipe, ()
    if record.name != "compact":
        return recipe, (f"painting with encoder '{record.name}' in place of '{recipe.encoder.name}': the recipe was made for the latter",)
    content = _present(recipe.content.layers, record)
    style = _present(recipe.style.layers, record)
    moved = sorted({*recipe.content.layers, *recipe.style.layers} - {*content, *style})
    holding = _holding(content, record)
    narrow = [layer for layer in content if _is_narrow(layer, record)]
    rate = _rate(recipe)
    total = sum(style.values()) or 1.0
    changed = msgspec.structs.replace(
        recipe,
        encoder=msgspec.structs.replace(recipe.encoder, name=record.name),  # adapted once; a replay finds it so
        content=msgspec.structs.replace(
            recipe.content,
            layers={layer: weight / (sum(holding.values()) or 1.0) for layer, weight in holding.items()},
            distance="spread",
            weight=_SCALE if recipe.content.weight else 0.0,
        ),
        style=msgspec.structs.replace(
            recipe.style,
            layers={layer: weight / total for layer, weight in style.items()},
            distance="relative",
            balance="start",
            chain=False,  # a difference of relative losses rewards one layer for being as wrong as the next
            shift=0.0,  # 1 is little beside VGG's activations, which reach hundreds; the compact encoder's means are 0.01 to 0.3
            weight=_SCALE * STYLE_WEIGHT if recipe.style.weight else 0.0,
        ),
        # torch's L-BFGS has no line search, and a picture cut to its range between two evaluations gives it a false curvature: with raw
        # weights the tutorial lives with that, with relative ones grain is all that comes of it.
        picture=msgspec.structs.replace(recipe.picture, clip=recipe.picture.clip and recipe.solver.name != "lbfgs"),
        smoothness=msgspec.structs.replace(
            recipe.smoothness,
            distance="mean-square",
            weight=_SCALE * (1.0 if recipe.picture.unit == "unit" else 255.0**-2) if recipe.smoothness.weight else 0.0,
        ),
        solver=msgspec.structs.replace(recipe.solver, learning_rate=rate),
    )
    notices = [
        f"painting with the compact encoder in place of '{recipe.encoder.name}': the recipe's weights mean nothing in its units; content "
        f"and style are weighed relative to photo and painting, 1 to {STYLE_WEIGHT:g} (--strength changes that)"
    ]
    if moved:
        notices.append(f"the compact encoder has no {', '.join(moved)}; its last layers of that block stand for them")
    if recipe.style.chain:
        notices.append("style layers count one by one, not as a chain, and their features are not shifted: both belong to VGG's units")
    if narrow:
        notices.append(
            f"half of the weight of {', '.join(narrow)} goes to {narrow[0][:4]}{_HOLDS}, for the scene's sake: the compact encoder's deep "
            "layers are narrow"
        )
    if rate != recipe.solver.learning_rate:
        notices.append(
            f"the learning rate is {rate:.3g} in place of {recipe.solver.learning_rate:g}: {recipe.pyramid.steps[0]} steps of the latter "
            "end on the way from the noise"
        )
    return changed, tuple(notices)


def _present(layers: Mapping[str, float], record: EncoderRecord) -> dict[str, float]:
    """The same layers, those that the encoder lacks moved to the last of their kind in their block that it has."""
    present: dict[str, float] = {}
    for layer, weight in layers.items():
        kind = layer.partition("_")[0]  # relu5
        target = layer if layer in record.layers else next(name for name in reversed(record.layers) if name.startswith(kind))
        present[target] = present.get(target, 0.0) + weight
    return present


def _is_narrow(layer: str, record: EncoderRecord) -> bool:
    """Whether a layer has fewer values than the picture, which has 3 a pixel: then pictures without a window or an eye have them too.

    VGG's relu4_2 has 8 values a pixel, a quarter of its width 2, and relu3_1 of the compact encoder 6.
    """
    values_per_position, block = record.widths["conv" + layer[4:]], int(layer[4])
    return values_per_position < 3 * 4 ** (block - 1)  # every block has a quarter of the positions of the one before


def _holding(content: Mapping[str, float], record: EncoderRecord) -> dict[str, float]:
    """Content layers that hold the scene: narrow ones give half of their weight to the first layer of block 3, as in `standard`."""
    holding: dict[str, float] = {}
    for layer, weight in content.items():
        names = (layer, layer[:4] + _HOLDS) if _is_narrow(layer, record) else (layer,)
        for name in names:
            holding[name] = holding.get(name, 0.0) + weight / len(names)
    return holding


def _rate(recipe: Recipe) -> float:
    """The learning rate; from noise one with which Adam's steps, each about as long, can carry a pixel through the range three times.

    With less, grain is all that grows. A recipe that moves no pixel by a single level is a ruin for the record, and stays one.
    """
    solver, steps = recipe.solver, recipe.pyramid.steps[0]
    if solver.name != "adam" or recipe.picture.start != "noise":
        return solver.learning_rate
    extent = 255.0 if recipe.picture.unit == "bytes" else 1.0
    reach = solver.learning_rate * steps
    return 3 * extent / steps if extent / 255 < reach < 3 * extent else solver.learning_rate
