"""The tasks of giving back to photos what they have lost: resolution, or color."""

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

Lost: TypeAlias = Literal["super-resolution", "colorization"]

PREVIEWS = 3
"""Photos that previews are made of: each with what was given and what came of it, a sheet of three by three."""

_SHOWN_PX: Mapping[Lost, tuple[int, int]] = {"super-resolution": (512, 160), "colorization": (256, 256)}
"""Long side of a photo, and that of its middle, which previews show: single pixels tell of sharpness, the whole scene of color."""

_ZOOMS = (1.0, 2.0)
"""Crops are never enlarged, where the photos are as large as they: the network would learn that blur is what was lost."""

_PIXELS = 12.0
"""Weight of the pixels' squared error beside the features': at bicubic enlargement 1.2 against 0.4. Where both count alike, a network of a
thousand updates leaves a fine mesh in smooth areas, to which features are nearly blind."""

_FAINT = 0.1
"""Added to how strong a pixel's color is, to be its weight."""


@dataclass(frozen=True)
class Usual:
    """What a task is learned with where nothing else is asked for.

    Attributes:
        record: The network.
        crop_px: Side of the photos' crops.
        layer: Of the loss network, where features are compared.
    """

    record: JohnsonRecord | HypercolumnRecord
    crop_px: int
    layer: str


USUAL: Mapping[Lost, Usual] = {
    # Table 2 of the paper's supplementary with half of its width.
    "super-resolution": Usual(JohnsonRecord(width=32, blocks=4, normalization="batch", factor=4, residual=True), 96, "relu2_2"),
    "colorization": Usual(HypercolumnRecord(), 160, "relu3_1"),
}


class RestorationTask:
    """Photos restored from what was made of them: a quarter of their size, or gray.

    Super-resolution minimizes the distance of features at `relu2_2`, as the paper does, and that of the pixels beside it: features alone
    are satisfied with grain that is not the photo's, at less likeness in every pixel (PSNR) than bicubic enlargement has. The paper's
    histogram matching is left out: the pixels' term keeps the colors.

    Colorization minimizes the squared error of color at every pixel, relative to that of a gray picture, and the distance of features at
    `relu3_1`. A pixel counts the more, the stronger its color is: the mean of all the colors that a thing may have is gray.

    Args:
        photos: To learn from.
        lost: What is given back.
        record: The network; left out, the usual one.
        encoder: The loss network.
        plan: The numbers.
        previews: Photos to show progress on; left out, a few of `photos`.

    Raises:
        ImageError: there are no photos.
        UsageError: the crops cannot be shrunk to whole pixels.

    References:
        Johnson, Alahi, Fei-Fei 2016 (ECCV), sections 3.2 and 4.2 (super-resolution by feature reconstruction). Zhang, Isola, Efros 2016
        (ECCV), section 2.2 (rare, strong colors weighed more; they classify colors, we regress them); Larsson, Maire, Shakhnarovich 2016
        (ECCV; an encoder's features at several depths); Cheng, Yang, Sheng 2015 (ICCV; two
        channels of color beside the luma); Iizuka, Simo-Serra, Ishikawa 2016 (SIGGRAPH; squared error of color).
    """

    def __init__(
        self,
        photos: Sequence[Path],
        lost: Lost,
        *,
        encoder: OpenEncoder,
        plan: Plan,
        record: JohnsonRecord | HypercolumnRecord | None = None,
        previews: Sequence[Path] = (),
    ) -> None:
        if lost == "super-resolution" and plan.crop_px % FACTOR:
            raise UsageError(f"crops of {plan.crop_px} px cannot be shrunk to a quarter; give a multiple of {FACTOR}, like --crop 128")
        self.paints: Paints = lost
        self._lost: Lost = lost
        self._photos, self._encoder, self._plan = Pictures(photos), encoder, plan
        self._shown = previews[:PREVIEWS] or self._photos.spread(PREVIEWS)
        self._record = record or USUAL[lost].record
        self._device = encoder.fast.mean.device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            network = build(self._record)
        if isinstance(network, HypercolumnNet):
            # It sees with the encoder that ships, whatever the loss network is.
            network.load_encoder(open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32).exact)
        self.network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def batch(self, step: int, places: range) -> Tensor:
        """These places of the batch of update `step`: photos, shape (B, 3, S, S)."""
        size = self._plan.crop_px
        drawn = (item_rng(self._plan.seed, step, place) for place in places)
        return stacked([self._photos.draw(rng, lambda path, rng: read_crop(path, size, rng, zooms=_ZOOMS)) for rng in drawn])

    def loss(self, batch: Tensor) -> Mapping[str, Tensor]:
        """Features and pixels, or features and color."""
        photos = batch.to(self._device)
        restored = self._restored(self.network, photos)
        with torch.autocast(self._device.type, enabled=False):
            layer = USUAL[self._lost].layer
            with torch.no_grad():
                target = ContentTarget(self._encoder.fast(photos, {layer})[layer], "spread")
            terms = {"features": target.loss(self._encoder.fast(restored, {layer})[layer])}
            if self._lost == "super-resolution":
                terms["pixels"] = _PIXELS * ContentTarget(photos, "spread").loss(restored)
            else:
                terms["color"] = color_loss(restored, photos)
        return terms

    def job(self) -> Mapping[str, Any]:
        """What the weights depend on."""
        return {
            "task": self.paints,
            "network": msgspec.to_builtins(self._record),
            "loss network": self._encoder.sha256,
            "seed": self._plan.seed,
            "crop": self._plan.crop_px,
            "photos": len(self._photos.paths),
        }

    def pictures(self, network: Network[Any]) -> Sequence[tuple[str, Tensor]]:
        """A few photos, what was given of them, and what `network` makes of that."""
        shown = []
        long_side_px, middle_px = _SHOWN_PX[self._lost]
        for name, pixels in self._photos.opened(self._shown, long_side_px=long_side_px):
            photo = _middle(torch.from_numpy(pixels), middle_px).to(self._device)
            given = shrunk(photo) if self._lost == "super-resolution" else luma(photo).expand_as(photo)
            shown += [(name, photo), ("given", given), ("restored", self._restored(network, photo).clamp(0, 1))]
        return shown

    def notices(self) -> Sequence[str]:
        """Files that were passed over."""
        return self._photos.notices()

    def card(self, name: str, *, title: str = "", steps: int, seconds: float) -> NetworkCard:
        """What the network's file will say of it; `name` in plain kebab case."""
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
        """What `network` makes of what is left of photos (B, 3, H, W)."""
        return cast(Tensor, network(shrunk(photos))) if self._lost == "super-resolution" else colored(network, photos)


def _middle(photo: Tensor, most_px: int) -> Tensor:
    """The middle of a photo (1, 3, H, W), no side above `most_px`; sides are multiples of four."""
    rows, columns = (min(side, most_px) // FACTOR * FACTOR for side in photo.shape[2:])
    top, left = (photo.shape[2] - rows) // 2, (photo.shape[3] - columns) // 2
    return photo[:, :, top : top + rows, left : left + columns]


def color_loss(given: Tensor, photos: Tensor) -> Tensor:
    """How far the colors of pictures are from the photos', pixels with strong colors weighed more: 1 for gray pictures.

    Args:
        given: Shape (B, 3, H, W), 0..1.
        photos: The same shape.
    """
    offered, wanted = given - luma(given), photos - luma(photos)
    weights = _FAINT + torch.linalg.vector_norm(wanted, dim=1, keepdim=True)
    # Of a batch of nearly gray photos the grain of their color would be all.
    return (weights * (offered - wanted).square()).mean() / (weights * wanted.square()).mean().clamp_min(1e-5)
