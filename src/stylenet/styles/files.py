"""Style files: the moments of a style image in a safetensors file of about 200 kB.

The metadata contain the card as JSON. The only tensor, `statistics`, contains a deflated second safetensors file with the parts of
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
"""Style layers of the standard recipes. A file has all layers of `PACKING`, for the recipes from the literature."""

_TENSOR = "statistics"

_MAX_BYTES = 1 << 24
"""Limit for the decompressed size, larger than any style."""


def write_style(style: StoredStyle, path: Path) -> None:
    """Write a style file atomically.

    Raises:
        OutputError: the file cannot be written.
    """
    parts = save({f"{layer}.{part}": value for layer, values in style.layers.items() for part, value in values.arrays.items()})
    # Run-length matching only: the quantized values have no longer repetitions, and searching for them makes the file a tenth larger.
    deflate = zlib.compressobj(level=9, memLevel=9, strategy=zlib.Z_RLE)
    statistics = np.frombuffer(deflate.compress(parts) + deflate.flush(), np.uint8)
    data = save({_TENSOR: statistics}, metadata={KEY: msgspec.json.encode(style.card).decode()})
    write_whole(path, data)


def read_style(path: Path) -> StoredStyle:
    """Read a style file.

    Raises:
        StyleError: the file is not a style file, is damaged, or has another version.
    """
    card = read_card(path)
    try:
        with safe_open(path, framework="numpy") as file:
            statistics = file.get_tensor(_TENSOR).tobytes()
        inflate = zlib.decompressobj()
        arrays = load(inflate.decompress(statistics, _MAX_BYTES))
        if not inflate.eof:
            raise StyleError(f"style file '{path}' is broken: its statistics are truncated")
        layers = {layer: PackedMoments(**{part: arrays[f"{layer}.{part}"] for part in PARTS}) for layer in PACKING}
    except KeyError as error:
        raise StyleError(f"style file '{path}' is broken: {error} is missing") from None
    except (SafetensorError, OSError, ValueError, TypeError, zlib.error) as error:
        raise StyleError(f"style file '{path}' is broken: {error}") from None
    for layer, values in layers.items():
        if fault := values.fault(len(card.sizes_px), VGG19.widths[layer.replace("relu", "conv")]):
            raise StyleError(f"style file '{path}' is broken: {fault}")
    return StoredStyle(card=card, layers=layers)
