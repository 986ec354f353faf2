"""A small network, its card, and its file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from stylenet.catalog.networks import AnyRecord, NetworkCard, Paints, SlimRecord
from stylenet.networks.files import build, write_network
from stylenet.storage.hashing import file_sha256
from stylenet.weights.bundled import bundled_path

SLIM = SlimRecord(fine=8, coarse=8, blocks=1, mixed=2)


def card(record: AnyRecord = SLIM) -> NetworkCard:
    return NetworkCard(name="mine", paints="style", record=record, title="Mine", steps=7, trained={"seed": 1})


def made(record: AnyRecord = SLIM) -> nn.Module:
    torch.manual_seed(0)
    return build(record)


def write_small(path: Path, *, code: int = 0) -> NetworkCard:
    """Write a network with random weights, for one style or, with `code`, for all; returns its card, named after the file."""
    torch.manual_seed(code)
    record = SlimRecord(fine=8, coarse=8, blocks=1, code=code)
    paints: Paints = "every style" if code else "style"
    small = NetworkCard(name=path.stem, paints=paints, record=record, encoder_sha256=file_sha256(bundled_path("compact")))
    write_network(path, build(record).state_dict(), small)
    return small
