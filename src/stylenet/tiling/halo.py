"""Strides, sizes and receptive fields of the encoder's layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stylenet.catalog.encoders import EncoderRecord


def strides(record: EncoderRecord) -> Mapping[str, int]:
    """Stride of every layer in pixels."""
    stride, layer_strides = 1, {}
    for layer in record.layers:
        stride *= 2 if layer.startswith("pool") else 1
        layer_strides[layer] = stride
    return layer_strides


def layer_size(record: EncoderRecord, layer: str, width: int, height: int) -> tuple[int, int]:
    """(columns, rows) of a layer for a picture of `width` x `height` pixels."""
    for name in record.layers[: record.layers.index(layer) + 1]:
        if name.startswith("pool"):
            up = record.rounding == "up"
            width, height = (width + up) // 2, (height + up) // 2
    return width, height


def halo_px(record: EncoderRecord, layers: Iterable[str]) -> int:
    """Width of the halo on which features of `layers` inside a tile depend, in pixels; a multiple of the deepest stride.

    Every 3x3 convolution extends it by one position to each side; pooling does not, since tiles begin on multiples of its stride.
    """
    last = max((record.layers.index(layer) for layer in layers), default=-1)
    used = record.layers[: last + 1]
    stride_of = strides(record)
    reach = sum(stride_of[name] for name in used if name.startswith("conv"))
    deepest = deepest_stride(record, used)
    return -(-reach // deepest) * deepest


def deepest_stride(record: EncoderRecord, layers: Iterable[str]) -> int:
    """The largest stride among `layers`; 1 if `layers` is empty."""
    stride_of = strides(record)
    return max((stride_of[layer] for layer in layers), default=1)
