"""The task of painting in every style at once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import Paints, SlimRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.crops import read_crop, read_within
from stylenet.networks.instant import InstantNet
from stylenet.networks.slim import STRENGTHS
from stylenet.training.batches import Pictures, item_rng
from stylenet.training.perceptual import Goal, PerceptualLoss, Weights
from stylenet.training.plan import Plan

_ZOOMS = (0.6, 1.6)
_PREVIEWS = 4

_CALIBRATION = 256
"""Paintings that the coder's numbers are brought about zero with."""


@dataclass(frozen=True)
class InstantBatch:
    """Photos (B, 3, S, S), a painting for each in its own shape, and strengths (B,)."""

    photos: Tensor
    paintings: Sequence[Tensor]
    strengths: Tensor


class InstantTask:
    """Photos painted after paintings, all of them different in every batch.

    Args:
        photos: To paint.
        paintings: To paint after.
        encoder: The loss network.
        plan: The numbers.
        record: The network's sizes.
    """

    paints: Paints = "every style"

    def __init__(self, photos: Sequence[Path], paintings: Sequence[Path], *, encoder: VggEncoder, plan: Plan, record: SlimRecord) -> None:
        self._photos, self._paintings, self._plan = Pictures(photos), Pictures(paintings), plan
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.network = InstantNet(record)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = encoder.mean.device
        self.network.to(self._device)
        self._loss = PerceptualLoss(encoder, Weights())
        rng = random.Random(f"{plan.seed}-calibration")
        some = [self._painting(rng) for _ in range(_CALIBRATION)]
        self.network.coder.calibrate([self._loss.statistics(one[None].to(self._device)) for one in some])

    def batch(self, step: int, places: range) -> InstantBatch:
        """These places of the batch of update `step`."""
        photos, paintings, strengths = [], [], []
        for place in places:
            rng = item_rng(self._plan.seed, step, place)
            photos.append(self._photos.draw(rng, lambda path, rng: read_crop(path, self._plan.crop_px, rng, zooms=_ZOOMS)))
            paintings.append(self._painting(rng))
            strengths.append(50.0 if rng.random() < 0.4 else rng.uniform(STRENGTHS[0], STRENGTHS[-1]))
        return InstantBatch(torch.stack(photos), paintings, torch.tensor(strengths))

    def loss(self, batch: InstantBatch) -> Mapping[str, Tensor]:
        """Content, style and smoothness."""
        photos = batch.photos.to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, enabled=False):
            each = [self._loss.statistics(painting[None].to(self._device)) for painting in batch.paintings]
            described = torch.cat([self.network.coder.describe(one) for one in each])
            strengths = batch.strengths.to(self._device)
            knobs = self.network.coder(described, strengths)
        painted = self.network.painter(photos, knobs)
        with torch.autocast(self._device.type, enabled=False):
            return self._loss(painted, photos, [Goal.of(one) for one in each], strengths)

    def job(self) -> Mapping[str, Any]:
        """What the weights depend on."""
        return {"task": "instant", "seed": self._plan.seed, "photos": len(self._photos.paths), "paintings": len(self._paintings.paths)}

    def pictures(self, network: nn.Module) -> Sequence[tuple[str, Tensor]]:
        """A few photos, each after another painting."""
        if not isinstance(network, InstantNet):
            raise TypeError(f"the network of every style is expected, not {type(network).__name__}")
        shown, size = [], self._plan.crop_px
        for index in range(_PREVIEWS):
            rng = random.Random(f"{self._plan.seed}-preview-{index}")
            photo = self._photos.draw(rng, lambda path, rng: read_crop(path, size, rng, zooms=_ZOOMS))[None].to(self._device)
            with torch.autocast(self._device.type, enabled=False):
                described = network.coder.describe(self._loss.statistics(self._painting(rng)[None].to(self._device)))
                knobs = network.coder(described, torch.tensor([50.0], device=self._device))
            shown.append((f"{index + 1}", network.painter(photo, knobs)))
        return shown

    def notices(self) -> Sequence[str]:
        """Files that were passed over."""
        return [*self._photos.notices(), *self._paintings.notices()]

    def _painting(self, rng: random.Random) -> Tensor:
        size = self._plan.crop_px
        return self._paintings.draw(rng, lambda path, rng: read_within(path, size, rng, shares=(0.5, 1.0)))
