"""Colorize gray photos from the features of a pretrained encoder.

Features of several layers, the hypercolumn of each position, are fused from the deepest layer up: deep layers identify objects, shallow
layers locate their edges. The encoder is the compact one; it is frozen and stored in the network file. Only the layers on top of it are
trained, which takes minutes instead of the days that training from scratch takes.

References:
    Larsson, Maire, Shakhnarovich 2016 (ECCV), Learning Representations for Automatic Colorization (hypercolumns of VGG); Iizuka,
    Simo-Serra, Ishikawa 2016 (SIGGRAPH; global features added at every position). Ours fuses the layers one after the other.
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
_MIN_PX = 16
"""Smallest side for which the deepest layer has at least one position."""


@registered("hypercolumn")
class HypercolumnNet(Network[HypercolumnRecord]):
    """Network that predicts the colors of gray photos; `networks.restoring.colored` combines them with the photo's luma.

    Args:
        record: Architecture of the network. Weights are initialized randomly, the encoder's too: set those with `load_encoder`.
    """

    def __init__(self, record: HypercolumnRecord) -> None:
        super().__init__(record)
        self.encoder = VggEncoder(COMPACT).requires_grad_(False)
        widths = [COMPACT.widths[layer.replace("relu", "conv")] for layer in LAYERS]
        outputs = [record.width * times for times in (4, 2, 1)]
        inputs = [widths[0], *(deeper + width for deeper, width in zip(outputs, widths[1:], strict=False))]
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
        # The initial output is gray.
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def load_encoder(self, encoder: VggEncoder) -> None:
        """Copy the weights of the compact encoder."""
        state = encoder.state_dict()
        self.encoder.load_state_dict({name: state[name] for name in self.encoder.state_dict()})

    def forward(self, image: Tensor) -> Tensor:
        """Color pictures (B, 3, H, W), float32 and about 0..1, of gray photos (B, 3, H, W) in 0..1. Their luma is not meaningful.

        Raises:
            ShapeError: `image` does not have this shape.
        """
        check_image(image)
        height, width = image.shape[2:]
        padding = (0, max(_MIN_PX - width, 0), 0, max(_MIN_PX - height, 0))
        with torch.no_grad():
            encoded = self.encoder(functional.pad(image, padding, mode="replicate"), LAYERS)
        x: Tensor | None = None
        for layer, balance, join, normalization in zip(LAYERS, self.balances, self.joins, self.normalizations, strict=True):
            features = balance(encoded[layer])
            if x is not None:
                features = torch.cat((functional.interpolate(x, size=features.shape[2:], mode="nearest"), features), dim=1)
            x = functional.relu(normalization(_convolved(join, features)))
            if layer == LAYERS[0]:
                x = x + functional.relu(self.scene(x.mean((2, 3))))[:, :, None, None]
        color = functional.interpolate(self.leave(x).float(), size=(height + padding[3], width + padding[1]), mode="bilinear")
        return image.float() + color[:, :, :height, :width]


def _convolved(join: nn.Module, features: Tensor) -> Tensor:
    """Convolve `features`; a single row or column cannot be reflected and is repeated instead."""
    padding = tuple(max(2 - side, 0) for side in features.shape[2:])
    if not any(padding):
        return cast(Tensor, join(features))
    padded = functional.pad(features, (0, padding[1], 0, padding[0]), mode="replicate")
    return cast(Tensor, join(padded))[:, :, : features.shape[2], : features.shape[3]]
