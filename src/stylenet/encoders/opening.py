"""Open encoders by name or from a weights file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import torch

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.weights import STAND_INS
from stylenet.encoders.vgg import VggEncoder
from stylenet.storage.hashing import file_sha256
from stylenet.weights.checksum import packaged_as
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.library import find_weights
from stylenet.weights.reading import read_weights


@dataclass(frozen=True, kw_only=True)
class OpenEncoder:
    """An encoder with its weights.

    Attributes:
        fast: The encoder in the requested dtype, normally the fastest of the device.
        exact: The encoder in float32; the same object if that is the requested dtype.
        sha256: Hash of the weights file.
        weights: Name of the published weights, or else the stem of the file.
    """

    fast: VggEncoder
    exact: VggEncoder
    sha256: str
    weights: str

    @property
    def record(self) -> EncoderRecord:
        """Architecture, with the recipe's pooling, rounding and padding."""
        return self.exact.record


@torch.inference_mode(False)  # inference tensors cannot be used in autograd
def open_encoder(section: EncoderSection, choice: str | None = None, *, device: torch.device, dtype: torch.dtype) -> OpenEncoder:
    """Open the encoder of a recipe, or the one chosen instead.

    Args:
        section: The recipe's encoder section. Its pooling, rounding and padding also apply to a chosen encoder.
        choice: Name of built-in, packaged or installed weights ("compact", "vgg19", ...), or the path of a weights file in any supported
            format.
        device: Device of the encoder.
        dtype: Dtype of `OpenEncoder.fast`.

    Raises:
        WeightsError: the weights are missing or unusable.
    """
    if choice:
        path = find_weights(choice)
    else:
        path = find_weights(section.name, preferred=section.published, stand_ins=STAND_INS.get(section.name, ()))
    weights = read_weights(path)
    record = replace(
        weights.record,
        pooling=section.pooling or weights.record.pooling,
        pooling_scale=section.pooling_scale if section.pooling_scale != 1.0 else weights.record.pooling_scale,
        rounding=section.rounding or weights.record.rounding,
        padding=section.padding or weights.record.padding,
    )
    exact = encoder_of(replace(weights, record=record)).to(device=device)
    fast = exact if dtype == torch.float32 else deepcopy(exact).to(dtype=dtype)
    sha256 = file_sha256(path)
    packaged = packaged_as(sha256)
    return OpenEncoder(fast=fast, exact=exact, sha256=sha256, weights=packaged.name if packaged else path.stem)


def encoder_of(weights: EncoderWeights) -> VggEncoder:
    """A network with these weights: in float32, on the CPU, frozen."""
    # Created on the meta device: random initialization is slow and would change the caller's random state.
    with torch.device("meta"):
        encoder = VggEncoder(weights.record)
    state = {name: torch.tensor(values, dtype=torch.float32) for name, values in weights.tensors.items()}
    encoder.load_state_dict(state, assign=True)
    return encoder.to(memory_format=torch.channels_last).requires_grad_(False).eval()  # type: ignore[call-overload]
