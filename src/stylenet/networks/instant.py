"""The network for arbitrary styles: a coder that reads the statistics of a style image, and the slim network that paints."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.base import Network, PassSettings
from stylenet.networks.coder import StyleCoder
from stylenet.networks.onnx_graph import Graph, linear, silu
from stylenet.networks.registry import registered
from stylenet.networks.slim import SlimNet
from stylenet.networks.slim_graph import Knobs, faded_graph, noise_input, normalized_strength, slim_graph, strength_input
from stylenet.networks.tiles import Geometry


@registered("instant")
class InstantNet(Network[SlimRecord]):
    """Coder and slim network.

    Args:
        record: Architecture of both; `code` is at least 1.
    """

    has_strengths = True
    paints_small_first = True
    optimizer = "muon"
    stored_bits = 8

    def __init__(self, record: SlimRecord) -> None:
        super().__init__(record)
        self.painter = SlimNet(record)
        self.coder = StyleCoder(self.painter)

    @classmethod
    def bytes_per_px(cls, record: SlimRecord, value_bytes: int) -> float:
        """See `SlimNet.bytes_per_px`."""
        return SlimNet.bytes_per_px(record, value_bytes)

    @classmethod
    def geometry(cls, record: SlimRecord, height: int, width: int) -> Geometry:
        """See `SlimNet.geometry`."""
        return SlimNet.geometry(record, height, width)

    def forward(self, image: Tensor, noise: Tensor, description: Tensor, strength: Tensor) -> Tensor:
        """Paintings, (B, 3, H, W) in 0..1, of photos in the styles given by descriptions (`StyleCoder.describe`), at strengths (B,)."""
        return self.painter(image, noise, self.coder(description, strength))

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting in the style of `settings.description`.

        Raises:
            ShapeError: `settings.description` is missing or does not fit this network.
        """
        description = self._checked(settings.description)

        def knobs(strength: float, size: tuple[int, int]) -> Tensor:
            return cast(Tensor, self.coder(description, torch.tensor([strength], dtype=torch.float32, device=description.device)))

        return self.painter.paint_with(knobs, photo, settings)

    def to_graph(self, graph: Graph, image: str, *, description: Tensor | None = None) -> str:
        """Add the operators for the style of `description` or, if it is None, of a further input `style`."""
        noise, strength = noise_input(graph), strength_input(graph)
        knobs = self._knobs_graph(graph, strength, description)
        return faded_graph(graph, slim_graph(graph, self.painter, image, noise=noise, knobs=knobs), image, strength)

    def _knobs_graph(self, graph: Graph, strength: str, description: Tensor | None) -> Knobs:
        """`StyleCoder.forward`."""
        coder = self.coder
        offset = normalized_strength(graph, strength, 25.0)  # same unit as in `StyleCoder`
        style_weights, strength_weights = coder.hidden.weight[:, :-1], coder.hidden.weight[:, -1]
        if description is None:
            style = graph.input("style", (1, coder.description_size), "description of a style image, computed by StyleNet")
            sums = linear(graph, style, style_weights, coder.hidden.bias)
        else:
            sums = graph.constant(self._checked(description) @ style_weights.T + coder.hidden.bias)
        bounded = _between(graph, sums, coder.hidden_low, coder.hidden_high)
        hidden = silu(graph, graph("Add", bounded, graph("Mul", offset, graph.constant(strength_weights[None]))))
        codes = _between(graph, linear(graph, hidden, coder.code.weight, coder.code.bias), coder.code_low, coder.code_high)
        code = silu(graph, codes)
        return lambda begin, end: linear(graph, code, coder.knobs.weight[begin:end], coder.knobs.bias[begin:end])

    def _checked(self, description: Tensor | None) -> Tensor:
        expected = (1, self.coder.description_size)
        if description is None or description.shape != expected:
            given = None if description is None else tuple(description.shape)
            raise ShapeError(f"style descriptions of this network have shape {expected}; got {given}")
        return description


def _between(graph: Graph, x: str, low: Tensor, high: Tensor) -> str:
    """Values (1, C), clipped to the bounds (C) of each channel."""
    return graph("Min", graph("Max", x, graph.constant(low)), graph.constant(high))
