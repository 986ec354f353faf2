"""VGG encoders: from a picture to the features of named layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.encoders import EncoderRecord
from stylenet.encoders import winograd
from stylenet.errors import ShapeError, UsageError, did_you_mean
from stylenet.shapes import check_image

Observer: TypeAlias = Callable[[str, Tensor], Tensor]


class VggEncoder(nn.Module):
    """A VGG network that returns features by layer name and stops after the deepest requested layer.

    Args:
        record: Architecture and preprocessing. Weights are initialized randomly; load them with `load_state_dict`. Their names are
            `conv1_1.weight`, `conv1_1.bias`, ...; a factored convolution has `conv1_2.weight`, `conv1_2_expand.weight` and
            `conv1_2_expand.bias`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, record: EncoderRecord) -> None:
        super().__init__()
        self.record = record
        channels = 3
        for name, width in record.widths.items():
            rank = record.ranks.get(name)
            self.add_module(name, nn.Conv2d(channels, rank or width, kernel_size=3, padding=0, bias=rank is None))
            if rank is not None:
                self.add_module(f"{name}_expand", nn.Conv2d(rank, width, kernel_size=1))
            channels = width
        preprocessing = record.preprocessing
        for name, values in (("mean", preprocessing.mean), ("std", preprocessing.std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32, device="cpu").view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor, layers: Iterable[str], observe: Observer | None = None) -> dict[str, Tensor]:
        """Features of `layers`, each of shape (B, C, H', W'), of pictures of shape (B, 3, H, W) in RGB, 0..1.

        `observe(layer, features)` is called for each of them in the order of the network; its result replaces the features.

        Raises:
            UsageError: the network does not have a layer.
            ShapeError: `image` does not have this shape, or is too small for the deepest layer.
        """
        requested = set(layers)
        self._check(image, requested)
        features: dict[str, Tensor] = {}
        if not requested:
            return features
        x = self.preprocess(image)
        pools_maxima = self.record.pooling == "max"
        is_signed = False
        for name, following in zip(self.record.layers, (*self.record.layers[1:], ""), strict=True):
            if name.startswith("conv"):
                x = self._convolve(x, name)
            elif name.startswith("pool"):
                x = self._pool(x)
                x = functional.relu(x, inplace=True) if is_signed else x
                is_signed = False
            elif pools_maxima and following.startswith("pool") and name not in requested:
                is_signed = True  # after pooling, the ReLU has the same values and gradients, at a quarter of the positions
            else:
                # In place, unless the values before the ReLU are requested: this saves writing and reading a full-size tensor.
                keep = name.replace("relu", "conv") in requested
                x = functional.relu(x, inplace=not keep)
            if name in requested:
                if observe is not None:
                    x = observe(name, x)
                features[name] = x
                if len(features) == len(requested):
                    break
        return features

    def preprocess(self, image: Tensor) -> Tensor:
        """The picture in the units of the first convolution."""
        if self.record.preprocessing.channel_order == "bgr":
            image = image.flip(1)
        scale = self.record.preprocessing.scale
        # In the same order as the networks' authors: folding the factors would change the rounding.
        x = ((image if scale == 1.0 else image * scale) - self.mean) / self.std
        weight = self._convolution("conv1_1").weight
        return x.to(weight.dtype).contiguous(memory_format=torch.channels_last)

    def _check(self, image: Tensor, requested: set[str]) -> None:
        order = self.record.layers
        for name in requested - set(order):
            available = f"it has {order[0]}, {order[1]}, ... {order[-1]}"
            raise UsageError(f"encoder '{self.record.name}' has no layer '{name}'; {available}{did_you_mean(name, order)}")
        check_image(image)
        deepest = max([0, *(order.index(name) for name in requested)])
        halvings = sum(name.startswith("pool") for name in order[: deepest + 1])
        # Reflection padding needs two values, other paddings one.
        minimum = 2 if self.record.padding == "reflect" else 1
        smallest = minimum * 2**halvings if self.record.rounding == "down" else (minimum - 1) * 2**halvings + 1
        if min(image.shape[2:]) < smallest:
            size = f"{image.shape[3]} x {image.shape[2]}"
            raise ShapeError(f"a picture of {size} is too small for layer {order[deepest]}; give at least {smallest} pixels on each side")

    def _convolution(self, name: str) -> nn.Conv2d:
        return cast(nn.Conv2d, self.get_submodule(name))

    def _convolve(self, x: Tensor, name: str) -> Tensor:
        convolution = self._convolution(name)
        if self.record.padding != "zeros":
            x = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode=self.record.padding), convolution.weight, convolution.bias)
        elif winograd.is_faster(x, convolution):
            x = winograd.convolve(x, convolution)
        else:
            x = functional.conv2d(x, convolution.weight, convolution.bias, padding=1)
        return self._convolution(f"{name}_expand")(x) if name in self.record.ranks else x

    def _pool(self, x: Tensor) -> Tensor:
        up = self.record.rounding == "up"
        match self.record.pooling:
            case "max":
                x = functional.max_pool2d(x, 2, ceil_mode=up)
            case "average":
                # TensorFlow's SAME average pooling divides a partial window at the border by its actual number of positions.
                x = functional.avg_pool2d(x, 2, ceil_mode=up, count_include_pad=False)
            case "l2":
                # The root of the *sum* of squares, like torch.nn.LPPool2d; 0.78 times it is about the maximum. The gradient of the
                # root at zero is infinite.
                x = functional.avg_pool2d(x.square(), 2, ceil_mode=up, divisor_override=1).add(1e-8).sqrt()
        return x if self.record.pooling_scale == 1.0 else x * self.record.pooling_scale
