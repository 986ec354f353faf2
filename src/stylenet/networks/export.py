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
from typing import cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError, WeightsError
from stylenet.networks import johnson, normalization, slim, slim_geometry
from stylenet.networks.instant import InstantNet
from stylenet.networks.onnx_graph import OPSET as OPSET
from stylenet.networks.onnx_graph import Graph, convolved, linear, silu
from stylenet.networks.slim_graph import Knobs, slim_graph


def to_onnx(network: nn.Module, *, description: Tensor | None = None, facts: Mapping[str, str] | None = None) -> bytes:
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
    match network:
        case slim.SlimNet(record=SlimRecord(code=0)):
            noise, strength = _noise(graph), _strength(graph)
            painted = slim_graph(graph, network, image, noise=noise, knobs=_own_knobs(graph, network, strength))
            painting = _faded(graph, painted, image, strength)
        case InstantNet():
            noise, strength = _noise(graph), _strength(graph)
            knobs = _coded_knobs(graph, network, strength, description)
            painting = _faded(graph, slim_graph(graph, network.painter, image, noise=noise, knobs=knobs), image, strength)
        case johnson.JohnsonNet() if network.record.styles == 1 and not network.record.residual:
            painting = _johnson(graph, network, image)
        case _:
            raise WeightsError(
                "this network cannot be exported to ONNX; supported: slim networks, the network of every style, Johnson's with one style"
            )
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


def _noise(graph: Graph) -> str:
    return graph.input("noise", (1, 1, "height", "width"), "white noise, as large as the photo: mean 0, deviation 1")


def _strength(graph: Graph) -> str:
    """The strength used in training: `slim.taught_strength`."""
    strength = graph.input("strength", (1,), "0 (the photo) to 100 (the painting); 50 is usual")
    above = graph("Relu", graph("Sub", graph("Mul", strength, graph.constant(0.6)), graph.constant(30.0)))
    return graph("Sub", graph("Mul", strength, graph.constant(1.3)), above)


def _own_knobs(graph: Graph, network: slim.SlimNet, strength: str) -> Knobs:
    """The knobs of a network of one painting: `SlimNet.knobs_at`."""
    low, usual, high = slim_geometry.STRENGTHS
    place = _place(graph, strength, 1.0)
    low_share = graph("Div", graph("Relu", graph("Neg", place)), graph.constant(usual - low))
    high_share = graph("Div", graph("Relu", place), graph.constant(high - usual))
    usual_share = graph("Sub", graph("Sub", graph.constant(1.0), low_share), high_share)
    shares = graph("Concat", low_share, usual_share, high_share, axis=1)
    return lambda begin, end: graph("MatMul", shares, graph.constant(network.knobs[:, begin:end]))


def _coded_knobs(graph: Graph, network: InstantNet, strength: str, description: Tensor | None) -> Knobs:
    """The knobs of the network of every style: `StyleCoder.forward`."""
    coder = network.coder
    place = _place(graph, strength, 25.0)  # as the coder is told of it
    of_style, of_strength = coder.hidden.weight[:, :-1], coder.hidden.weight[:, -1]
    if description is None:
        style = graph.input("style", (1, coder.description_size), "a painting's description, as StyleNet makes it")
        sums = linear(graph, style, of_style, coder.hidden.bias)
    elif description.shape != (1, coder.description_size):
        raise ShapeError(f"a painting's description for this network is (1, {coder.description_size}); got {tuple(description.shape)}")
    else:
        sums = graph.constant(description @ of_style.T + coder.hidden.bias)
    bounded = _between(graph, sums, coder.hidden_low, coder.hidden_high)
    inner = silu(graph, graph("Add", bounded, graph("Mul", place, graph.constant(of_strength[None]))))
    code = silu(graph, _between(graph, linear(graph, inner, coder.code.weight, coder.code.bias), coder.code_low, coder.code_high))
    return lambda begin, end: linear(graph, code, coder.knobs.weight[begin:end], coder.knobs.bias[begin:end])


def _between(graph: Graph, x: str, low: Tensor, high: Tensor) -> str:
    """Values (1, C), each of them within its own bounds (C)."""
    return graph("Min", graph("Max", x, graph.constant(low)), graph.constant(high))


def _place(graph: Graph, strength: str, unit: float) -> str:
    """How far a strength is from the usual one, shape (1, 1); those that networks do not know are as their ends."""
    low, usual, high = slim_geometry.STRENGTHS
    known = graph("Clip", graph("Reshape", strength, graph.constant([1, 1])), graph.constant(low), graph.constant(high))
    return graph("Div", graph("Sub", known, graph.constant(usual)), graph.constant(unit))


def _johnson(graph: Graph, network: johnson.JohnsonNet, image: str) -> str:
    """`JohnsonNet.forward`."""
    lacking = graph("Max", graph("Sub", graph.constant([johnson._LEAST_PX]), graph("Shape", image, start=2)), graph.constant(0))
    x = graph("Pad", image, graph("Concat", graph.constant([0] * 6), lacking, axis=0), mode="edge")
    x = graph("Relu", _layer(graph, x, network.enter))
    for layer in network.shrink:
        x = graph("Relu", _layer(graph, x, cast(johnson._Layer, layer)))
    for block in cast("list[johnson._Block]", network.blocks):
        x = graph("Add", x, _layer(graph, graph("Relu", _layer(graph, x, block.first)), block.second))
    for doubling in cast("list[johnson._Doubling]", network.grow):
        if doubling.transposed:
            x = graph("Pad", x, graph.constant([0, 0, 0, 0, 0, 0, 1, 1]), mode="reflect")
            # The last row and column would be cut away; here they are never made.
            x = graph("ConvTranspose", x, graph.constant(doubling.convolution.weight), strides=[2, 2], pads=[1, 1, 2, 2])
        else:
            scales = graph.constant(torch.tensor([1.0, 1.0, 2.0, 2.0]))
            x = graph("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            x = convolved(graph, x, cast(nn.Conv2d, doubling.convolution))
        x = graph("Relu", _normalized(graph, x, doubling.normalization))
    painted = graph("Mul", convolved(graph, x, network.leave), graph.constant(2.0))
    end = graph("Mul", graph("Shape", image, start=2), graph.constant([network.record.factor] * 2))
    return graph("Sigmoid", graph("Slice", painted, graph.constant([0, 0]), end, graph.constant([2, 3])))


def _layer(graph: Graph, x: str, layer: johnson._Layer) -> str:
    return _normalized(graph, convolved(graph, x, layer.convolution), layer.normalization)


def _normalized(graph: Graph, x: str, layer: normalization.Normalization) -> str:
    scale, shift = graph.constant(layer.scales[0]), graph.constant(layer.shifts[0])
    if layer.kind == "instance":
        return graph("InstanceNormalization", x, scale, shift, epsilon=normalization._EPSILON)
    moments = graph.constant(layer.running_mean[0]), graph.constant(layer.running_variance[0])
    return graph("BatchNormalization", x, scale, shift, *moments, epsilon=normalization._EPSILON)


def _faded(graph: Graph, painted: str, image: str, strength: str) -> str:
    """The photo shines through below the least strength that networks know; at 0 it is all."""
    share = graph("Clip", graph("Div", strength, graph.constant(slim_geometry.STRENGTHS[0])), graph.constant(0.0), graph.constant(1.0))
    return graph("Add", image, graph("Mul", graph("Sub", painted, image), share))
