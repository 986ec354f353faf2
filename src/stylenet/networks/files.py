"""A network in one file: its card and its weights, in 8 bits or 16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor, nn

from stylenet.catalog.networks import (
    KEY,
    AnyRecord,
    HypercolumnRecord,
    JohnsonRecord,
    NetworkCard,
    SlimRecord,
    TextureRecord,
    read_network_card,
)
from stylenet.errors import WeightsError
from stylenet.image.output import written_whole
from stylenet.networks.file_arrays import SCALE, read_arrays
from stylenet.networks.hypercolumn import HypercolumnNet
from stylenet.networks.instant import InstantNet
from stylenet.networks.johnson import JohnsonNet
from stylenet.networks.slim import SlimNet
from stylenet.networks.texture import TextureNet


def build(record: AnyRecord) -> nn.Module:
    """A network with random weights."""
    match record:
        case HypercolumnRecord():
            return HypercolumnNet(record)
        case JohnsonRecord():
            return JohnsonNet(record)
        case TextureRecord():
            return TextureNet(record)
        case SlimRecord(code=0):
            return SlimNet(record)
        case SlimRecord():
            return InstantNet(record)


def write_network(path: Path, state: Mapping[str, Tensor], card: NetworkCard, *, bits: int = 16) -> None:
    """Write a network, whole or not at all.

    Args:
        path: Ends in `.safetensors`.
        state: Its weights by name.
        card: Says what it is.
        bits: 16, or 8: matrices and kernels then keep 8 bits a weight with a scale for each output channel, a half of the size for an
            error of less than half a percent of each channel's largest weight.

    Raises:
        OutputError: it cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in state.items():
        value = value.detach().cpu()
        if bits == 8 and value.dim() > 1 and len(value) > 1:
            scale = (value.abs().flatten(1).amax(1) / 127).clamp_min(1e-12)
            tensors[name] = (value / scale.view(-1, *(1,) * (value.dim() - 1))).round().to(torch.int8).contiguous()
            tensors[name + SCALE] = scale.float()
        else:
            tensors[name] = (value.half() if value.is_floating_point() else value).contiguous()
    data = save(tensors, metadata={KEY: msgspec.json.encode(card).decode()})
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def read_network(path: Path) -> tuple[nn.Module, NetworkCard]:
    """A network with its weights, in float32, ready to paint, and its card.

    Raises:
        WeightsError: it is no network's file, or a damaged one.
    """
    card = read_network_card(path)
    arrays = read_arrays(path)
    network = build(card.record)
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"network file '{path}' does not hold what its card says: {error}") from None
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last), card  # type: ignore[call-overload]
