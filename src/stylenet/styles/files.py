"""Style files: a painting's moments in one safetensors file of about 200 kB.

Its metadata hold the card, as JSON. Its one tensor, `statistics`, holds the bytes of a second safetensors file, deflated: the parts of
`PackedMoments` as `relu1_1.mean`, `relu1_1.basis`, ... for every layer.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.styles import KEY, StyleCard, read_card
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.image.color import mean_color, palette
from stylenet.storage.atomic import write_whole
from stylenet.styles.compatibility import is_measuring
from stylenet.styles.packed import PACKING, PARTS, PackedMoments
from stylenet.styles.style import PictureStyle, StoredStyle, ladder_sizes

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""The layers that the everyday recipes compare. A file holds all of `PACKING`, for the recipes of the literature."""

RIM_PX = 16
"""As the everyday recipes look at a painting. Those of the literature give it no rim: at 450 px the Gram matrices that they see themselves
differ from a file's by 0.03 % in block 2, 2 % in relu4_1 and 7 % in relu5_1 (squares, relative)."""

_TENSOR = "statistics"

_MOST_BYTES = 1 << 24
"""More than the parts of any style have; a file that unpacks to more is none."""


def measure_style(pixels: Tensor, encoder: VggEncoder, card: StyleCard) -> StoredStyle:
    """A painting's statistics, ready to be used and written.

    Args:
        pixels: (1, 3, H, W), 0..1.
        encoder: VGG-19 as trained with Caffe, in float32.
        card: Title, artist and so on; what can be measured is filled in here.

    Raises:
        StyleError: the painting is too small, the card's name cannot be one, or it is another encoder.
    """
    height, width = pixels.shape[2:]
    if not is_measuring(encoder.record):
        raise StyleError(
            f"style files hold statistics of VGG-19 with max pooling; they cannot be measured with this '{encoder.record.name}'"
        )
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
        width=width,
        height=height,
    )
    ladder = [picture.at(size, PACKING) for size in sizes]
    layers = {
        layer: PackedMoments.of([values[layer] for values in ladder], directions, noise) for layer, (directions, noise) in PACKING.items()
    }
    return StoredStyle(card=card, layers=layers)


def write_style(style: StoredStyle, path: Path) -> None:
    """Write a style file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    parts = save({f"{layer}.{part}": value for layer, values in style.layers.items() for part, value in values.tensors.items()})
    # Nothing repeats in rounded numbers but zeros: a search for longer repetitions finds none, and costs a tenth.
    deflate = zlib.compressobj(level=9, memLevel=9, strategy=zlib.Z_RLE)
    statistics = torch.frombuffer(bytearray(deflate.compress(parts) + deflate.flush()), dtype=torch.uint8)
    data = save({_TENSOR: statistics}, metadata={KEY: msgspec.json.encode(style.card).decode()})
    write_whole(path, data)


def read_style(path: Path) -> StoredStyle:
    """The style in a file.

    Raises:
        StyleError: not a style file, a broken one, or one of another version.
    """
    card = read_card(path)
    try:
        with safe_open(path, framework="pt") as file:
            statistics = file.get_tensor(_TENSOR).numpy().tobytes()
        inflate = zlib.decompressobj()
        tensors = load(inflate.decompress(statistics, _MOST_BYTES))
        if not inflate.eof:
            raise StyleError(f"style file '{path}' is broken: its statistics have no end")
        layers = {layer: PackedMoments(**{part: tensors[f"{layer}.{part}"] for part in PARTS}) for layer in PACKING}
    except KeyError as error:
        raise StyleError(f"style file '{path}' is broken: it has no {error}") from None
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, zlib.error) as error:
        raise StyleError(f"style file '{path}' is broken: {error}") from None
    for layer, values in layers.items():
        if fault := values.fault(len(card.sizes_px), VGG19.widths[layer.replace("relu", "conv")]):
            raise StyleError(f"style file '{path}' is broken: {fault}")
    return StoredStyle(card=card, layers=layers)
