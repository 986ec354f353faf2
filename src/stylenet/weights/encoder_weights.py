"""The internal form of encoder weights, and the conversion from what a file reader returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.catalog.encoders import EncoderRecord, Preprocessing
from stylenet.errors import WeightsError

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class EncoderWeights:
    """Everything needed to build an encoder.

    Attributes:
        record: Layers, widths and preprocessing.
        tensors: `conv1_1.weight` (out, in, 3, 3), `conv1_1.bias` (out), ...; of a factored convolution `conv1_2.weight` (rank, in, 3, 3),
            `conv1_2_expand.weight` (out, rank, 1, 1) and `conv1_2_expand.bias` (out); float32.
        provenance: Source of the weights, and how they were recognized, as text by keyword.
    """

    record: EncoderRecord
    tensors: Mapping[str, NDArray[np.float32]]
    provenance: Mapping[str, str]


Label = str | int
"""How a file names a convolution: `conv1_1`, or its index among all layers (torch) or among the convolutions (Keras)."""


@dataclass(frozen=True, kw_only=True)
class RawWeights:
    """The content of a file, as read by the reader of its format.

    Attributes:
        layout: Description of the format, for messages.
        convolutions: Kernel (out, in, height, width) and bias (out) of each convolution by its label.
        numbering: Meaning of a number as a label: index among all layers, or among the convolutions.
        preprocessing: Preprocessing of the network.
        notes: How it was recognized, as text by keyword.
    """

    layout: str
    convolutions: Mapping[Label, tuple[Array, Array]]
    numbering: str = "layers"
    preprocessing: Preprocessing
    notes: Mapping[str, str] = field(default_factory=dict)


def assemble(found: RawWeights, architectures: Sequence[EncoderRecord]) -> EncoderWeights:
    """The weights of the architecture in `architectures` that matches the convolutions.

    Raises:
        WeightsError: Convolutions are missing or unknown, or have wrong shapes, types or non-finite values.
    """
    record, named = _match(found, architectures)
    record = replace(record, preprocessing=found.preprocessing)
    tensors = {}
    for name, (kernel, bias) in named.items():
        tensors[f"{name}.weight"] = as_float32(kernel, f"{name}.weight")
        tensors[f"{name}.bias"] = as_float32(bias, f"{name}.bias")
    check_tensors(tensors, record)
    return EncoderWeights(record=record, tensors=tensors, provenance={"layout": found.layout, **found.notes})


def _match(found: RawWeights, architectures: Sequence[EncoderRecord]) -> tuple[EncoderRecord, dict[str, tuple[Array, Array]]]:
    labels = list(found.convolutions)
    for record in architectures:
        names = list(record.widths)
        if all(isinstance(label, str) for label in labels):
            mapping: dict[Label, str] = {name: name for name in names}
        elif found.numbering == "layers":
            mapping = {record.layers.index(name): name for name in names}
        else:
            mapping = dict(zip(sorted(labels, key=int), names, strict=False)) if len(labels) == len(names) else {}
        if set(mapping) == set(labels):
            return record, {name: found.convolutions[label] for label, name in mapping.items()}
    wanted = " or ".join(f"the {len(record.widths)} of {record.name}" for record in architectures)
    examples = f" ({', '.join(str(label) for label in labels[:3])}, ...)" if labels else ""
    raise WeightsError(f"found {len(labels)} convolutions{examples} in a {found.layout}, expected {wanted}")


def expected_shapes(record: EncoderRecord) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of `record`, by name."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for name, width in record.widths.items():
        rank = record.ranks.get(name)
        if rank is None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (width, channels, 3, 3), (width,)
        else:
            shapes[f"{name}.weight"] = (rank, channels, 3, 3)
            shapes[f"{name}_expand.weight"], shapes[f"{name}_expand.bias"] = (width, rank, 1, 1), (width,)
        channels = width
    return shapes


def as_float32(values: Array, name: str) -> NDArray[np.float32]:
    """A float32 copy of `values`, an array of floating-point numbers."""
    if values.dtype.kind != "f":
        raise WeightsError(f"{name} has values of type {values.dtype}, expected floating-point numbers")
    # Checked before copying: a small file can claim an array of any size by repeating one value.
    check_size(values.shape, name)
    return np.array(values, dtype=np.float32, order="C", copy=True)


MAX_TENSOR_VALUES = 2**24
"""Maximum values of one tensor: seven times the largest convolution of VGG (512 x 512 x 3 x 3)."""


def check_size(shape: Sequence[int], name: str) -> None:
    """Raise `WeightsError` if an array has more values than any tensor of a VGG network."""
    if np.prod(shape, dtype=object) > MAX_TENSOR_VALUES:
        raise WeightsError(f"{name} claims shape {tuple(shape)}, more than any convolution of a VGG network has")


def check_tensors(tensors: Mapping[str, Array], record: EncoderRecord) -> None:
    """Raise `WeightsError` unless `tensors` are exactly those of `record`, all of them finite."""
    shapes = expected_shapes(record)
    for name, shape in shapes.items():
        if name not in tensors:
            raise WeightsError(f"{name} of {record.name} is missing; found {len(tensors)} tensors, expected {len(shapes)}")
        if tensors[name].shape != shape:
            raise WeightsError(f"{name} has shape {tensors[name].shape}, expected {shape} for {record.name}")
        if count := int(np.count_nonzero(~np.isfinite(tensors[name]))):
            raise WeightsError(f"{name} has {count} values that are not finite (NaN or infinity); the file is damaged")
    if foreign := sorted(set(tensors) - set(shapes)):
        raise WeightsError(f"found {foreign[0]}, which is not a tensor of {record.name}: these are {', '.join(list(shapes)[:2])}, ...")
