"""The residual transform network of Johnson et al. 2016: a painting, or a picture four times larger, in one pass.

Where we differ from the paper:

- Borders. The paper found that zeros around the maps leave marks at the borders of the painting; it reflects 40 pixels around the picture
  and lets residual blocks without padding use them up, while its other convolutions still pad with zeros. Here every convolution reflects,
  as in Dumoulin et al. 2017: no zero is ever seen, and no layer works on a wide margin that is
  cut away.
- A convolution before a normalization has no bias: the normalization takes a constant away again.
- Upsampling is nearest and a convolution, where the record does not ask for the paper's.

References:
    Johnson, Alahi, Fei-Fei 2016 (ECCV) and its supplementary, tables 1 and 2 (layers), figure 1 (residual blocks after Gross and Wilber:
    no ReLU behind the sum); Dumoulin, Shlens, Kudlur 2017, arXiv 1610.07629 (reflection; several styles); Odena, Dumoulin, Olah 2016
    (upsampling).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import JohnsonRecord
from stylenet.networks.normalization import Normalization
from stylenet.shapes import check_image

_LEAST_PX = 5
"""The side from which on every convolution finds what it reflects: 4 pixels for 9 x 9 and, at a quarter of the size, one for 3 x 3."""


class JohnsonNet(nn.Module):
    """From a photo and, where the network knows several, the weights of its styles to a painting.

    Args:
        record: The sizes of its parts. Weights start random.
    """

    def __init__(self, record: JohnsonRecord) -> None:
        super().__init__()
        self.record = record
        fine = record.width
        middle, coarse = (2 * fine, 4 * fine) if record.factor == 1 else (fine, fine)
        self.enter = _Layer(record, 3, fine, size=9)
        self.shrink = nn.ModuleList()
        if record.factor == 1:
            self.shrink.extend((_Layer(record, fine, middle, stride=2), _Layer(record, middle, coarse, stride=2)))
        self.blocks = nn.ModuleList(_Block(record, coarse) for _ in range(record.blocks))
        self.grow = nn.ModuleList((_Doubling(record, coarse, middle), _Doubling(record, middle, fine)))
        self.leave = _convolution(fine, 3, size=9, bias=True)
        self._initialize()

    def forward(self, image: Tensor, style_weights: Tensor | None = None) -> Tensor:
        """Paintings, (B, 3, H, W) in 0..1 and float32, of photos (B, 3, H, W) in 0..1; with `factor` 4 (B, 3, 4 H, 4 W).

        Args:
            image: Any size from one pixel up.
            style_weights: Shares of the styles, shape (1 or B, styles), usually of sum 1; may be left out where there is one style.

        Raises:
            ShapeError: `image` is no picture, or `style_weights` are not of this network's styles.
        """
        check_image(image)
        height, width = image.shape[2:]
        tiny = (0, max(_LEAST_PX - width, 0), 0, max(_LEAST_PX - height, 0))
        # Not centered: the first normalization does that.
        x = functional.pad(image, tiny, mode="replicate").to(self.leave.weight.dtype).contiguous(memory_format=torch.channels_last)
        x = functional.relu(self.enter(x, style_weights), inplace=True)
        for layer in self.shrink:
            x = functional.relu(layer(x, style_weights), inplace=True)
        for block in self.blocks:
            x = block(x, style_weights)
        for doubling in self.grow:
            x = functional.relu(doubling(x, style_weights), inplace=True)
        # Sizes are halved rounding up, and what that adds is cut away.
        painted = self.leave(x)[:, :, : height * self.record.factor, : width * self.record.factor]
        # The paper's tanh, scaled to the range of pictures: (tanh(x) + 1) / 2.
        return torch.sigmoid(2 * painted.float())

    def _initialize(self) -> None:
        """He et al. 2015; the last layer smaller, so that the first painting is grey and no tanh is stuck at its end."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        self.leave.weight.data.mul_(0.3)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]


class _Layer(nn.Module):
    """A convolution and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, size=size, stride=stride)
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None) -> Tensor:
        return self.normalization(self.convolution(x), style_weights)


class _Block(nn.Module):
    """A residual block without a ReLU behind the sum."""

    def __init__(self, record: JohnsonRecord, channels: int) -> None:
        super().__init__()
        self.first = _Layer(record, channels, channels)
        self.second = _Layer(record, channels, channels)

    def forward(self, x: Tensor, style_weights: Tensor | None) -> Tensor:
        return x + self.second(functional.relu(self.first(x, style_weights), inplace=True), style_weights)


class _Doubling(nn.Module):
    """From a map to one of twice its size, and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int) -> None:
        super().__init__()
        self.transposed = record.upsampling == "transposed"
        self.convolution = (
            nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, bias=False) if self.transposed else _convolution(inputs, outputs)
        )
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None) -> Tensor:
        if self.transposed:
            # Every second row and column takes from two positions, the last one from one that is outside.
            height, width = x.shape[2:]
            x = self.convolution(functional.pad(x, (0, 1, 0, 1), mode="reflect"))[:, :, : 2 * height, : 2 * width]
        else:
            x = self.convolution(functional.interpolate(x, scale_factor=2, mode="nearest"))
        return self.normalization(x, style_weights)


def _convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, padding_mode="reflect", bias=bias)
