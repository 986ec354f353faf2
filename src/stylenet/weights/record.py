"""An encoder's record as JSON, for the metadata of a safetensors file."""

from __future__ import annotations

import re
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import msgspec

from stylenet.catalog.encoders import EncoderRecord
from stylenet.errors import WeightsError

_CONVOLUTION = re.compile(r"conv([1-9])_([1-9])")


def record_to_json(record: EncoderRecord) -> dict[str, Any]:
    """A record as plain values."""
    values = {name: getattr(record, name) for name in ("name", "padding", "pooling", "pooling_scale", "rounding")}
    return {
        **values,
        "widths": dict(record.widths),
        "ranks": dict(record.ranks),
        "preprocessing": asdict(record.preprocessing),
    }


def record_from_json(values: Any) -> EncoderRecord:
    """A record from plain values.

    Raises:
        WeightsError: A field is missing, unknown or of the wrong type, or the layers are not those of a VGG network.
    """
    try:
        # Otherwise unknown fields of newer versions would be ignored silently.
        if foreign := sorted(set(values) - set(EncoderRecord.__dataclass_fields__)):
            raise WeightsError(f"the record in the file has '{foreign[0]}', which this version of stylenet does not support")
        record = msgspec.convert(values, EncoderRecord)
    except (msgspec.ValidationError, TypeError) as error:
        raise WeightsError(f"the record in the file cannot be read: {error}") from error
    blocks = [tuple(map(int, match.groups())) for name in record.widths if (match := _CONVOLUTION.fullmatch(name))]
    counted = [(block, index) for block, index in blocks if index == 1 or (block, index - 1) in blocks]
    # Blocks without gaps, starting at 1_1, as `EncoderRecord.layers` assumes.
    in_order = blocks == sorted(counted) and sorted({block for block, _ in blocks}) == list(range(1, (blocks or [(0, 0)])[-1][0] + 1))
    if not blocks or len(blocks) != len(record.widths) or not in_order:
        raise WeightsError(f"the record in the file has layers {', '.join(list(record.widths)[:4])}, ...; expected conv1_1, conv1_2, ...")
    for layer, width in (*record.widths.items(), *record.ranks.items()):
        if not 1 <= width <= 4096 or layer not in record.widths:
            raise WeightsError(f"the record in the file gives {layer} a width of {width}; expected one of its layers and 1 to 4096")
    if min(record.preprocessing.std) <= 0 or record.preprocessing.scale <= 0:
        raise WeightsError("the record in the file has a standard deviation or scale that is not positive")
    return EncoderRecord(
        **{
            **{name: getattr(record, name) for name in ("name", "padding", "pooling", "pooling_scale", "rounding", "preprocessing")},
            "widths": MappingProxyType(dict(record.widths)),
            "ranks": MappingProxyType(dict(record.ranks)),
        }
    )
