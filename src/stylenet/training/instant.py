"""Training task for the network for arbitrary styles."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.networks import Paints, SlimRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.crops import read_crop
from stylenet.networks.base import Network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import RELAYED_SHARE, relayed
from stylenet.networks.slim_geometry import STRENGTHS
from stylenet.training.batches import item_rng
from stylenet.training.motion import Motion
from stylenet.training.perceptual import RIM_PX, PerceptualLoss, Weights, with_rim, without_rim
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.style_targets import StyleTargets

_ZOOMS = (0.75, 3.0)
"""Smallest and largest side of a crop of a painting before resizing, relative to `crop_px`; limited by the painting."""

_DEFAULT_SHARE = 0.4
"""Share of the pictures painted at strength 50, the default."""

_IDENTITY = 0.03
"""Share of the pictures whose photo is the crop of the painting itself, which the network should leave unchanged."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

_CALIBRATION, _CHUNK = 1024, 32
_PREVIEWS = 8


@dataclass(frozen=True, kw_only=True)
class Paintings:
    """A set of paintings for training.

    Attributes:
        paths: The files. Crops of small paintings are padded by reflection, since networks would learn blurred strokes from enlarged ones.
        views: Number of crops of each painting.
        share: Share of the training pictures that use this set.
        recolored: Whether the colors of every second crop are rotated by a random angle, for more palettes with the same strokes.
    """

    paths: Sequence[Path]
    views: int
    share: float
    recolored: bool = False


@dataclass(frozen=True)
class InstantBatch:
    """Batch of one update.

    Attributes:
        photos: Shape (B, 3, S, S).
        views: Index of each picture's crop of a painting.
        strengths: Strength of each picture, shape (B,).
        noise: White noise for the photos, and for those that are painted first at half the size.
        motion: Motion of the first photos for the equivariance term, and of as many of the last for the symmetry term.
    """

    photos: Tensor
    views: Tensor
    strengths: Tensor
    noise: tuple[Tensor, Tensor]
    motion: Motion


class InstantTask:
    """Training on random photos in the styles of random paintings.

    Args:
        photos: Photos to paint.
        paintings: Sets of paintings.
        encoder: The loss network.
        plan: Hyperparameters.
        record: Architecture of the network.
        start: A network of this architecture to start from.
    """

    paints: Paints = "every style"
    capturable = True

    def __init__(
        self,
        photos: PhotoStack,
        paintings: Sequence[Paintings],
        *,
        encoder: VggEncoder,
        plan: Plan,
        record: SlimRecord,
        start: InstantNet | None = None,
    ) -> None:
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
        if start is None:
            order = torch.randperm(len(parts), generator=torch.Generator().manual_seed(plan.seed))[:_CALIBRATION]
            both = [self._statistics(parts[rows]) for rows in order.split(_CHUNK)]
            self.network.coder.calibrate([one for pair in both for one in pair])
        else:
            self.network.load_state_dict(start.state_dict())
            self.network.coder.unbound()
        targets: list[list[StyleTargets]] = [[], []]
        descriptions: list[list[Tensor]] = [[], []]
        for rows in torch.arange(len(parts)).split(_CHUNK):
            for size, statistics in enumerate(self._statistics(parts[rows])):
                targets[size].append(StyleTargets.of(statistics))
                descriptions[size].append(self.network.coder.describe(statistics))
        self._targets = StyleTargets.concatenate(targets[0]), StyleTargets.concatenate(targets[1])
        self._descriptions = torch.cat(descriptions[0]), torch.cat(descriptions[1])

    def batch(self, step: int, places: range) -> InstantBatch:
        """The items `places` of the batch of update `step`."""
        rngs = [item_rng(self._plan.seed, step, place) for place in places]
        views = torch.tensor([self._view(rng) for rng in rngs])
        strengths = [50.0 if rng.random() < _DEFAULT_SHARE else rng.uniform(STRENGTHS[0], STRENGTHS[-1]) for rng in rngs]
        photos = self._photos.crops(rngs, self._plan.crop_px)
        for place, rng in enumerate(rngs):
            if rng.random() < _IDENTITY:
                photos[place] = self._pixels[views[place]].to(photos.device).float() / 255
        seed, size = rngs[0].getrandbits(62), self._plan.crop_px
        whole, half = self._noise(len(places), size, seed), self._noise(round(RELAYED_SHARE * len(places)), size // 2, seed + 1)
        motion = Motion.random(-(-len(places) // 2), size, seed=self._plan.seed, step=step, device=self._device)
        return InstantBatch(photos, views.to(self._device), torch.tensor(strengths, device=self._device), (whole, half), motion)

    def loss(self, batch: InstantBatch) -> Mapping[str, Tensor]:
        """Content, style, smoothness, mesh, equivariance and symmetry."""
        photos = batch.photos.contiguous(memory_format=torch.channels_last)
        views, strengths = batch.views, batch.strengths
        with torch.autocast(self._device.type, enabled=False):
            knobs = self.network.coder(self._descriptions[0][views], strengths)
        noise, small_noise = batch.noise
        inputs = photos.clone()
        with torch.no_grad():
            # The first photos of the batch: a batch is in random order.
            count = len(small_noise)
            if count:
                small = functional.avg_pool2d(photos[:count], 2)
                with torch.autocast(self._device.type, enabled=False):
                    small_knobs = self.network.coder(self._descriptions[1][views[:count]], strengths[:count])
                painted = self._painted(small, small_noise, small_knobs)
                inputs[:count] = relayed(painted.float(), small, photos[:count])
        painted = self._painted(inputs, noise, knobs, rim_px=RIM_PX)
        motion, some, others = batch.motion, slice(0, batch.motion.count), slice(-batch.motion.count, None)
        with torch.no_grad():
            moved = self._painted(motion.moved(inputs[some]), motion.window(noise[some]), knobs[some])
            mirrored = self._painted(motion.mirror(inputs[others]), motion.mirror(noise[others]), knobs[others])
        with torch.autocast(self._device.type, enabled=False):
            terms = self._loss(painted, with_rim(photos), (self._targets[0][views], self._targets[1][views]), strengths)
            inside = without_rim(painted)
            return terms | self._loss.of_motion(inside[some], moved, motion) | self._loss.of_mirror(inside[others], mirrored, motion)

    def job(self) -> Mapping[str, Any]:
        """Everything that determines the weights."""
        counts = [len(kind.paths) for kind in self._paintings]
        return {"task": "instant", "seed": self._plan.seed, "photos": len(self._photos.paths), "paintings": counts}

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """A few photos in the styles of different paintings."""
        if not isinstance(network, InstantNet):
            raise TypeError(f"expected an InstantNet; got {type(network).__name__}")
        rngs = [random.Random(f"{self._plan.seed}-preview-{index}") for index in range(_PREVIEWS)]
        views = [self._view(rng) for rng in rngs]
        photos = self._photos.crops(rngs, self._plan.crop_px)
        with torch.autocast(self._device.type, enabled=False):
            knobs = network.coder(self._descriptions[0][views], torch.full((_PREVIEWS,), 50.0, device=self._device))
        painted = network.painter(photos, self._noise(_PREVIEWS, self._plan.crop_px, 0), knobs)
        previews: list[tuple[str, Tensor]] = []
        for index in range(_PREVIEWS):
            painting = self._pixels[views[index]][None].to(painted.device).float() / 255
            previews.append((f"{index + 1}", torch.cat((painting, photos[index : index + 1], painted[index : index + 1]), dim=3)))
        return previews

    def notices(self) -> Sequence[str]:
        """No notices: all files are read before training."""
        return ()

    def _painted(self, photos: Tensor, noise: Tensor, knobs: Tensor, *, rim_px: int = 0) -> Tensor:
        return cast(Tensor, self.network.painter(photos, noise, knobs, rim_px=rim_px))

    def _noise(self, count: int, size_px: int, seed: int) -> Tensor:
        generator = torch.Generator(self._device).manual_seed(seed)
        return torch.randn((count, 1, size_px, size_px), generator=generator, device=self._device)

    def _view(self, rng: random.Random) -> int:
        (kind,) = rng.choices(range(len(self._paintings)), [kind.share for kind in self._paintings])
        return rng.randrange(self._firsts[kind], self._firsts[kind + 1])

    def _parts(self) -> Tensor:
        """Crops of all paintings as bytes, (N, 3, S, S)."""
        crops = [
            (path, number, kind.recolored and number % 2 == 1)
            for kind in self._paintings
            for path in kind.paths
            for number in range(kind.views)
        ]
        parts = torch.empty((len(crops), 3, self._plan.crop_px, self._plan.crop_px), dtype=torch.uint8)

        def read(index: int) -> None:
            path, number, recolored = crops[index]
            rng = random.Random(f"{self._plan.seed}-{path.name}-{number}")
            crop = read_crop(path, self._plan.crop_px, rng, zooms=_ZOOMS, enlarge=False)
            if recolored:
                crop = rotated_colors(crop, rng.uniform(0, 2 * math.pi))
            parts[index] = torch.from_numpy((crop * 255).round().astype(np.uint8))

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(read, range(len(crops))))
        return parts

    def _statistics(self, parts: Tensor) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return self._loss.statistics(parts.to(self._device).float() / 255)


def rotated_colors(picture: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    """A picture (3, H, W), RGB, 0..1, with all hues rotated by `angle` in radians around the gray axis, with the same luma (Rec. 601)."""
    luma = np.tensordot(_LUMA, picture, 1)
    axis = np.full(3, 1 / math.sqrt(3), dtype=np.float32)
    cross = np.cross(np.eye(3), axis * -1)
    rotation = (math.cos(angle) * np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * np.outer(axis, axis)).astype(np.float32)
    rotated = np.tensordot(rotation, picture - luma, 1)
    rotated += luma - np.tensordot(_LUMA, rotated, 1)
    return np.clip(rotated, 0, 1, dtype=np.float32)
