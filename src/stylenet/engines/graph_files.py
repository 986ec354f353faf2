"""Built-in ONNX graphs without weights, and the weights that they need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from stylenet.errors import WeightsError
from stylenet.networks.file_arrays import Array
from stylenet.networks.slim_geometry import of_pixels

GraphName = Literal["slim-body", "slim-head", "compact"]


@dataclass(frozen=True, kw_only=True)
class BareGraph:
    """A graph that receives its weights when a session is created.

    Attributes:
        data: Content of the ONNX file.
        weights: Shapes of the weights by name: `enter.weight`, or `enter.weight|4` for kernels over blocks of 4 x 4 pixels that have to be
            converted to kernels over pixels.
    """

    data: bytes
    weights: Mapping[str, tuple[int, ...]]

    def select_weights(self, arrays: Mapping[str, Array], where: object) -> dict[str, Array]:
        """The weights of the graph, selected from the tensors of a network.

        Args:
            arrays: Tensors by their names in the network's state dict.
            where: File of the network, for error messages.

        Raises:
            WeightsError: a tensor is missing or has another shape.
        """
        weights = {}
        for weight, shape in self.weights.items():
            name, _, block = weight.partition("|")
            if name not in arrays:
                raise WeightsError(f"'{where}' does not match its card: {name} is missing")
            value = arrays[name]
            if block and value.ndim == 4 and value.shape[1] == 3 * int(block) ** 2:
                value = of_pixels(value, int(block))
            if value.shape != shape:
                raise WeightsError(f"'{where}' does not match its card: {name} has shape {value.shape}, expected {shape}")
            weights[weight] = value
        return weights


@cache
def bare_graph(name: GraphName) -> BareGraph:
    """A built-in graph.

    Raises:
        WeightsError: the installation is damaged.
    """
    folder = resources.files("stylenet.engines") / "graphs"
    try:
        shapes = json.loads((folder / "weights.json").read_text(encoding="utf-8"))[name]
        data = (folder / f"{name}.onnx").read_bytes()
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(f"the graph '{name}' is missing or damaged ({error}); reinstall stylenet") from None
    return BareGraph(data=data, weights=MappingProxyType({weight: tuple(shape) for weight, shape in shapes.items()}))
