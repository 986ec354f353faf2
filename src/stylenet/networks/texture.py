"""The multi-scale network of Ulyanov et al. 2016: texture from noise, or a painting from a photo and noise.

Each scale has noise as input, from the coarsest to the finest. Three convolutions compute features of the noise, which are concatenated
with those of the coarser scales; three more convolutions mix both, and the result is upsampled by 2 for the next scale.

Differences from the paper:

- Any size. A scale has half the positions of the finer one, rounded up, and upsampled features are cropped to the finer size.
- Photos are stylized with reflection padding; textures use circular padding, as in the paper, and tile seamlessly.
- A convolution before a normalization has no bias, since the normalization would remove it.
- The output is the sigmoid of the last layer, which in the paper is unbounded.

References:
    Ulyanov, Lebedev, Vedaldi, Lempitsky 2016 (ICML), arXiv 1603.03417 (the generator network and its training); Ulyanov, Vedaldi,
    Lempitsky 2016b, arXiv 1607.08022 (instance normalization).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import TextureRecord
from stylenet.errors import ShapeError
from stylenet.networks.base import BatchSettings, Network, PassSettings
from stylenet.networks.normalization import Normalization
from stylenet.networks.registry import registered
from stylenet.shapes import check_image

_SLOPE = 0.01
"""Negative slope of the leaky ReLUs."""


@registered("texture")
class TextureNet(Network[TextureRecord]):
    """Multi-scale network that maps noise, and a photo if `record.content`, to a picture.

    Args:
        record: Architecture of the network. Weights are initialized randomly.
    """

    def __init__(self, record: TextureRecord) -> None:
        super().__init__(record)
        inputs = record.noise + (3 if record.content else 0)
        self.scales = nn.ModuleList(_Scale(record, inputs, record.width * coarser) for coarser in reversed(range(record.scales)))
        self.leave = nn.Conv2d(record.width * record.scales, 3, 1)
        self._initialize()

    def noise(self, size: tuple[int, int], *, batch: int = 1, generator: torch.Generator | None = None) -> list[Tensor]:
        """Uniform noise in 0..1 for a picture of `size` = (height, width), for each scale from the finest to the coarsest.

        Args:
            size: Height and width in pixels, at least 1.
            batch: Number of pictures.
            generator: A CPU generator, so that a seed gives the same noise on every device.

        Returns:
            Shapes (batch, noise, H, W), (batch, noise, ceil(H / 2), ceil(W / 2)), ..., with the network's type and device.
        """
        weight = self.leave.weight
        return [
            torch.rand((batch, self.record.noise, height, width), generator=generator, dtype=torch.float32).to(weight)
            for height, width in self._sizes(size)
        ]

    def forward(self, noise: Sequence[Tensor], image: Tensor | None = None) -> Tensor:
        """Pictures, (B, 3, H, W) in 0..1 and float32.

        Args:
            noise: Result of `noise`, or other noise of the same shapes; the same noise gives the same picture.
            image: Photos, (B, 3, H, W) in 0..1, for a stylization network; None for a texture network.

        Raises:
            ShapeError: `noise` does not fit this network's scales, or `image` is missing, not allowed or of another size.
        """
        self._check(noise, image)
        finer = None if image is None else image.to(self.leave.weight.dtype)
        inputs: list[Tensor] = []
        for part in noise:
            if finer is not None:
                inputs.append(torch.cat((part, finer), dim=1))
                # With odd sizes, windows at the border average fewer pixels.
                finer = functional.avg_pool2d(finer, 2, ceil_mode=True)
            else:
                inputs.append(part)
        x: Tensor | None = None
        for scale, part in zip(reversed(self.scales), reversed(inputs), strict=True):
            x = scale(part.contiguous(memory_format=torch.channels_last), x)
        return torch.sigmoid(self.leave(x).float())

    @property
    def period_px(self) -> int:
        """The stride of the coarsest scale."""
        return 2 ** (self.record.scales - 1)

    @classmethod
    def bytes_per_px(cls, record: TextureRecord, value_bytes: int) -> float:
        """Memory per pixel without tiling, measured."""
        return 70 + 5 * value_bytes * record.width * record.scales

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting, or a texture as large as the photo."""
        noise = self.noise((photo.shape[2], photo.shape[3]), generator=torch.Generator().manual_seed(settings.seed))
        return cast(Tensor, self([each.to(photo.device) for each in noise], photo if self.record.content else None))

    def batch_noise(self, size: tuple[int, int], seeds: Sequence[int], device: torch.device) -> tuple[Tensor, ...]:
        """Noise at every scale; see `noise`."""
        each = [self.noise(size, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return tuple(torch.cat(scale).to(device) for scale in zip(*each, strict=True))

    def paint_batch(self, photos: Tensor | None, settings: BatchSettings) -> Tensor:
        """Paintings or textures, (B, 3, H, W)."""
        return cast(Tensor, self(settings.noise, photos))

    def _sizes(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        height, width = size
        return [(-(-height // 2**index), -(-width // 2**index)) for index in range(self.record.scales)]

    def _check(self, noise: Sequence[Tensor], image: Tensor | None) -> None:
        record = self.record
        given = [tuple(part.shape) for part in noise]
        if len(noise) != record.scales or noise[0].ndim != 4:
            raise ShapeError(f"this network takes noise at {record.scales} scales, each (B, {record.noise}, H, W); got {given}")
        batch, _, height, width = noise[0].shape
        expected = [(batch, record.noise, *size) for size in self._sizes((height, width))]
        if given != expected:
            raise ShapeError(f"noise for {batch} pictures of {width} x {height} has the shapes {expected}; got {given}")
        if image is None:
            if record.content:
                raise ShapeError("this network stylizes photos: give a photo in addition to the noise")
            return
        if not record.content:
            raise ShapeError("this network paints textures from noise alone: omit the photo")
        check_image(image)
        if image.shape != (batch, 3, height, width):
            raise ShapeError(
                f"the noise is for {batch} photos of {width} x {height}, shape {(batch, 3, height, width)}; got {tuple(image.shape)}"
            )

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE, nonlinearity="leaky_relu")
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]


class _Scale(nn.Module):
    """Features of the input at one scale, fused with those of the coarser scales."""

    def __init__(self, record: TextureRecord, inputs: int, coarser: int) -> None:
        super().__init__()
        width, kind = record.width, record.normalization
        self.enter = _three_layers(record, inputs, width)
        if coarser:
            # Normalized, since features from different depths have different deviations, and one could dominate the other.
            self.balance = Normalization(width, kind=kind)
            self.balance_coarser = Normalization(coarser, kind=kind)
            self.join = _three_layers(record, coarser + width, coarser + width)

    def forward(self, inputs: Tensor, coarser: Tensor | None) -> Tensor:
        entered = self.enter(inputs)
        if coarser is None:
            return entered
        height, width = inputs.shape[2:]
        # Normalized before upsampling: the same moments, from a quarter of the values.
        doubled = functional.interpolate(self.balance_coarser(coarser), scale_factor=2, mode="nearest")
        return self.join(torch.cat((doubled[:, :, :height, :width], self.balance(entered)), dim=1))


class _Layer(nn.Module):
    """A convolution, a normalization and a leaky ReLU."""

    def __init__(self, record: TextureRecord, inputs: int, outputs: int, *, size: int) -> None:
        super().__init__()
        self.padding = "reflect" if record.content else "circular"
        self.convolution = nn.Conv2d(inputs, outputs, size, bias=False)
        self.normalization = Normalization(outputs, kind=record.normalization)

    def forward(self, x: Tensor) -> Tensor:
        reach = self.convolution.kernel_size[0] // 2
        if reach:
            # A single row or column cannot be reflected.
            x = functional.pad(x, (reach,) * 4, mode=self.padding if min(x.shape[2:]) > reach else "replicate")
        return functional.leaky_relu(self.normalization(self.convolution(x)), _SLOPE, inplace=True)


def _three_layers(record: TextureRecord, inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        _Layer(record, inputs, outputs, size=3), _Layer(record, outputs, outputs, size=3), _Layer(record, outputs, outputs, size=1)
    )
