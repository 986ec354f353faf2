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
from stylenet.image.resize import resize
from stylenet.losses.moments import Moments
from stylenet.networks.instant import InstantNet
from stylenet.networks.slim import STRENGTHS
from stylenet.training.batches import Pictures, item_rng
from stylenet.training.perceptual import Goal, PerceptualLoss, Shift, Weights, drawn_shift
from stylenet.training.plan import Plan

_ZOOMS = (0.6, 1.6)
_PREVIEWS = 4

_IDENTITY = 0.05
"""Share of the pictures that are a part of the painting itself: it is to be left as it is."""

_CALIBRATION = 256
"""Paintings that the coder's numbers are brought about zero with."""


_VIEWS = 2
"""Times as many parts of paintings are learned from as there are paintings: few, so that what is computed of them can be kept."""

_MOST_KEPT = 8000
"""Parts whose statistics are kept, 0.75 MB each."""


@dataclass(frozen=True)
class View:
    """A part of a painting, (3, H, W), and its number among the views."""

    number: int
    pixels: Tensor


@dataclass(frozen=True)
class InstantBatch:
    """What one update looks at.

    Attributes:
        photos: Shape (B, 3, S, S).
        paintings: One for each.
        strengths: Of each, (B,).
        shift: By how much all photos are moved to be painted once more.
    """

    photos: Tensor
    paintings: Sequence[View]
    strengths: Tensor
    shift: Shift


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
        self._known: dict[int, tuple[Mapping[str, Moments], Goal]] = {}
        self.network.coder.calibrate([self._statistics(self._view(rng)) for _ in range(_CALIBRATION)])

    def batch(self, step: int, places: range) -> InstantBatch:
        """These places of the batch of update `step`."""
        photos, paintings, strengths = [], [], []
        for place in places:
            rng = item_rng(self._plan.seed, step, place)
            photo = self._photos.draw(rng, lambda path, rng: read_crop(path, self._plan.crop_px, rng, zooms=_ZOOMS))
            painting = self._view(rng)
            photos.append(_square(painting.pixels, self._plan.crop_px) if rng.random() < _IDENTITY else photo)
            paintings.append(painting)
            strengths.append(50.0 if rng.random() < 0.4 else rng.uniform(STRENGTHS[0], STRENGTHS[-1]))
        return InstantBatch(torch.stack(photos), paintings, torch.tensor(strengths), drawn_shift(self._plan.seed, step))

    def loss(self, batch: InstantBatch) -> Mapping[str, Tensor]:
        """Content, style, smoothness, mesh and equivariance."""
        photos = batch.photos.to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, enabled=False):
            known = [self._learned(painting) for painting in batch.paintings]
            described = torch.cat([self.network.coder.describe(statistics) for statistics, _ in known])
            strengths = batch.strengths.to(self._device)
            knobs = self.network.coder(described, strengths)
        rows, columns = batch.shift
        with torch.no_grad():
            moved = self.network.painter(photos[:, :, rows:, columns:], knobs)
        painted = self.network.painter(photos, knobs)
        with torch.autocast(self._device.type, enabled=False):
            terms = self._loss(painted, photos, [goal for _, goal in known], strengths)
            return terms | self._loss.of_shift(painted, moved, batch.shift)

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
                described = network.coder.describe(self._statistics(self._view(rng)))
                knobs = network.coder(described, torch.tensor([50.0], device=self._device))
            shown.append((f"{index + 1}", network.painter(photo, knobs)))
        return shown

    def notices(self) -> Sequence[str]:
        """Files that were passed over."""
        return [*self._photos.notices(), *self._paintings.notices()]

    def _view(self, rng: random.Random) -> View:
        number = rng.randrange(_VIEWS * len(self._paintings.paths))
        own, size = random.Random(f"{self._plan.seed}-view-{number}"), self._plan.crop_px
        return View(number, self._paintings.draw(own, lambda path, rng: read_within(path, size, rng, shares=(0.5, 1.0))))

    def _statistics(self, view: View) -> dict[str, Moments]:
        return self._loss.statistics(view.pixels[None].to(self._device))

    def _learned(self, view: View) -> tuple[Mapping[str, Moments], Goal]:
        """What describes a painting, and what it wants of pictures: a fourth of an update's time, were it not kept."""
        if (known := self._known.get(view.number)) is None:
            statistics = self._statistics(view)
            known = statistics, Goal.of(statistics)
            if len(self._known) < _MOST_KEPT:
                self._known[view.number] = known
        return known


def _square(painting: Tensor, side_px: int) -> Tensor:
    """The middle of a painting (3, H, W) as a square."""
    height, width = painting.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(painting[None, :, top : top + side, left : left + side], (side_px, side_px))[0]
