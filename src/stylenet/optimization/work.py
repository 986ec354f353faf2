"""What a step costs, in multiply-adds: forecasts and the time that is left follow from it."""

from __future__ import annotations

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.optimization.objective import style_layers
from stylenet.optimization.pyramid import Level
from stylenet.styles.framing import Frame

_PIXEL_WORK = 5_000
"""Multiply-adds for every pixel that stand for what is done to the picture beside the encoder."""

_BY_TILES = 4 / 3
"""By tiles there is one pass more, forward only: a third of what forward and backward take."""


def step_work(recipe: Recipe, record: EncoderRecord, level: Level, tile_px: int | None) -> float:
    """What a step of a level costs in multiply-adds: of the encoder up to the deepest layer that is compared there, and of the picture.

    Args:
        recipe: Names the layers.
        record: Of the encoder.
        level: Its size, and how deep the style is compared there.
        tile_px: Pixels that the encoder looks at in one pass; None: all of them.
    """
    layers = (*style_layers(recipe, record, level.deepest), *recipe.content.layers)
    frame = Frame(record, (level.width, level.height), layers, recipe.picture.rim_px, tile_px=tile_px)
    seen = sum(tile.pixels for tile in frame.tiles) * (1.0 if frame.is_whole else _BY_TILES)
    return seen * record.multiply_adds(max(layers, key=record.layers.index)) + level.width * level.height * _PIXEL_WORK
