"""Export networks to ONNX, to run them without torch wherever onnxruntime runs, browsers included.

The graph is built operator by operator, not traced. A trace would freeze everything that the network decides in Python from the size of
the picture (whether its border is reflected, how much is cropped), and turn pixel shuffling and moments into dozens of reshapes. Here
sizes are computed in the graph, and only operators of onnxruntime-web are used: all run in WebAssembly, and those on pixels in WebGPU
too. The export job (`workflows/exporting.py`) compares the results of graph and network.

Differences between graph and network:

- In the slim network, each pixel unshuffle and the 3 x 3 convolution after it are one convolution, of 12 x 12 pixels with stride 4 or
  6 x 6 with stride 2; the noise's blurs include their gains.
- Knobs are never concatenated: the scale and the shift of each normalization are matrix products of their own, and no slicing is needed.
- Everything that depends only on the description of the style image is computed at export, if the description is given.
- Below the lowest strength used in training, the result is blended with the photo, as in the recipes.

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
    """The ONNX file of `network`.

    All inputs are float32: `image`, a photo (1, 3, H, W) in 0..1 of any size from one pixel up; for slim networks also `noise`, white, of
    shape (1, 1, H, W), mean 0 and deviation 1, and `strength`, shape (1,), 0..100; for an `InstantNet` also `style`, shape (1, D), as
    returned by `StyleCoder.describe`. The output is `painting`, (1, 3, H, W) in 0..1, or (1, 3, 4 H, 4 W) for a network that enlarges.

    Args:
        network: A `SlimNet` of one style, an `InstantNet`, or a `JohnsonNet` of one style, in float32 on the CPU.
        description: Style description for an `InstantNet`, shape (1, D). It is built into the graph, which then has no input `style`.
        facts: Metadata properties of the file.

    Raises:
        UsageError: the package onnx is missing.
        WeightsError: ONNX export is not supported for this kind of network.
        ShapeError: `description` does not fit this network.
    """
    graph = Graph()
    image = graph.input("image", (1, 3, "height", "width"), "a photo: RGB, sRGB-encoded, 0..1, of any size")
    painting = network.to_graph(graph, image, description=description)
    graph.output(painting, "painting", (1, 3, "painting_height", "painting_width"), "like the photo")
    return graph.written(facts or {})


class Painter:
    """An exported ONNX file, run with onnxruntime on the CPU.

    Args:
        data: Content of the file.
        threads: Number of threads; 0: one per core.

    Attributes:
        inputs: Shapes by name; dynamic dimensions are strings.
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
