"""A network in one file: its card and its weights, in 8 bits or 16."""

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
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in state.items():
        value = value.detach().cpu()
        if bits == 8 and value.dim() > 1 and len(value) > 1:
            arrays |= quantize(value.float().numpy(), name)
        else:
            arrays[name] = np.ascontiguousarray((value.half() if value.is_floating_point() else value).numpy())
    write_whole(path, save(arrays, metadata={KEY: msgspec.json.encode(card).decode()}))


_BUILDING = threading.Lock()
"""Held while the global random state is used and put back: threads would put back each other's."""


@torch.inference_mode(False)
def read_network(path: Path) -> tuple[Network[Any], NetworkCard]:
    """A network with its weights, in float32, ready to paint, and its card.

    Raises:
        WeightsError: it is no network's file, or a damaged one.
    """
    card = read_network_card(path)
    arrays = read_arrays(path)
    with _BUILDING, torch.random.fork_rng(devices=()):  # initial weights are drawn, and a person's own random numbers stay what they were
        network = build(card.record)
    state = {name: torch.from_numpy(value) for name, value in arrays.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"network file '{path}' does not hold what its card says: {error}") from None
    return network.float().requires_grad_(False).eval().to(memory_format=torch.channels_last), card  # type: ignore[call-overload]
