"""Training task for one style or a few: stylization of photos, or texture synthesis."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.networks import (
    AnyRecord,
    NetworkCard,
    Paints,
    SlimRecord,
    network_files,
    read_network_card,
)
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.errors import ImageError, ShapeError, WeightsError
from stylenet.image.crops import read_crop
from stylenet.image.files import load_image
from stylenet.image.resize import fit_within, resize
from stylenet.networks.base import BatchSettings, Network
from stylenet.networks.files import build, read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import RELAYED_SHARE, relayed
from stylenet.networks.slim_geometry import STRENGTHS
from stylenet.shapes import Image, check_image
from stylenet.storage.hashing import file_sha256
from stylenet.training.batches import Pictures, item_rng, stacked
from stylenet.training.motion import Motion
from stylenet.training.perceptual import RIM_PX, PerceptualLoss, Weights, with_rim, without_rim
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.style_targets import StyleTargets

_DEFAULT_STRENGTH = 50.0
"""Default strength, at which recipes use their own weights, and the only one of networks trained at a single strength."""

_DEFAULT_SHARE = 0.5
"""Share of the pictures at the default strength, for networks trained at several strengths."""

PREVIEWS = 4
"""Default number of preview photos."""

_PREVIEW_PX = 384
_ZOOMS = (0.6, 1.6)


@dataclass(frozen=True, kw_only=True)
class StyleBatch:
    """Batch of one update.

    Attributes:
        photos: Shape (B, 3, S, S); None for texture.
        strengths: Strength of each picture, shape (B,).
        styles: Style index of each picture, shape (B,).
        noise: The network's noise for the pictures.
        small_noise: The same for the photos that are painted first at half the size; empty for networks that paint at one size.
        motion: Motion of the first photos for the equivariance term, and of as many of the last for the symmetry term; None for networks
            that are not slim.
    """

    photos: Tensor | None
    strengths: Tensor
    styles: Tensor
    noise: tuple[Tensor, ...]
    small_noise: tuple[Tensor, ...]
    motion: Motion | None


class OneStyleTask:
    """Training of a network for one style or several, or for a texture.

    Args:
        paintings: One style image, an array (1, 3, H, W), 0..1, or a sequence with one for each style of the network.
        photos: Photos to paint; empty for a texture network.
        record: Architecture of the network. Slim networks start from the network for arbitrary styles.
        encoder: The loss network.
        plan: Hyperparameters.
        style_px: Square root of the area to which the style image is reduced: larger values give smaller strokes. It is never enlarged.
        start: Network file to start from, with the same architecture or for arbitrary styles; default: the latter, if it fits.
        previews: Photos for previews; default: a few of `photos`.

    Raises:
        ShapeError: a style image is not a picture, or their number differs from the network's styles.
        ImageError: the network paints photos, but there are none.
        WeightsError: `start` is not a network, or has another architecture.
    """

    capturable = True

    def __init__(
        self,
        paintings: Image | Sequence[Image],
        photos: Sequence[Path] | PhotoStack,
        *,
        record: AnyRecord,
        encoder: OpenEncoder,
        plan: Plan,
        style_px: int = 384,
        start: Path | None = None,
        previews: Sequence[Path] = (),
    ) -> None:
        given = [paintings] if isinstance(paintings, np.ndarray) else list(paintings)
        for painting in given:
            check_image(painting)
        self._styles = record.styles
        if len(given) != self._styles:
            raise ShapeError(f"the network has {self._styles} styles, but there are {len(given)} paintings; give one for each")
        self.paints: Paints = "style" if record.reads_photo else "texture"
        self._stack = photos if isinstance(photos, PhotoStack) else None
        files = photos.paths if isinstance(photos, PhotoStack) else photos
        self._photos = Pictures(files) if record.reads_photo else None
        self._preview_photos = (previews or self._photos.spread(PREVIEWS)) if self._photos else ()
        self._record, self._encoder, self._plan, self._style_px = record, encoder, plan, style_px
        self._paintings = [torch.from_numpy(_reduced_to_area(painting, style_px)) for painting in given]
        self._device = encoder.fast.mean.device
        self._start_path = _choose_start(record, start)
        # Computed once, since the file may be deleted before the last checkpoint is written.
        self._fingerprints = {
            "painting": " ".join(hashlib.sha256(one.contiguous().numpy().tobytes()).hexdigest() for one in self._paintings),
            "start": "" if self._start_path is None else file_sha256(self._start_path),
        }
        self.network = self._build_network().to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._loss = PerceptualLoss(encoder.fast, Weights())
        both = [self._loss.statistics(painting.to(self._device)) for painting in self._paintings]
        self._targets = tuple(StyleTargets.concatenate([StyleTargets.of(one[size]) for one in both]) for size in range(2))

    def batch(self, step: int, places: range) -> StyleBatch:
        """The items `places` of the batch of update `step`."""
        rngs = [item_rng(self._plan.seed, step, place) for place in places]
        seeds = [rng.getrandbits(62) for rng in rngs]
        strengths = torch.tensor([self._strength(rng) for rng in rngs])
        styles = [rng.randrange(self._styles) if self._styles > 1 else 0 for rng in rngs]
        photos, size = None, self._plan.crop_px
        if self._photos is not None:
            if self._stack is not None:
                photos = self._stack.crops(rngs, size)
            else:
                photos = stacked([self._photos.draw(rng, lambda path, rng: read_crop(path, size, rng, zooms=_ZOOMS)) for rng in rngs])
            photos = photos.to(self._device)
        small_noise: tuple[Tensor, ...] = ()
        motion = None
        if self.network.paints_small_first:
            small_noise = self._noise(size // 2, [seed + 1 for seed in seeds[: round(RELAYED_SHARE * len(seeds))]])
            motion = Motion.random(-(-len(seeds) // 2), size, seed=self._plan.seed, step=step, device=self._device)
        return StyleBatch(
            photos=photos,
            strengths=strengths.to(self._device),
            styles=torch.tensor(styles, device=self._device),
            noise=self._noise(size, seeds),
            small_noise=small_noise,
            motion=motion,
        )

    def loss(self, batch: StyleBatch) -> Mapping[str, Tensor]:
        """Content, style, smoothness and mesh, for slim networks also equivariance and symmetry; for texture only style."""
        photos = None if batch.photos is None else batch.photos.contiguous(memory_format=torch.channels_last)
        strengths, styles = batch.strengths, batch.styles
        inputs = self._relayed(photos, batch) if photos is not None and batch.small_noise else photos
        rim_px = RIM_PX if self.network.has_margin else 0
        settings = BatchSettings(strengths=strengths, noise=batch.noise, styles=styles, rim_px=rim_px)
        painted = self.network.paint_batch(inputs, settings)
        with torch.autocast(self._device.type, enabled=False):
            if photos is None:
                return self._loss.of_texture(painted, self._targets[0][styles])
            compared = with_rim(photos) if rim_px else photos
            terms = self._loss(painted, compared, (self._targets[0][styles], self._targets[1][styles]), strengths)
        if inputs is None or batch.motion is None:
            return terms
        motion, some, others = batch.motion, slice(0, batch.motion.count), slice(-batch.motion.count, None)

        def painted_again(changed: Tensor, noise: tuple[Tensor, ...], part: slice) -> Tensor:
            return self.network.paint_batch(changed, BatchSettings(strengths=strengths[part], noise=noise, styles=styles[part]))

        with torch.no_grad():
            moved = painted_again(motion.moved(inputs[some]), tuple(motion.window(each[some]) for each in batch.noise), some)
            mirrored = painted_again(motion.mirror(inputs[others]), tuple(motion.mirror(each[others]) for each in batch.noise), others)
        inside = without_rim(painted) if rim_px else painted
        return terms | self._loss.of_motion(inside[some], moved, motion) | self._loss.of_mirror(inside[others], mirrored, motion)

    def job(self) -> Mapping[str, Any]:
        """Everything that determines the weights."""
        return {
            "task": self.paints,
            "network": msgspec.to_builtins(self._record),
            **self._fingerprints,
            "loss network": self._encoder.sha256,
            "seed": self._plan.seed,
            "crop": self._plan.crop_px,
            "photos": 0 if self._photos is None else len(self._photos.paths),
        }

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """A few photos painted by `network` in alternating styles, or one texture."""
        strengths = torch.full((1,), _DEFAULT_STRENGTH, device=self._device)
        if self._photos is None:
            noise = network.batch_noise((_PREVIEW_PX, _PREVIEW_PX), [0], self._device)
            return [("texture", network.paint_batch(None, BatchSettings(strengths=strengths, noise=noise)))]
        previews = []
        for index in range(max(len(self._preview_photos), self._styles)):
            path, style = self._preview_photos[index % len(self._preview_photos)], index % self._styles
            try:
                pixels = load_image(path).pixels
            except ImageError as error:
                self._photos.broken.setdefault(path, str(error))
                continue
            pixels = resize(pixels, fit_within(pixels.shape[3], pixels.shape[2], _PREVIEW_PX))
            photo = torch.from_numpy(pixels).to(self._device)
            name = f"{path.stem} {style + 1}" if self._styles > 1 else path.stem
            noise = network.batch_noise((photo.shape[2], photo.shape[3]), [0], self._device)
            styles = torch.tensor([style], device=self._device)
            previews.append((name, network.paint_batch(photo, BatchSettings(strengths=strengths, noise=noise, styles=styles))))
        return previews

    def notices(self) -> Sequence[str]:
        """Skipped files."""
        return () if self._photos is None else self._photos.notices()

    def card(self, name: str, *, title: str = "", styles: Sequence[str] = (), steps: int, seconds: float) -> NetworkCard:
        """Card of the network; `name` in kebab case; `styles` are the names of the paintings if there are several."""
        trained = {
            "photos": 0 if self._photos is None else len(self._photos.paths),
            "batch": self._plan.batch,
            "crop_px": self._plan.crop_px,
            "loss_network": self._encoder.weights,
            "start": "" if self._start_path is None else self._start_path.stem,
            "seed": self._plan.seed,
            "seconds": round(seconds),
            "painting_sha256": self._fingerprints["painting"],
        }
        return NetworkCard(
            name=name,
            paints=self.paints,
            record=self._record,
            title=title,
            encoder_sha256=self._encoder.sha256,
            style_px=self._style_px,
            steps=steps,
            trained=trained,
            styles=tuple(styles),
        )

    @torch.no_grad()
    def _relayed(self, photos: Tensor, batch: StyleBatch) -> Tensor:
        """The inputs of a batch: the first photos are replaced by relayed paintings at half the size."""
        count = len(batch.small_noise[0])
        small = functional.avg_pool2d(photos[:count], 2)
        settings = BatchSettings(strengths=batch.strengths[:count], noise=batch.small_noise, styles=batch.styles[:count])
        painted = self.network.paint_batch(small, settings)
        return torch.cat((relayed(painted.float(), small, photos[:count]), photos[count:]))

    def _noise(self, size_px: int, seeds: Sequence[int]) -> tuple[Tensor, ...]:
        return self.network.batch_noise((size_px, size_px), seeds, self._device) if seeds else ()

    def _strength(self, rng: random.Random) -> float:
        is_default, random_strength = rng.random() < _DEFAULT_SHARE, rng.uniform(STRENGTHS[0], STRENGTHS[-1])
        return _DEFAULT_STRENGTH if is_default or not self.network.has_strengths else random_strength

    def _build_network(self) -> Network[Any]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._plan.seed)
            network = build(self._record)
        if self._start_path is not None:
            start, _ = read_network(self._start_path)
            network.load_state_dict(self._weights_for_painting(start) if isinstance(start, InstantNet) else start.state_dict())
        return network

    @torch.no_grad()
    def _weights_for_painting(self, network: InstantNet) -> dict[str, Tensor]:
        """Weights with which a network for one style equals the network for arbitrary styles on this painting."""
        # Measured with the encoder that it was trained with, whatever the loss network.
        compact = open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32).exact
        statistics, _ = PerceptualLoss(compact, Weights()).statistics(self._paintings[0])
        knobs = network.coder(network.coder.describe(statistics).expand(len(STRENGTHS), -1), torch.tensor(STRENGTHS))
        return {**network.painter.state_dict(), "knobs": knobs}


def _choose_start(record: AnyRecord, start: Path | None) -> Path | None:
    """Network file to start from, after checking its architecture; default: the built-in one if it fits, else None."""
    if start is None:
        shipped = network_files().get("instant")
        return shipped if shipped is not None and _has_architecture(shipped, record) else None
    if not _has_architecture(start, record):
        raise WeightsError(f"network '{start}' has a different architecture; give one with the same architecture, or omit --start")
    return start


def _has_architecture(path: Path, record: AnyRecord) -> bool:
    other = read_network_card(path).record
    return other == record or (isinstance(other, SlimRecord) and msgspec.structs.replace(other, code=0) == record)


def _reduced_to_area(painting: Image, style_px: int) -> Image:
    height, width = painting.shape[2:]
    scale = min(1.0, style_px / math.sqrt(width * height))
    return resize(painting, (max(1, round(width * scale)), max(1, round(height * scale))))
