"""Network files: card and weights, in 8 or 16 bits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import Tensor

from stylenet.catalog.networks import KEY, AnyRecord, NetworkCard, read_network_card
from stylenet.errors import WeightsError
from stylenet.networks.base import Network
from stylenet.networks.file_arrays import read_arrays
from stylenet.networks.registry import network_class
from stylenet.storage.atomic import write_whole
from stylenet.storage.eight_bits import quantize


def build(record: AnyRecord) -> Network[Any]:
    """A network with random weights."""
    return network_class(record)(record)


def write_network(path: Path, state: Mapping[str, Tensor], card: NetworkCard, *, bits: int = 16) -> None:
    """Write a network file atomically.

    Args:
        path: Path with suffix `.safetensors`.
        state: State dict of the network.
        card: Metadata of the network.
        bits: 16 or 8. With 8, matrices and kernels are quantized to 8 bits per weight with a scale per output channel: half the size, with
            an error of less than half a percent of each channel's largest weight.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in state.items():
        value = value.detach().cpu()
        if bits == 8 and value.dim() > 1 and len(value) > 1:
            arrays |= quantize(value.float().numpy(), name)
        else:
            arrays[name] = np.ascontiguousarray((value.half() if value.is_floating_point() else value).numpy())
    write_whole(path, save(arrays, metadata={KEY: msgspec.json.encode(card).decode()}))


_BUILDING = threading.Lock()
"""Held while the global random state is saved and restored, so that threads do not restore each other's."""


@torch.inference_mode(False)
def read_network(path: Path) -> tuple[Network[Any], NetworkCard]:
    """A network in evaluation mode, in float32, and its card.

    Raises:
        WeightsError: the file is not a network file, or is damaged.
    """
    card = read_network_card(path)
    arrays = read_arrays(path)
    with _BUILDING, torch.random.fork_rng(devices=()):  # random initialization must not change the caller's random state
        network = build(card.record)
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"network file '{path}' does not match its card: {error}") from None
    return network.float().requires_grad_(False).eval().to(memory_format=torch.channels_last), card  # type: ignore[call-overload]
