"""Weights of a recipe's losses when another network's features are compared than those it was tuned for."""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.styles.compatibility import is_caffe_vgg19

_CONTENT_POWERS = MappingProxyType({"mean": 2, "half-mean": 2, "sum": 2, "half-sum": 2})
_STYLE_POWERS = MappingProxyType(
    {("gram", name): 4 for name in ("mean", "mean-per-element", "gatys", "keras")} | {("wasserstein", "mean"): 2}
)
"""By which power of the features a loss grows; losses that are not listed are relative and do not depend on their size."""


def is_scaled(recipe: Recipe, encoder: OpenEncoder) -> bool:
    """Whether the Caffe-trained VGG-19 paints in place of a network with smaller or larger features."""
    section = recipe.encoder
    is_replaced = bool(section.published) and encoder.weights not in section.published
    return section.caffe_ratio != 1.0 and is_replaced and is_caffe_vgg19(encoder.record)


def in_units_of(encoder: OpenEncoder, recipe: Recipe) -> Recipe:
    """`recipe` with its losses divided as if the features were as large as those of the network that it was tuned for.

    Content losses are sums of squared features and style losses of squared products of features, so with features 200 times as large, the
    style would weigh 40,000 times as much. The ridge of a covariance is multiplied. See `catalog.recipe.EncoderSection.caffe_ratio`.
    """
    if not is_scaled(recipe, encoder):
        return recipe
    content, style, ratio = recipe.content, recipe.style, recipe.encoder.caffe_ratio
    of_content = _CONTENT_POWERS.get(content.distance, 0)
    of_style = 0 if style.balance == "start" else _STYLE_POWERS.get((style.statistic, style.distance), 0)
    return msgspec.structs.replace(
        recipe,
        content=msgspec.structs.replace(content, weight=content.weight / ratio**of_content),
        style=msgspec.structs.replace(style, weight=style.weight / ratio**of_style, ridge=style.ridge * ratio**2),
    )
