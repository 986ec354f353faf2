"""A network as an ONNX graph: it paints wherever onnxruntime runs, in a browser too, without torch.

The graph is written operator by operator, not traced. A trace fixes what the network decides in Python by the picture's size (whether its
border is reflected, how much is cut away), and spells pixel shuffling and moments as dozens of reshapes. Here sizes are computed in the
graph, and every operator is one that onnxruntime-web has: all for WebAssembly, those that work on pixels for WebGPU too. That graph and
network say the same is not hoped for: who exports compares them (`workflows/exporting.py`).

Where a graph is not the network line by line:

- The slim network's pixel unshuffles and the 3 x 3 convolutions behind them are one convolution each, of 12 x 12 pixels in steps of 4 and
  of 6 x 6 in steps of 2; the noise's blurs carry their gains.
- Knobs are never one long row: the scale and the shift of each normalization are products of their own, and nothing has to be cut out.
- What a painting's description alone decides is computed here, where the painting is known.
- Below the least strength that networks know the photo shines through, as it does in the recipes.

References:
    The ONNX specification, opset 17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stylenet.networks.base import Network
from stylenet.networks.onnx_graph import OPSET as OPSET
from stylenet.networks.onnx_graph import Graph


def to_onnx(network: Network[Any], *, description: Tensor | None = None, facts: Mapping[str, str] | None = None) -> bytes:
    """The file of an ONNX graph that paints as `network` does.

    Inputs, all float32, are `image`, a photo (1, 3, H, W) in 0..1 of any size from one pixel up; of slim networks also `noise`, white, of
    shape (1, 1, H, W), mean 0 and deviation 1, and `strength`, shape (1,), 0..100; of the network of every style also `style`, shape
    (1, D), as `StyleCoder.describe` gives it. The output is `painting`, (1, 3, H, W) in 0..1; of a network that enlarges, (1, 3, 4 H, 4 W).

    Args:
        network: A `SlimNet` of one painting, an `InstantNet`, or a `JohnsonNet` of one style, in float32 on the processor.
        description: Of the painting that an `InstantNet` shall paint after, shape (1, D): it becomes part of the graph, and `style` is no
            input.
        facts: What the file says of itself, by name.

    Raises:
        UsageError: the package onnx is missing.
        WeightsError: no graph is known for this kind of network.
        ShapeError: `description` is not one of this network.
    """
    graph = Graph()
    image = graph.input("image", (1, 3, "height", "width"), "a photo: RGB, sRGB-encoded, 0..1, of any size")
    painting = network.to_graph(graph, image, description=description)
    graph.output(painting, "painting", (1, 3, "painting_height", "painting_width"), "like the photo")
    return graph.written(facts or {})


class Painter:
    """An ONNX file as onnxruntime paints with it, on the processor.

    Args:
        data: Of the file.
        threads: 0: as many as there are cores.

    Attributes:
        inputs: Shapes by name; a free side is a word.
    """

    def __init__(self, data: bytes, *, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.inputs: Mapping[str, Sequence[int | str]] = {value.name: value.shape for value in self._session.get_inputs()}

    def __call__(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The painting."""
        (painting,) = self._session.run(["painting"], {name: value.numpy() for name, value in inputs.items()})
        return torch.from_numpy(painting)
