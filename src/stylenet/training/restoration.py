"""Training tasks for photo restoration: super-resolution and colorization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import msgspec
import torch
from torch import Tensor, nn

from stylenet.catalog.networks import HypercolumnRecord, JohnsonRecord, NetworkCard, Paints
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.errors import UsageError
from stylenet.image.crops import read_crop
from stylenet.losses.content import ContentTarget
from stylenet.networks.base import Network
from stylenet.networks.files import build
from stylenet.networks.hypercolumn import HypercolumnNet
from stylenet.networks.restoring import FACTOR, colored, luma, shrunk
from stylenet.training.batches import Pictures, item_rng, stacked
from stylenet.training.plan import Plan

Restoration: TypeAlias = Literal["super-resolution", "colorization"]

PREVIEWS = 3
"""Number of photos in previews, each shown with the network's input and output."""

_PREVIEW_PX: Mapping[Restoration, tuple[int, int]] = {"super-resolution": (512, 160), "colorization": (256, 256)}
"""Long side of a preview photo, and of its central crop that is shown: single pixels show sharpness, the whole scene shows color."""

_ZOOMS = (1.0, 2.0)
"""Crops are never enlarged unless the photo is smaller, so that the network does not learn to produce blur."""

_PIXELS = 12.0
"""Weight of the squared error of pixels: for bicubic upsampling, the term is 1.2, and that of features 0.4. With equal terms, a network
trained for a thousand updates leaves a fine mesh in smooth areas, which features hardly detect."""

_MIN_PIXEL_WEIGHT = 0.1
"""Weight of a pixel without color; the magnitude of its color is added."""


@dataclass(frozen=True)
class TaskDefaults:
    """Defaults of a task.

    Attributes:
        record: Architecture of the network.
        crop_px: Side of the photos' crops.
        layer: Layer of the loss network.
    """

    record: JohnsonRecord | HypercolumnRecord
    crop_px: int
    layer: str


DEFAULTS: Mapping[Restoration, TaskDefaults] = {
    # Table 2 of the paper's supplementary, with half the width.
    "super-resolution": TaskDefaults(JohnsonRecord(width=32, blocks=4, normalization="batch", factor=4, residual=True), 96, "relu2_2"),
    "colorization": TaskDefaults(HypercolumnRecord(), 160, "relu3_1"),
}


class RestorationTask:
    """Training to enlarge photos by a factor of 4, or to colorize gray ones.

    Super-resolution minimizes the distance of features at `relu2_2`, as in the paper, plus that of pixels: the feature loss alone produces
    false grain, with a lower PSNR than bicubic upsampling. The paper's histogram matching is omitted, since the pixel term preserves
    colors.

    Colorization minimizes the squared error of the color of each pixel, relative to that of a gray picture, and the distance of features
    at `relu3_1`. Pixels are weighted by the magnitude of their color; without weights, the network would predict the mean of all plausible
    colors, which is gray.

    Args:
        photos: Training photos.
        lost: What the photos lack: "super-resolution" or "colorization".
        record: Architecture of the network; default: see `DEFAULTS`.
        encoder: The loss network.
        plan: Hyperparameters.
        previews: Photos for previews; default: a few of `photos`.

    Raises:
        ImageError: there are no photos.
        UsageError: the crop size is not a multiple of the factor.

    References:
        Johnson, Alahi, Fei-Fei 2016 (ECCV), sections 3.2 and 4.2 (super-resolution by feature reconstruction). Zhang, Isola, Efros 2016
        (ECCV), section 2.2 (higher weights for rare, saturated colors; they classify colors, we regress them); Larsson, Maire,
        Shakhnarovich 2016 (ECCV; an encoder's features at several depths); Cheng, Yang, Sheng 2015 (ICCV; two
        color channels in addition to luma); Iizuka, Simo-Serra, Ishikawa 2016 (SIGGRAPH; squared error of color).
    """

    capturable = False

    def __init__(
        self,
        photos: Sequence[Path],
        lost: Restoration,
        *,
        encoder: OpenEncoder,
        plan: Plan,
        record: JohnsonRecord | HypercolumnRecord | None = None,
        previews: Sequence[Path] = (),
    ) -> None:
        if lost == "super-resolution" and plan.crop_px % FACTOR:
            raise UsageError(f"crops of {plan.crop_px} px cannot be shrunk to a quarter; give a multiple of {FACTOR}, such as --crop 128")
        self.paints: Paints = lost
        self._restoration: Restoration = lost
        self._photos, self._encoder, self._plan = Pictures(photos), encoder, plan
        self._preview_photos = previews[:PREVIEWS] or self._photos.spread(PREVIEWS)
        self._record = record or DEFAULTS[lost].record
        self._device = encoder.fast.mean.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            network = build(self._record)
        if isinstance(network, HypercolumnNet):
            # Its encoder is always the built-in one, independent of the loss network.
            network.load_encoder(open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32).exact)
        self.network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def batch(self, step: int, places: range) -> Tensor:
        """The items `places` of the batch of update `step`: photos, shape (B, 3, S, S)."""
        size = self._plan.crop_px
        rngs = (item_rng(self._plan.seed, step, place) for place in places)
        return stacked([self._photos.draw(rng, lambda path, rng: read_crop(path, size, rng, zooms=_ZOOMS)) for rng in rngs])

    def loss(self, batch: Tensor) -> Mapping[str, Tensor]:
        """The terms: features and pixels, or features and color."""
        photos = batch.to(self._device)
        restored = self._restored(self.network, photos)
        with torch.autocast(self._device.type, enabled=False):
            layer = DEFAULTS[self._restoration].layer
            with torch.no_grad():
                target = ContentTarget(self._encoder.fast(photos, {layer})[layer], "spread")
            terms = {"features": target.loss(self._encoder.fast(restored, {layer})[layer])}
            if self._restoration == "super-resolution":
                terms["pixels"] = _PIXELS * ContentTarget(photos, "spread").loss(restored)
            else:
                terms["color"] = color_loss(restored, photos)
        return terms

    def job(self) -> Mapping[str, Any]:
        """Everything that determines the weights."""
        return {
            "task": self.paints,
            "network": msgspec.to_builtins(self._record),
            "loss network": self._encoder.sha256,
            "seed": self._plan.seed,
            "crop": self._plan.crop_px,
            "photos": len(self._photos.paths),
        }

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """A few photos, the inputs of `network`, and its outputs."""
        previews = []
        long_side_px, crop_px = _PREVIEW_PX[self._restoration]
        for name, pixels in self._photos.opened(self._preview_photos, long_side_px=long_side_px):
            photo = _center_crop(torch.from_numpy(pixels), crop_px).to(self._device)
            degraded = shrunk(photo) if self._restoration == "super-resolution" else luma(photo).expand_as(photo)
            previews += [(name, photo), ("given", degraded), ("restored", self._restored(network, photo).clamp(0, 1))]
        return previews

    def notices(self) -> Sequence[str]:
        """Skipped files."""
        return self._photos.notices()

    def card(self, name: str, *, title: str = "", steps: int, seconds: float) -> NetworkCard:
        """Card of the network; `name` in kebab case."""
        trained = {
            "photos": len(self._photos.paths),
            "batch": self._plan.batch,
            "crop_px": self._plan.crop_px,
            "loss_network": self._encoder.weights,
            "seed": self._plan.seed,
            "seconds": round(seconds),
        }
        return NetworkCard(
            name=name,
            paints=self.paints,
            record=self._record,
            title=title,
            encoder_sha256=self._encoder.sha256,
            steps=steps,
            trained=trained,
        )

    def _restored(self, network: nn.Module, photos: Tensor) -> Tensor:
        """Photos (B, 3, H, W), degraded and restored by `network`."""
        return cast(Tensor, network(shrunk(photos))) if self._restoration == "super-resolution" else colored(network, photos)


def _center_crop(photo: Tensor, max_px: int) -> Tensor:
    """Central crop of a photo (1, 3, H, W) with sides up to `max_px` that are multiples of 4."""
    rows, columns = (min(side, max_px) // FACTOR * FACTOR for side in photo.shape[2:])
    top, left = (photo.shape[2] - rows) // 2, (photo.shape[3] - columns) // 2
    return photo[:, :, top : top + rows, left : left + columns]


def color_loss(given: Tensor, photos: Tensor) -> Tensor:
    """Squared error of the colors of pictures, weighted by the magnitude of the photos' colors; 1 for gray pictures.

    Args:
        given: Shape (B, 3, H, W), 0..1.
        photos: The same shape.
    """
    color, photo_color = given - luma(given), photos - luma(photos)
    weights = _MIN_PIXEL_WEIGHT + torch.linalg.vector_norm(photo_color, dim=1, keepdim=True)
    # The lower bound avoids amplifying the color noise of nearly gray photos.
    return (weights * (color - photo_color).square()).mean() / (weights * photo_color.square()).mean().clamp_min(1e-5)
