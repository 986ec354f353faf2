"""Colors for a gray photo, from what an encoder that knows what things are sees in it.

Features of four depths, the hypercolumn of every position, are joined from the deepest up: what a thing is comes from the deep ones, where
it ends from the others. The encoder is the compact one, frozen, and part of the network's file; only what reads it is taught, which takes
minutes where a network that has to learn to see takes days.

References:
    Larsson, Maire, Shakhnarovich 2016 (ECCV), Learning Representations for Automatic Colorization (hypercolumns of VGG); Iizuka,
    Simo-Serra, Ishikawa 2016 (SIGGRAPH; the whole scene is told to every position). Ours joins the depths one after the other.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.encoders import COMPACT
from stylenet.catalog.networks import HypercolumnRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.networks.base import Network
from stylenet.networks.normalization import Normalization
from stylenet.networks.registry import registered
from stylenet.shapes import check_image

LAYERS = ("relu5_1", "relu4_1", "relu3_1")
_LEAST_PX = 16
"""The side from which on the deepest layer has a position."""


@registered("hypercolumn")
class HypercolumnNet(Network[HypercolumnRecord]):
    """From gray photos to photos whose colors are guessed; see `networks.restoring.colored` for how they are used.

    Args:
        record: The sizes of its parts. Weights start random, the encoder's too: `see_with` gives it those that it needs.
    """

    def __init__(self, record: HypercolumnRecord) -> None:
        super().__init__(record)
        self.encoder = VggEncoder(COMPACT).requires_grad_(False)
        widths = [COMPACT.widths[layer.replace("relu", "conv")] for layer in LAYERS]
        outputs = [record.width * times for times in (4, 2, 1)]
        inputs = [widths[0], *(known + own for known, own in zip(outputs, widths[1:], strict=False))]
        self.joins = nn.ModuleList(
            nn.Conv2d(wide, out, 1 if index == 0 else 3, padding=0 if index == 0 else 1, padding_mode="reflect", bias=False)
            for index, (wide, out) in enumerate(zip(inputs, outputs, strict=True))
        )
        self.balances = nn.ModuleList(Normalization(width, kind="batch") for width in widths)
        self.normalizations = nn.ModuleList(Normalization(out, kind="batch") for out in outputs)
        self.scene = nn.Linear(outputs[0], outputs[0])
        self.leave = nn.Conv2d(outputs[-1], 3, 1)
        for convolution in self.joins:
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")  # type: ignore[arg-type]
        # Gray at first.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def see_with(self, encoder: VggEncoder) -> None:
        """Take over the weights of the compact encoder."""
        known = encoder.state_dict()
        self.encoder.load_state_dict({name: known[name] for name in self.encoder.state_dict()})

    def forward(self, image: Tensor) -> Tensor:
        """Pictures (B, 3, H, W), about 0..1 and float32, whose colors count, of gray photos (B, 3, H, W) in 0..1.

        Raises:
            ShapeError: `image` is no picture.
        """
        check_image(image)
        height, width = image.shape[2:]
        tiny = (0, max(_LEAST_PX - width, 0), 0, max(_LEAST_PX - height, 0))
        with torch.no_grad():
            seen = self.encoder(functional.pad(image, tiny, mode="replicate"), LAYERS)
        x: Tensor | None = None
        for layer, balance, join, normalization in zip(LAYERS, self.balances, self.joins, self.normalizations, strict=True):
            features = balance(seen[layer])
            if x is not None:
                features = torch.cat((functional.interpolate(x, size=features.shape[2:], mode="nearest"), features), dim=1)
            x = functional.relu(normalization(_joined(join, features)))
            if layer == LAYERS[0]:
                x = x + functional.relu(self.scene(x.mean((2, 3))))[:, :, None, None]
        painted = functional.interpolate(self.leave(x).float(), size=(height + tiny[3], width + tiny[1]), mode="bilinear")
        return image.float() + painted[:, :, :height, :width]


def _joined(join: nn.Module, features: Tensor) -> Tensor:
    """A convolution; where there is a single row or column, which has no neighbor to reflect, it is repeated."""
    lacking = tuple(max(2 - side, 0) for side in features.shape[2:])
    if not any(lacking):
        return cast(Tensor, join(features))
    grown = functional.pad(features, (0, lacking[1], 0, lacking[0]), mode="replicate")
    return cast(Tensor, join(grown))[:, :, : features.shape[2], : features.shape[3]]
