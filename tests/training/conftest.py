"""A training whose updates take a few hundredths of a second."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from stylenet.catalog.encoders import COMPACT
from stylenet.catalog.networks import AnyRecord, JohnsonRecord, SlimRecord
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.files import load_image
from stylenet.training.one_style import OneStyleTask
from stylenet.training.plan import Plan
from stylenet.training.trainer import Trainer

TINY = SlimRecord(fine=4, coarse=4, deep=4, blocks=1, mixed=1)

UNBIASED = JohnsonRecord(width=2, blocks=1)
"""Has no biases in front of normalizations: their gradients are nothing but rounding, which Adam makes large."""


@pytest.fixture(autouse=True)
def small_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce the previews."""
    monkeypatch.setattr("stylenet.training.trainer._PREVIEW_PX", 32)


def picture(path: Path, width: int, height: int) -> Path:
    """A picture file of waves and grain."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(columns / 5 + rows / 11), np.cos(rows / 7), np.sin((rows + columns) / 9)]
    grain = np.random.default_rng(width * height).normal(0, 20, (height, width, 3))
    PIL.Image.fromarray((128 + 90 * np.stack(waves, axis=2) + grain).clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Five photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return [picture(folder / f"{index}.png", 90 + 7 * index, 80) for index in range(5)]


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    """A painting."""
    return picture(tmp_path / "the-painting.png", 120, 100)


def tiny_encoder() -> OpenEncoder:
    """A loss network with the layers of `compact`, a few channels each, and random weights."""
    widths = {name: 3 + int(name[4]) for name in COMPACT.widths}
    record = dataclasses.replace(COMPACT, widths=widths, ranks={})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = VggEncoder(record)
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data.mul_(3)
    encoder = encoder.requires_grad_(False).eval()
    return OpenEncoder(fast=encoder, exact=encoder, sha256="0" * 64, weights="tiny")


@pytest.fixture(scope="session")
def encoder() -> OpenEncoder:
    """A fast loss network."""
    return tiny_encoder()


def plan(**numbers: Any) -> Plan:
    """A small plan."""
    return Plan(**{"steps": 6, "batch": 2, "crop_px": 64, "warmup": 2, "checkpoint_every": 2, "preview_every": 100, **numbers})


Make = Callable[..., Trainer]


@pytest.fixture
def make(photos: list[Path], painting: Path, encoder: OpenEncoder, tmp_path: Path) -> Make:
    """Creates a trainer in a folder with this name."""

    def made(name: str, *, record: AnyRecord = TINY, **numbers: Any) -> Trainer:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        chosen = plan(**numbers)
        task = OneStyleTask(load_image(painting).pixels, photos, record=record, encoder=encoder, plan=chosen, style_px=64)
        return Trainer(task, chosen, folder, device=torch.device("cpu"), dtype=torch.float32)

    return made
