"""Fingerprints of encoders: the response of each layer to a fixed probe image.

They are computed by simple code that is independent of the encoders, so that they also verify the encoders.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import VGG16, VGG19, EncoderRecord
from stylenet.errors import WeightsError
from stylenet.storage.hashing import file_sha256
from stylenet.weights.checksum import packaged_as
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.reading import read_weights
from stylenet.weights.recognition import PREPROCESSINGS, recognize

Fingerprint = Mapping[str, tuple[float, float]]
"""Mean and root mean square of the activations of each layer relu1_1, ..."""

PROBE_PX = 64
"""Side of the probe image: the smallest power of two for which conv5_1 has more than one position."""

TOLERANCE = 1e-4
"""Largest relative difference between two machines: float32 sums of up to 4608 products in different orders stay below 1e-5."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of `verify`.

    Attributes:
        record: The record of the file.
        proven: Sentences about successful checks.
        open: Sentences about what was not or cannot be checked.
        largest_difference: Largest relative difference between compared activation statistics.
    """

    record: EncoderRecord
    proven: tuple[str, ...]
    open: tuple[str, ...]
    largest_difference: float


def probe_picture() -> Tensor:
    """A picture of edges, gradients and texture in all three channels, shape (1, 3, 64, 64), RGB, 0..1; the same on every machine."""
    axis = torch.arange(PROBE_PX, dtype=torch.float64)
    y, x = axis[:, None], axis[None, :]
    planes = [
        torch.sin(x * x / 90 + y / 7),
        torch.sin(y * y / 70 - x / 5) * torch.cos(x / 3),
        torch.where((x // 8 + y // 8) % 2 == 0, 0.8, -0.6) * (x / PROBE_PX),
    ]
    return (0.5 + 0.5 * torch.stack(planes)).float()[None]


@torch.no_grad()
def fingerprint(weights: EncoderWeights) -> Fingerprint:
    """Mean and root mean square of each ReLU layer's activations on the probe picture."""
    return MappingProxyType({name: _statistics(value) for name, value in probe_activations(weights).items()})


@torch.no_grad()
def probe_activations(weights: EncoderWeights) -> dict[str, Tensor]:
    """Activations of every ReLU layer on the probe picture, each (1, C, H, W).

    Uses zero padding and max pooling regardless of the record, because only the weights are verified.
    """
    preprocessing = weights.record.preprocessing
    image = probe_picture() if preprocessing.channel_order == "rgb" else probe_picture().flip(1)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preprocessing.mean, preprocessing.std))
    x = (image * preprocessing.scale - mean) / std
    tensors = {name: torch.from_numpy(values) for name, values in weights.tensors.items()}
    activations = {}
    for layer in weights.record.layers:
        if layer.startswith("conv"):
            x = functional.conv2d(x, tensors[f"{layer}.weight"], tensors.get(f"{layer}.bias"), padding=1)
            if f"{layer}_expand.weight" in tensors:  # the second half of a factored convolution
                x = functional.conv2d(x, tensors[f"{layer}_expand.weight"], tensors[f"{layer}_expand.bias"])
        elif layer.startswith("relu"):
            activations[layer] = x = x.clamp(min=0)
        else:
            x = functional.max_pool2d(x, 2)
    return activations


def _statistics(values: Tensor) -> tuple[float, float]:
    exact = values.double()
    return exact.mean().item(), exact.square().mean().sqrt().item()


def fingerprint_to_json(values: Fingerprint) -> str:
    """A fingerprint as JSON text."""
    return msgspec.json.encode({name: list(pair) for name, pair in values.items()}).decode()


def fingerprint_from_json(text: str) -> Fingerprint:
    """The fingerprint in JSON text.

    Raises:
        WeightsError: The text is not a fingerprint.
    """
    try:
        return MappingProxyType(msgspec.json.decode(text, type=dict[str, tuple[float, float]]))
    except msgspec.MsgspecError as error:
        raise WeightsError(f"the fingerprint in the file cannot be read: {error}") from error


def largest_difference(given: Fingerprint, expected: Fingerprint) -> float:
    """The largest relative difference of any statistics of two fingerprints.

    Raises:
        WeightsError: They are of different layers.
    """
    if set(given) != set(expected):
        raise WeightsError(f"the fingerprint has {len(expected)} layers, the network {len(given)}; they belong to different networks")
    # Relative to the root mean square: the mean alone may be near zero.
    differences = [
        abs(value - expected_value) / max(expected[name][1], 1e-12)
        for name in expected
        for value, expected_value in zip(given[name], expected[name], strict=True)
    ]
    return math.inf if any(math.isnan(difference) for difference in differences) else max(differences)


def verify(
    path: str | Path,
    *,
    original: str | Path | None = None,
    kind: str | None = None,
    architectures: Sequence[EncoderRecord] = (VGG19, VGG16),
) -> Verification:
    """Verify the weights at `path`: compare them with the fingerprint stored at import, and with `original`.

    Args:
        path: A file written by `write_weights` or `import_weights`, or any weights file.
        original: The file that it was converted from, in any format; every value is compared.
        kind: Kind of `original`, as for `read_weights`.
        architectures: The networks that a file may contain.

    Raises:
        WeightsError: A check failed.
    """
    weights = read_weights(path, architectures=architectures)
    record, provenance = weights.record, weights.provenance
    proven = [f"{len(record.widths)} convolutions of {record.name}, all with the expected shapes and finite values"]
    unchecked, worst = [], 0.0
    packaged = packaged_as(file_sha256(Path(path)))
    if packaged is not None:
        proven.append(f"the file is the one included in {packaged.distribution} {packaged.version}, by its SHA-256 {packaged.sha256}")
    # Reported only if the record agrees: with `--kind`, Caffe filters may have been imported as torchvision's.
    trained = recognize(weights.tensors["conv1_1.weight"])
    if trained is not None and PREPROCESSINGS[trained[0]].channel_order == record.preprocessing.channel_order:
        proven.append(f"the filters of conv1_1 are those of the Caffe-trained networks (cosine {trained[1]:.2f} with VGG-19)")
    activations = fingerprint(weights)
    if stored := provenance.get("fingerprint"):
        worst = largest_difference(activations, fingerprint_from_json(stored))
        if not worst <= TOLERANCE:
            raise WeightsError(f"{path}: activations differ by {worst:.1e} from the stored fingerprint, allowed are {TOLERANCE:.0e}")
        proven.append(f"activations on the probe picture equal those stored at import (largest difference {worst:.1e})")
    elif packaged is None:
        unchecked.append("the file has no fingerprint: it was not written by 'stylenet weights import'")
    if original is not None:
        worst = max(worst, _compare(weights, read_weights(original, kind=kind, architectures=architectures), original))
        proven.append("every value equals that of the original, and so do the activations on the probe picture")
    if "published_as" in provenance:
        proven.append(f"the weights were imported from the published {provenance['published_as']}, with a correct checksum")
    elif packaged is None:
        unchecked.append("whether these are published weights: at import, the checksum matched no known file")
    return Verification(record=record, proven=tuple(proven), open=tuple(unchecked), largest_difference=worst)


def _compare(weights: EncoderWeights, other: EncoderWeights, path: str | Path) -> float:
    """The largest relative difference of activations between equal weights; `WeightsError` if they are not equal."""
    if set(weights.tensors) != set(other.tensors):
        raise WeightsError(f"{path} contains {other.record.name}, not {weights.record.name}")
    for name, values in weights.tensors.items():
        if not np.array_equal(values, other.tensors[name]):
            raise WeightsError(f"{name} differs from that of {path}")
    if weights.record.preprocessing != other.record.preprocessing:
        raise WeightsError(f"{path} has another preprocessing, {other.record.preprocessing}; expected {weights.record.preprocessing}")
    worst = largest_difference(fingerprint(weights), fingerprint(other))
    if not worst <= TOLERANCE:
        raise WeightsError(f"activations differ by {worst:.1e} from those of {path}, allowed are {TOLERANCE:.0e}")
    return worst
