"""A small network and its card."""

from __future__ import annotations

import torch
from torch import nn

from stylenet.catalog.networks import AnyRecord, NetworkCard, SlimRecord
from stylenet.networks.files import build

SLIM = SlimRecord(fine=8, coarse=8, blocks=1, mixed=2)


def card(record: AnyRecord = SLIM) -> NetworkCard:
    return NetworkCard(name="mine", paints="style", record=record, title="Mine", steps=7, trained={"seed": 1})


def made(record: AnyRecord = SLIM) -> nn.Module:
    torch.manual_seed(0)
    return build(record)
