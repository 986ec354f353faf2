"""Work of a step in multiply-adds, the basis of forecasts and of the estimated time left."""

from __future__ import annotations

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.optimization.objective import style_layers
from stylenet.optimization.pyramid import Level
from stylenet.styles.framing import Frame

_PIXEL_WORK = 5_000
"""Multiply-adds per pixel equivalent to all work outside the encoder."""

_BY_TILES = 4 / 3
"""With tiles there is an additional forward pass, which is a third of the work of a forward and a backward pass."""

SET_UP_STEPS = 1.4
"""Time to set up a level, in steps: the photo is encoded and memory allocated. Measured."""


def step_work(recipe: Recipe, record: EncoderRecord, level: Level, tile_px: int | None) -> float:
    """Multiply-adds of a step at a level: those of the encoder up to its deepest layer in use, and those for the picture.

    Args:
        recipe: Recipe with the layers.
        record: Architecture of the encoder.
        level: The level, with its size and deepest style layer.
        tile_px: Pixels per tile; None: no tiles.
    """
    layers = (*style_layers(recipe, record, level.deepest), *recipe.content.layers)
    frame = Frame(record, (level.width, level.height), layers, recipe.picture.rim_px, tile_px=tile_px)
    pixels = sum(tile.pixels for tile in frame.tiles) * (1.0 if frame.is_whole else _BY_TILES)
    return pixels * record.multiply_adds(max(layers, key=record.layers.index)) + level.width * level.height * _PIXEL_WORK
