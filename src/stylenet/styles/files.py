"""Style files: a painting's moments in one safetensors file of a few hundred kB."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stylenet.catalog.styles import StyleCard, read_card
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.image.color import mean_color, palette
from stylenet.image.output import written_whole
from stylenet.styles.packed import PARTS, PackedMoments
from stylenet.styles.style import PictureStyle, StoredStyle, ladder_sizes

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""The layers that the everyday recipes compare."""

RIM_PX = 16


def measure_style(pixels: Tensor, encoder: VggEncoder, card: StyleCard, *, encoder_sha256: str) -> StoredStyle:
    """A painting's statistics, ready to be used and written.

    Args:
        pixels: (1, 3, H, W), 0..1.
        encoder: The compact encoder, in float32.
        card: Title, artist and so on; what can be measured is filled in here.
        encoder_sha256: Of the encoder's weights.

    Raises:
        StyleError: the painting is too small, or the card's name cannot be one.
    """
    height, width = pixels.shape[2:]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", card.name):
        raise StyleError(f"'{card.name}' cannot be a style's name; use small letters, digits and single hyphens, like starry-night")
    if min(width, height) < 64:
        raise StyleError(f"the painting is {width} x {height} pixels; a style needs at least 64 on the short side")
    picture = PictureStyle(name=card.name, pixels=pixels, encoder=encoder, rim_px=RIM_PX)
    sizes = ladder_sizes(width, height)
    swatches = palette(pixels)
    card = msgspec.structs.replace(
        card,
        colors=tuple((swatch.color, round(swatch.share, 4)) for swatch in swatches),
        mean_color=mean_color(pixels),
        sizes_px=sizes,
        encoder_sha256=encoder_sha256,
        width=width,
        height=height,
    )
    ladder = {size: {layer: PackedMoments.of(values) for layer, values in picture.at(size, LAYERS).items()} for size in sizes}
    return StoredStyle(card=card, ladder=ladder)


def write_style(style: StoredStyle, path: Path) -> None:
    """Write a style file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    tensors = {
        f"{size}.{layer}.{part}": value
        for size, layers in style.ladder.items()
        for layer, values in layers.items()
        for part, value in values.tensors.items()
    }
    data = save(tensors, metadata={"stylenet_style": msgspec.json.encode(style.card).decode()})
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def read_style(path: Path, *, encoder_sha256: str) -> StoredStyle:
    """The style in a file.

    Raises:
        StyleError: not a style file, a broken one, or one of other encoder weights.
    """
    card = read_card(path)
    if not card.sizes_px:
        raise StyleError(f"style file '{path}' is broken: it was measured at no size")
    if card.encoder_sha256 != encoder_sha256:
        raise StyleError(
            f"style '{card.name}' was measured with other encoder weights ({card.encoder_sha256[:8]}, here {encoder_sha256[:8]}); "
            "make it again with `stylenet styles add PICTURE`"
        )
    try:
        with safe_open(path, framework="pt") as file:
            ladder = {
                size: {layer: PackedMoments(**{part: file.get_tensor(f"{size}.{layer}.{part}") for part in PARTS}) for layer in LAYERS}
                for size in card.sizes_px
            }
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise StyleError(f"style file '{path}' is broken: {error}") from None
    for values in (values for layers in ladder.values() for values in layers.values()):
        if not values.mean.shape == values.rest.shape == values.factor.shape[:1]:
            raise StyleError(f"style file '{path}' is broken: its parts do not belong together")
        if not all(torch.isfinite(part).all() for part in values.tensors.values()):
            raise StyleError(f"style file '{path}' is broken: it holds values that are not numbers")
    return StoredStyle(card=card, ladder=ladder)
