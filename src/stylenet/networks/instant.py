"""The network of every style: a coder that reads a painting's statistics, and the slim network that paints."""

from __future__ import annotations

from torch import Tensor, nn

from stylenet.catalog.networks import SlimRecord
from stylenet.networks.coder import StyleCoder
from stylenet.networks.slim import SlimNet


class InstantNet(nn.Module):
    """Coder and painter.

    Args:
        record: The sizes of their parts; `code` is at least 1.
    """

    def __init__(self, record: SlimRecord) -> None:
        super().__init__()
        self.painter = SlimNet(record)
        self.coder = StyleCoder(self.painter)

    def forward(self, image: Tensor, noise: Tensor, description: Tensor, strength: Tensor) -> Tensor:
        """Paintings, (B, 3, H, W) in 0..1, of photos after described styles (`StyleCoder.describe`), at strengths (B,) in 0..100."""
        return self.painter(image, noise, self.coder(description, strength))
