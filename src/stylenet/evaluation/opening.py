"""Opening the encoder and the styles for measuring finished pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.devices import choose_device
from stylenet.engines.pictures import measured_style
from stylenet.engines.style_targets import AnyStyle
from stylenet.styles.sources import StyleSource


def open_measuring(encoder: str, styles: Sequence[StyleSource], *, device: str = "auto") -> tuple[VggEncoder, list[AnyStyle]]:
    """Open an encoder in float32, and styles measured with it.

    Args:
        encoder: Name of weights or a weights file.
        styles: Names, style files, pictures or folders.
        device: Where to compute; "auto" chooses the fastest device.

    Raises:
        WeightsError: the weights are missing or unusable.
        ImageError, StyleError: a style cannot be opened.
    """
    recipe = load_recipe("standard")
    opened = open_encoder(recipe.encoder, encoder, device=choose_device(device), dtype=torch.float32)
    return opened.exact, [measured_style(style, recipe, opened).value for style in styles]
