"""Measure style images with VGG-19 at several sizes to create style files."""

from __future__ import annotations

import re

import msgspec
import numpy as np
from numpy.typing import NDArray

from stylenet.catalog.styles import StyleCard
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError, shortened
from stylenet.image.color import mean_color, palette
from stylenet.styles.compatibility import is_measuring
from stylenet.styles.packed import PACKING, PackedMoments
from stylenet.styles.stored import StoredStyle, ladder_sizes
from stylenet.styles.style import PictureStyle, statistics_of

RIM_PX = 16
"""Rim of the standard recipes. Recipes from the literature have none: at 450 px, their Gram matrices differ from those of a style file by
0.03 % in block 2, 2 % in relu4_1 and 7 % in relu5_1 (relative squared error)."""

_LONGEST_NAME = 100  # file systems allow 255 bytes, with the suffix and that of an unfinished file


def measure_style(pixels: NDArray[np.float32], encoder: VggEncoder, card: StyleCard) -> StoredStyle:
    """Measure a style image.

    Args:
        pixels: (1, 3, H, W), 0..1.
        encoder: VGG-19 as trained with Caffe, in float32.
        card: Title, artist and so on; measured fields are filled in.

    Raises:
        StyleError: the style image is too small, the name of the card is invalid, or the encoder is not supported.
    """
    height, width = pixels.shape[2:]
    if not is_measuring(encoder.record):
        raise StyleError(
            f"style files need statistics of VGG-19 with max pooling; they cannot be measured with this '{encoder.record.name}'"
        )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", card.name) or len(card.name) > _LONGEST_NAME:
        raise StyleError(
            f"'{shortened(card.name)}' is not a valid style name; use lowercase letters, digits and single hyphens, at most "
            f"{_LONGEST_NAME} characters, such as starry-night"
        )
    if min(width, height) < 64:
        raise StyleError(f"the style image has {width} x {height} pixels; give one with at least 64 on the short side")
    picture = PictureStyle(name=card.name, pixels=pixels, encoder=encoder, rim_px=RIM_PX)
    sizes = ladder_sizes(width, height)
    swatches = palette(pixels)
    card = msgspec.structs.replace(
        card,
        colors=tuple((swatch.color, round(swatch.share, 4)) for swatch in swatches),
        mean_color=mean_color(pixels),
        sizes_px=sizes,
        width=width,
        height=height,
    )
    ladder = [{layer: statistics_of(moments) for layer, moments in picture.at(size, PACKING).items()} for size in sizes]
    layers = {
        layer: PackedMoments.of([values[layer] for values in ladder], directions, noise) for layer, (directions, noise) in PACKING.items()
    }
    return StoredStyle(card=card, layers=layers)
