"""Training task for the network for arbitrary styles."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.networks import Paints, SlimRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.crops import read_crop
from stylenet.networks.base import Network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import RELAYED, relayed
from stylenet.networks.slim_geometry import STRENGTHS
from stylenet.training.batches import item_rng
from stylenet.training.perceptual import PerceptualLoss, Shift, Weights, drawn_shift, moved_photos
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.style_targets import StyleTargets

_ZOOMS = (0.75, 3.0)
"""Smallest and largest side of a crop of a painting before resizing, relative to `crop_px`; limited by the painting."""

_USUAL_SHARE = 0.4
"""Share of the pictures painted at strength 50, the default."""

_IDENTITY = 0.03
"""Share of the pictures in which the photo is the crop of the painting itself, which the network should not change."""

_CALIBRATION, _AT_ONCE = 1024, 32
_PREVIEWS = 8


@dataclass(frozen=True, kw_only=True)
class Paintings:
    """A set of paintings for training.

    Attributes:
        paths: The files.
        views: Number of crops of each painting.
        share: Share of the training pictures that use this set.
    """

    paths: Sequence[Path]
    views: int
    share: float


@dataclass(frozen=True)
class InstantBatch:
    """Batch of one update.

    Attributes:
        photos: Shape (B, 3, S, S).
        views: Index of each picture's crop of a painting.
        strengths: Strength of each picture, shape (B,).
        shift: Shift of all photos for the equivariance term.
        seed: Random seed of the noise.
    """

    photos: Tensor
    views: Tensor
    strengths: Tensor
    shift: Shift
    seed: int


class InstantTask:
    """Training on random photos in the styles of random paintings.

    Args:
        photos: Photos to paint.
        paintings: Sets of paintings.
        encoder: The loss network.
        plan: Hyperparameters.
        record: Architecture of the network.
    """

    paints: Paints = "every style"

    def __init__(self, photos: PhotoStack, paintings: Sequence[Paintings], *, encoder: VggEncoder, plan: Plan, record: SlimRecord) -> None:
        self._photos, self._paintings, self._plan = photos, paintings, plan
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.network = InstantNet(record)
        self._device = encoder.mean.device
        self.network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._loss = PerceptualLoss(encoder, Weights())
        parts = self._parts()
        self._firsts = [0]
        for kind in paintings:
            self._firsts.append(self._firsts[-1] + kind.views * len(kind.paths))
        self._pixels = parts
        order = torch.randperm(len(parts), generator=torch.Generator().manual_seed(plan.seed))[:_CALIBRATION]
        both = [self._statistics(parts[rows]) for rows in order.split(_AT_ONCE)]
        self.network.coder.calibrate([one for pair in both for one in pair])
        targets: list[list[StyleTargets]] = [[], []]
        described: list[list[Tensor]] = [[], []]
        for rows in torch.arange(len(parts)).split(_AT_ONCE):
            for size, statistics in enumerate(self._statistics(parts[rows])):
                targets[size].append(StyleTargets.of(statistics))
                described[size].append(self.network.coder.describe(statistics))
        self._targets = StyleTargets.concatenate(targets[0]), StyleTargets.concatenate(targets[1])
        self._described = torch.cat(described[0]), torch.cat(described[1])

    def batch(self, step: int, places: range) -> InstantBatch:
        """The items `places` of the batch of update `step`."""
        drawn = [item_rng(self._plan.seed, step, place) for place in places]
        views = torch.tensor([self._view(rng) for rng in drawn])
        strengths = [50.0 if rng.random() < _USUAL_SHARE else rng.uniform(STRENGTHS[0], STRENGTHS[-1]) for rng in drawn]
        photos = self._photos.crops(drawn, self._plan.crop_px)
        for place, rng in enumerate(drawn):
            if rng.random() < _IDENTITY:
                photos[place] = self._pixels[views[place]].to(photos.device).float() / 255
        return InstantBatch(photos, views, torch.tensor(strengths), drawn_shift(self._plan.seed, step), drawn[0].getrandbits(62))

    def loss(self, batch: InstantBatch) -> Mapping[str, Tensor]:
        """Content, style, smoothness, mesh and equivariance."""
        photos = batch.photos.contiguous(memory_format=torch.channels_last)
        views, strengths = batch.views.to(self._device), batch.strengths.to(self._device)
        with torch.autocast(self._device.type, enabled=False):
            knobs = self.network.coder(self._described[0][views], strengths)
        noise = self._noise(photos, batch.seed)
        begun = photos.clone()
        with torch.no_grad():
            # The first photos of the batch, which is random in every update.
            count = round(RELAYED * len(photos))
            if count:
                small = functional.avg_pool2d(photos[:count], 2)
                with torch.autocast(self._device.type, enabled=False):
                    early = self.network.coder(self._described[1][views[:count]], strengths[:count])
                painted = self.network.painter(small, self._noise(small, batch.seed + 1), early)
                begun[:count] = relayed(painted.float(), small, photos[:count])
        painted = self.network.painter(begun, noise, knobs)
        rows, columns = batch.shift
        with torch.no_grad():
            moved = self.network.painter(moved_photos(begun, batch.shift, batch.seed), noise[:, :, rows:, columns:], knobs)
        with torch.autocast(self._device.type, enabled=False):
            terms = self._loss(painted, photos, (self._targets[0][views], self._targets[1][views]), strengths)
            return terms | self._loss.of_shift(painted, moved, batch.shift)

    def job(self) -> Mapping[str, Any]:
        """Everything that determines the weights."""
        counts = [len(kind.paths) for kind in self._paintings]
        return {"task": "instant", "seed": self._plan.seed, "photos": len(self._photos.paths), "paintings": counts}

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """A few photos in the styles of different paintings."""
        if not isinstance(network, InstantNet):
            raise TypeError(f"expected an InstantNet; got {type(network).__name__}")
        drawn = [random.Random(f"{self._plan.seed}-preview-{index}") for index in range(_PREVIEWS)]
        views = [self._view(rng) for rng in drawn]
        photos = self._photos.crops(drawn, self._plan.crop_px)
        with torch.autocast(self._device.type, enabled=False):
            knobs = network.coder(self._described[0][views], torch.full((_PREVIEWS,), 50.0, device=self._device))
        painted = network.painter(photos, self._noise(photos, 0), knobs)
        shown: list[tuple[str, Tensor]] = []
        for index in range(_PREVIEWS):
            painting = self._pixels[views[index]][None].to(painted.device).float() / 255
            shown.append((f"{index + 1}", torch.cat((painting, photos[index : index + 1], painted[index : index + 1]), dim=3)))
        return shown

    def notices(self) -> Sequence[str]:
        """No notices: all files are read before training."""
        return ()

    def _noise(self, photos: Tensor, seed: int) -> Tensor:
        generator = torch.Generator(photos.device).manual_seed(seed)
        return torch.randn((len(photos), 1, *photos.shape[2:]), generator=generator, device=photos.device)

    def _view(self, rng: random.Random) -> int:
        (kind,) = rng.choices(range(len(self._paintings)), [kind.share for kind in self._paintings])
        return rng.randrange(self._firsts[kind], self._firsts[kind + 1])

    def _parts(self) -> Tensor:
        """Crops of all paintings as bytes, (N, 3, S, S)."""
        wanted = [(path, number) for kind in self._paintings for path in kind.paths for number in range(kind.views)]
        parts = torch.empty((len(wanted), 3, self._plan.crop_px, self._plan.crop_px), dtype=torch.uint8)

        def read(index: int) -> None:
            path, number = wanted[index]
            rng = random.Random(f"{self._plan.seed}-{path.name}-{number}")
            crop = read_crop(path, self._plan.crop_px, rng, zooms=_ZOOMS)
            parts[index] = torch.from_numpy((crop * 255).round().astype(np.uint8))

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(read, range(len(wanted))))
        return parts

    def _statistics(self, parts: Tensor) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return self._loss.statistics(parts.to(self._device).float() / 255)
