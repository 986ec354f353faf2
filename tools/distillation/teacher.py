"""The networks to distill from: exact VGG-19 to relu3_1, and a published 16x-compressed VGG-19 for the deeper layers."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
_CONVOLUTIONS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4", "4_1", "4_2", "4_3", "4_4", "5_1")
_POOLED_BEFORE = ("2_1", "3_1", "4_1", "5_1")


class Teacher:
    """VGG-19's features at the six layers that the compact encoder learns, from pictures in RGB, 0..1.

    Convolutions pad with zeros, as VGG-19 was trained. `relu4_2` has the 16x network's own 128 channels: it has no readout to VGG-19's.
    """

    def __init__(self, folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
        def load(name: str) -> dict[str, Tensor]:
            tensors = load_file(folder / name)
            return {key: value.to(dtype).contiguous() for key, value in tensors.items()}

        self.exact = load("vgg19_to_relu3_1.safetensors")
        self.small = load("vgg19_16x.safetensors")
        self.dtype = dtype

    @torch.no_grad()
    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The features, without a gradient."""
        return self.features(image)

    def features(self, image: Tensor) -> dict[str, Tensor]:
        """The features, differentiable with respect to the picture."""
        targets: dict[str, Tensor] = {}
        x = self._start(image, self.exact)
        for name in _CONVOLUTIONS[:5]:
            x = self._layer(x, name, self.exact)
            if name in ("1_1", "2_1", "3_1"):
                targets[f"relu{name}"] = x
        x = self._start(image, self.small)
        for name in _CONVOLUTIONS:
            x = self._layer(x, name, self.small)
            if name in ("4_1", "5_1"):
                readout = functional.conv2d(x, self.small[f"conv{name}_to_vgg19.weight"], self.small[f"conv{name}_to_vgg19.bias"])
                targets[f"relu{name}"] = functional.relu(readout)
            elif name == "4_2":
                targets["relu4_2"] = x
        return targets

    def _start(self, image: Tensor, weights: dict[str, Tensor]) -> Tensor:
        # In float32: bytes minus their mean need more digits than bfloat16 has.
        x = functional.conv2d(image.float(), weights["preprocess.weight"].float(), weights["preprocess.bias"].float())
        return x.to(self.dtype).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def _layer(x: Tensor, name: str, weights: dict[str, Tensor]) -> Tensor:
        if name in _POOLED_BEFORE:
            x = functional.max_pool2d(x, 2)
        return functional.relu(functional.conv2d(x, weights[f"conv{name}.weight"], weights[f"conv{name}.bias"], padding=1))
