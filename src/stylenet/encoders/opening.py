"""Encoders by name or from a weights file, ready to run on a device."""

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
        fast: In the dtype that the device computes fastest with.
        exact: In float32; the same object where that is the fastest.
        sha256: Of the weights file.
        weights: The name of the published weights, or else the file's without its suffix.
    """

    fast: VggEncoder
    exact: VggEncoder
    sha256: str
    weights: str

    @property
    def record(self) -> EncoderRecord:
        """The architecture, with the recipe's choices of pooling and padding."""
        return self.exact.record


@torch.inference_mode(False)  # else its weights could never be part of what is differentiated
def open_encoder(section: EncoderSection, choice: str | None = None, *, device: torch.device, dtype: torch.dtype) -> OpenEncoder:
    """The encoder that a recipe wants, or the one chosen in its place.

    Args:
        section: The recipe's wish; its pooling, rounding and padding hold for the chosen encoder too.
        choice: Name of weights that ship, come with a package or are installed ("compact", "vgg19", ...), or the path of a weights file
            in any known format.
        device: Where it runs.
        dtype: What `fast` computes with.

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
    """The network that `weights` describe, with their values: in float32, on the processor, not to be trained."""
    # On no device at first: drawing the random numbers that a network begins with takes long, and they are the caller's.
    with torch.device("meta"):
        encoder = VggEncoder(weights.record)
    state = {name: torch.tensor(values, dtype=torch.float32) for name, values in weights.tensors.items()}
    encoder.load_state_dict(state, assign=True)
    return encoder.to(memory_format=torch.channels_last).requires_grad_(False).eval()  # type: ignore[call-overload]
