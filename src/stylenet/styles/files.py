"""Style files: a painting's moments in one safetensors file of about 200 kB.

Its metadata hold the card, as JSON. Its one tensor, `statistics`, holds the bytes of a second safetensors file, deflated: the parts of
`PackedMoments` as `relu1_1.mean`, `relu1_1.basis`, ... for every layer.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.styles import KEY, read_card
from stylenet.errors import StyleError
from stylenet.storage.atomic import write_whole
from stylenet.styles.packed import PACKING, PARTS, PackedMoments
from stylenet.styles.stored import StoredStyle

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""The layers that the everyday recipes compare. A file holds all of `PACKING`, for the recipes of the literature."""

_TENSOR = "statistics"

_MOST_BYTES = 1 << 24
"""More than the parts of any style have; a file that unpacks to more is none."""


def write_style(style: StoredStyle, path: Path) -> None:
    """Write a style file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    parts = save({f"{layer}.{part}": value for layer, values in style.layers.items() for part, value in values.arrays.items()})
    # Nothing repeats in rounded numbers but zeros: a search for longer repetitions finds none, and costs a tenth.
    deflate = zlib.compressobj(level=9, memLevel=9, strategy=zlib.Z_RLE)
    statistics = np.frombuffer(deflate.compress(parts) + deflate.flush(), np.uint8)
    data = save({_TENSOR: statistics}, metadata={KEY: msgspec.json.encode(style.card).decode()})
    write_whole(path, data)


def read_style(path: Path) -> StoredStyle:
    """The style in a file.

    Raises:
        StyleError: not a style file, a broken one, or one of another version.
    """
    card = read_card(path)
    try:
        with safe_open(path, framework="numpy") as file:
            statistics = file.get_tensor(_TENSOR).tobytes()
        inflate = zlib.decompressobj()
        arrays = load(inflate.decompress(statistics, _MOST_BYTES))
        if not inflate.eof:
            raise StyleError(f"style file '{path}' is broken: its statistics have no end")
        layers = {layer: PackedMoments(**{part: arrays[f"{layer}.{part}"] for part in PARTS}) for layer in PACKING}
    except KeyError as error:
        raise StyleError(f"style file '{path}' is broken: it has no {error}") from None
    except (SafetensorError, OSError, ValueError, TypeError, zlib.error) as error:
        raise StyleError(f"style file '{path}' is broken: {error}") from None
    for layer, values in layers.items():
        if fault := values.fault(len(card.sizes_px), VGG19.widths[layer.replace("relu", "conv")]):
            raise StyleError(f"style file '{path}' is broken: {fault}")
    return StoredStyle(card=card, layers=layers)
