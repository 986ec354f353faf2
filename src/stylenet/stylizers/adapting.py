"""A recipe of the literature with the compact encoder: what its numbers mean there, and what takes their place.

Raw weights hold for one encoder's units alone: the same number asks for a hundred times more or less style elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe

STYLE_WEIGHT = 2.0
"""Relative style loss against relative content loss; at 6 faces and houses dissolve in recipes that know one level only."""


_SCALE = 1e6
"""Of the whole loss: about that of the recipes' own, which their solvers' constants (epsilon, tolerances, first step) are made for."""


def adapted(recipe: Recipe, record: EncoderRecord) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as `record` can paint it, and what a person should know of the difference.

    A network of VGG's own size keeps every number. With the compact one, layers behind its last are compared there, and raw weights give
    way to relative losses; layers, start, sizes, solver and steps stay the recipe's.
    """
    if record.name == recipe.encoder.name:
        return recipe, ()
    if record.name != "compact":
        return recipe, (f"painting with encoder '{record.name}' in place of '{recipe.encoder.name}': the recipe was made for the latter",)
    content = _present(recipe.content.layers, record)
    style = _present(recipe.style.layers, record)
    moved = sorted({*recipe.content.layers, *recipe.style.layers} - {*content, *style})
    total = sum(style.values()) or 1.0
    changed = msgspec.structs.replace(
        recipe,
        encoder=msgspec.structs.replace(recipe.encoder, name=record.name),  # adapted once; a replay finds it so
        content=msgspec.structs.replace(
            recipe.content,
            layers={layer: weight / (sum(content.values()) or 1.0) for layer, weight in content.items()},
            distance="relative",
            weight=_SCALE if recipe.content.weight else 0.0,
        ),
        style=msgspec.structs.replace(
            recipe.style,
            layers={layer: weight / total for layer, weight in style.items()},
            distance="relative",
            balance="raw" if recipe.style.chain else "start",
            chain=False,
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
    )
    notices = [
        f"painting with the compact encoder in place of '{recipe.encoder.name}': the recipe's weights mean nothing in its units; content "
        f"and style are weighed relative to photo and painting, 1 to {STYLE_WEIGHT:g} (--strength changes that)"
    ]
    if moved:
        notices.append(f"the compact encoder has no {', '.join(moved)}; its last layers of that block stand for them")
    return changed, tuple(notices)


def _present(layers: Mapping[str, float], record: EncoderRecord) -> dict[str, float]:
    """The same layers, those that the encoder lacks moved to the last of their kind in their block that it has."""
    present: dict[str, float] = {}
    for layer, weight in layers.items():
        kind = layer.partition("_")[0]  # relu5
        target = layer if layer in record.layers else next(name for name in reversed(record.layers) if name.startswith(kind))
        present[target] = present.get(target, 0.0) + weight
    return present
