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

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError, UsageError, WeightsError
from stylenet.networks import johnson, normalization, slim
from stylenet.networks.instant import InstantNet

OPSET = 17
"""Of 2022: old enough for every runtime of today, and it has all that is needed."""

_IR_VERSION = 8
"""The one that belongs to the opset."""

_INT64 = 7
"""ONNX' number of the type."""

_Knobs = Callable[[int, int], str]
"""The knobs from one place to another, as a value of shape (1, places)."""


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
    graph = _Graph()
    image = graph.input("image", (1, 3, "height", "width"), "a photo: RGB, sRGB-encoded, 0..1, of any size")
    match network:
        case slim.SlimNet(record=SlimRecord(code=0)):
            noise, strength = _noise(graph), _strength(graph)
            _faded(graph, _slim(graph, network, image, noise=noise, knobs=_own_knobs(graph, network, strength)), image, strength)
        case InstantNet():
            noise, strength = _noise(graph), _strength(graph)
            knobs = _coded_knobs(graph, network, strength, description)
            _faded(graph, _slim(graph, network.painter, image, noise=noise, knobs=knobs), image, strength)
        case johnson.JohnsonNet() if network.record.styles == 1 and not network.record.residual:
            _johnson(graph, network, image)
        case _:
            raise WeightsError(
                "this network has no ONNX graph; the slim ones, the network of every style, and Johnson's that paint one style have"
            )
    return graph.written(facts or {})


class Painter:
    """An ONNX file as onnxruntime paints with it, on the processor.

    Args:
        data: Of the file.
        threads: 0: as many as there are cores.

    Attributes:
        inputs: Shapes by name; a free side is a word.

    Raises:
        UsageError: the package onnxruntime is missing.
    """

    def __init__(self, data: bytes, *, threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise _missing("onnxruntime") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.inputs: Mapping[str, Sequence[int | str]] = {value.name: value.shape for value in self._session.get_inputs()}

    def __call__(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The painting."""
        (painting,) = self._session.run(["painting"], {name: value.numpy() for name, value in inputs.items()})
        return torch.from_numpy(painting)


class _Graph:
    """Operators, one after the other. A value goes by its name."""

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError:
            raise _missing("onnx") from None
        self._onnx: Any = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """What an operator makes of `inputs`."""
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def input(self, name: str, shape: Sequence[int | str], meaning: str) -> str:
        """An input of the graph, float32; a side with a word is free."""
        self._inputs.append(self._value(name, shape, meaning))
        return name

    def constant(self, value: Tensor | float | int | list[int]) -> str:
        """Weights or a number in float32; a whole number or a row of them in 64 bits."""
        tensor = value.float() if isinstance(value, Tensor) else torch.tensor(value)
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(tensor.detach().contiguous().numpy(), name))
        return name

    def written(self, facts: Mapping[str, str]) -> bytes:
        """The graph's file; what the last operator makes is its output.

        Raises:
            onnx.checker.ValidationError: it is no graph; a fault of this module.
        """
        helper = self._onnx.helper
        self._nodes[-1].output[0] = "painting"
        output = self._value("painting", (1, 3, "painting_height", "painting_width"), "like the photo")
        graph = helper.make_graph(self._nodes, "stylenet", self._inputs, [output], self._constants)
        model = helper.make_model(
            graph,
            producer_name="stylenet",
            doc_string="\n".join(f"{value.name}: {value.doc_string}" for value in (*self._inputs, output)),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
        )
        helper.set_model_props(model, dict(facts))
        self._onnx.checker.check_model(model, full_check=True)
        return cast(bytes, model.SerializeToString(deterministic=True))

    def _value(self, name: str, shape: Sequence[int | str], meaning: str) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, shape, doc_string=meaning)


def _noise(graph: _Graph) -> str:
    return graph.input("noise", (1, 1, "height", "width"), "white noise, as large as the photo: mean 0, deviation 1")


def _strength(graph: _Graph) -> str:
    """The strength as the network was taught it: `slim.taught_strength`."""
    strength = graph.input("strength", (1,), "0 (the photo) to 100 (the painting); 50 is usual")
    above = graph("Relu", graph("Sub", graph("Mul", strength, graph.constant(0.6)), graph.constant(30.0)))
    return graph("Sub", graph("Mul", strength, graph.constant(1.3)), above)


def _own_knobs(graph: _Graph, network: slim.SlimNet, strength: str) -> _Knobs:
    """The knobs of a network of one painting: `SlimNet.knobs_at`."""
    low, usual, high = slim.STRENGTHS
    place = _place(graph, strength, 1.0)
    low_share = graph("Div", graph("Relu", graph("Neg", place)), graph.constant(usual - low))
    high_share = graph("Div", graph("Relu", place), graph.constant(high - usual))
    usual_share = graph("Sub", graph("Sub", graph.constant(1.0), low_share), high_share)
    shares = graph("Concat", low_share, usual_share, high_share, axis=1)
    return lambda begin, end: graph("MatMul", shares, graph.constant(network.knobs[:, begin:end]))


def _coded_knobs(graph: _Graph, network: InstantNet, strength: str, description: Tensor | None) -> _Knobs:
    """The knobs of the network of every style: `StyleCoder.forward`."""
    coder = network.coder
    place = _place(graph, strength, 25.0)  # as the coder is told of it
    if description is None:
        style = graph.input("style", (1, coder.description_size), "a painting's description, as StyleNet makes it")
        described = graph("Concat", style, place, axis=1)
        hidden = _linear(graph, described, coder.hidden.weight, coder.hidden.bias)
    elif description.shape != (1, coder.description_size):
        raise ShapeError(f"a painting's description for this network is (1, {coder.description_size}); got {tuple(description.shape)}")
    else:
        of_style, of_strength = coder.hidden.weight[:, :-1], coder.hidden.weight[:, -1]
        hidden = graph("Mul", place, graph.constant(of_strength[None]))
        hidden = graph("Add", hidden, graph.constant(description @ of_style.T + coder.hidden.bias))
    code = _silu(graph, _linear(graph, _silu(graph, hidden), coder.code.weight, coder.code.bias))
    return lambda begin, end: _linear(graph, code, coder.knobs.weight[begin:end], coder.knobs.bias[begin:end])


def _place(graph: _Graph, strength: str, unit: float) -> str:
    """How far a strength is from the usual one, shape (1, 1); those that networks do not know are as their ends."""
    low, usual, high = slim.STRENGTHS
    known = graph("Clip", graph("Reshape", strength, graph.constant([1, 1])), graph.constant(low), graph.constant(high))
    return graph("Div", graph("Sub", known, graph.constant(usual)), graph.constant(unit))


def _slim(graph: _Graph, network: slim.SlimNet, image: str, *, noise: str, knobs: _Knobs) -> str:
    """`SlimNet.forward`."""
    widths, mixed = network._widths, network.record.mixed
    total = sum(widths)
    places = iter(zip(accumulate(widths, initial=0), widths, strict=False))
    mixings = iter(zip(accumulate((2 * mixed * width for width in network._mixings), initial=2 * total), network._mixings, strict=False))

    def normalized(x: str) -> str:
        begin, width = next(places)
        scale, shift = (graph("Reshape", knobs(first, first + width), graph.constant([width])) for first in (begin, total + begin))
        return graph("InstanceNormalization", x, scale, shift, epsilon=normalization._EPSILON)

    def mixed_in(x: str) -> str:
        begin, width = next(mixings)
        middle, end = begin + mixed * width, begin + 2 * mixed * width
        directions = graph("Reshape", knobs(begin, middle), graph.constant([mixed, width, 1, 1]))
        colors = graph("Reshape", knobs(middle, end), graph.constant([mixed, width, 1, 1]))
        return graph("Add", x, graph("Conv", graph("Conv", x, directions), graph("Transpose", colors, perm=[1, 0, 2, 3])))

    def residual(x: str, pair: nn.Module) -> str:
        first, second = cast("tuple[nn.Conv2d, nn.Conv2d]", pair)
        y = graph("Relu", normalized(_convolved(graph, x, first)))
        return graph("Add", x, normalized(_convolved(graph, y, second)))

    framed = _framed(graph, image)
    noises = _noises(graph, network, _framed(graph, noise))
    fine = graph("Relu", normalized(graph("Add", _of_blocks(graph, framed, network.enter, slim.SHUFFLE), noises[0])))
    x = graph("Relu", normalized(graph("Add", _convolved(graph, fine, network.shrink), noises[1])))
    coarse = residual(x, network.before)
    x = graph("Relu", normalized(graph("Add", _convolved(graph, coarse, network.sink), noises[2])))
    for block in cast("Iterable[slim._Wide]", network.blocks):
        wide = graph("Relu", _convolved(graph, normalized(_convolved(graph, x, block.look)), block.widen))
        x = graph("Add", x, _convolved(graph, wide, block.narrow))
    x = graph("Add", coarse, _twice(graph, _convolved(graph, mixed_in(x), network.rise)))
    x = residual(x, network.after)
    x = mixed_in(graph("Add", fine, _twice(graph, _convolved(graph, mixed_in(x), network.grow))))
    x = graph("Relu", residual(x, network.strokes))
    x = graph("LeakyRelu", _twice(graph, _convolved(graph, x, network.leave)), alpha=slim.LEAK)
    grain = _of_blocks(graph, _inner(graph, framed, slim.APRON_PX - 2), network.grain, 2)
    x = graph("Add", x, graph("LeakyRelu", graph("Add", _convolved(graph, x, network.polish), grain), alpha=slim.LEAK))
    pixels = _convolved(graph, _inner(graph, framed, slim.APRON_PX - 1), network.pixels)
    x = graph("LeakyRelu", graph("Add", _twice(graph, _convolved(graph, x, network.finish)), pixels), alpha=slim.LEAK)
    painted = _convolved(graph, x, network.render)
    margin = graph.constant([slim.MARGIN_PX] * 2)
    end = graph("Add", graph("Shape", image, start=2), margin)
    return graph("Sigmoid", graph("Slice", painted, margin, end, graph.constant([2, 3])))


def _noises(graph: _Graph, network: slim.SlimNet, framed: str) -> list[str]:
    """`SlimNet._noise`."""
    added, size = [], _inner(graph, framed, slim.APRON_PX)
    for octave, gain in enumerate(network.gains):
        padded = graph("Pad", size, graph.constant([0, 0, 1, 1, 0, 0, 1, 1]), mode="edge")
        size = graph("Conv", padded, graph.constant(network.blur), strides=[2, 2])
        if octave:
            convolution = cast(nn.Conv2d, network.noises[octave - 1])
            added.append(_convolved(graph, graph("Mul", size, graph.constant(gain)), convolution))
    return added


def _inner(graph: _Graph, framed: str, cut: int) -> str:
    return graph("Slice", framed, graph.constant([cut, cut]), graph.constant([-cut, -cut]), graph.constant([2, 3]))


def _twice(graph: _Graph, x: str) -> str:
    scales = graph.constant(torch.tensor([1.0, 1.0, 2.0, 2.0]))
    return graph("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")


def _johnson(graph: _Graph, network: johnson.JohnsonNet, image: str) -> str:
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
            x = _convolved(graph, x, cast(nn.Conv2d, doubling.convolution))
        x = graph("Relu", _normalized(graph, x, doubling.normalization))
    painted = graph("Mul", _convolved(graph, x, network.leave), graph.constant(2.0))
    end = graph("Mul", graph("Shape", image, start=2), graph.constant([network.record.factor] * 2))
    return graph("Sigmoid", graph("Slice", painted, graph.constant([0, 0]), end, graph.constant([2, 3])))


def _layer(graph: _Graph, x: str, layer: johnson._Layer) -> str:
    return _normalized(graph, _convolved(graph, x, layer.convolution), layer.normalization)


def _normalized(graph: _Graph, x: str, layer: normalization.Normalization) -> str:
    scale, shift = graph.constant(layer.scales[0]), graph.constant(layer.shifts[0])
    if layer.kind == "instance":
        return graph("InstanceNormalization", x, scale, shift, epsilon=normalization._EPSILON)
    moments = graph.constant(layer.running_mean[0]), graph.constant(layer.running_variance[0])
    return graph("BatchNormalization", x, scale, shift, *moments, epsilon=normalization._EPSILON)


def _convolved(graph: _Graph, x: str, convolution: nn.Conv2d) -> str:
    rows, columns = cast("tuple[int, int]", convolution.padding)
    if convolution.padding_mode != "zeros":
        mode = {"reflect": "reflect", "replicate": "edge"}[convolution.padding_mode]
        x = graph("Pad", x, graph.constant([0, 0, rows, columns, 0, 0, rows, columns]), mode=mode)
        rows = columns = 0
    weights = [graph.constant(value) for value in (convolution.weight, convolution.bias) if value is not None]
    pads = [rows, columns, rows, columns]
    return graph("Conv", x, *weights, strides=list(convolution.stride), pads=pads, group=convolution.groups)


def _of_blocks(graph: _Graph, image: str, convolution: nn.Conv2d, block: int) -> str:
    """A convolution of blocks of pixels as one of pixels: channel (c, i, j) at position (y, x) is color c at (block y + i, block x + j)."""
    kernels = convolution.weight.unflatten(1, (3, block, block)).permute(0, 1, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3)
    return graph("Conv", image, graph.constant(kernels), graph.constant(cast(Tensor, convolution.bias)), strides=[block] * 2)


def _linear(graph: _Graph, x: str, weight: Tensor, bias: Tensor) -> str:
    return graph("Gemm", x, graph.constant(weight), graph.constant(bias), transB=1)


def _silu(graph: _Graph, x: str) -> str:
    return graph("Mul", x, graph("Sigmoid", x))


def _faded(graph: _Graph, painted: str, image: str, strength: str) -> str:
    """The photo shines through below the least strength that networks know; at 0 it is all."""
    share = graph("Clip", graph("Div", strength, graph.constant(slim.STRENGTHS[0])), graph.constant(0.0), graph.constant(1.0))
    return graph("Add", image, graph("Mul", graph("Sub", painted, image), share))


def _framed(graph: _Graph, image: str) -> str:
    """The picture with a margin, grown to whole strides.

    Torch pads in one of two ways, chosen by the picture's size; an operator's way is fixed. So the margins are gathered: their pixels lie
    k = 1, 2, ... within the border where it is reflected, and 0 where it is repeated.
    """
    margin, one = slim.FRAME_PX, graph.constant(1)
    sides = graph("Shape", image, start=2)
    large = graph("Less", graph.constant([margin + slim.STRIDE]), sides)
    reflects = graph("ReduceMin", graph("Cast", large, to=_INT64), keepdims=0)
    before = graph("Mul", graph.constant(list(range(margin, 0, -1))), reflects)
    grown = graph("Add", graph("Mod", graph("Neg", sides), graph.constant([slim.STRIDE])), graph.constant([margin]))
    for axis in (0, 1):
        side, added = (graph("Gather", row, graph.constant(axis)) for row in (sides, grown))
        within = graph("Mul", graph("Range", one, graph("Add", added, one), one), reflects)
        after = graph("Sub", graph("Sub", side, one), within)
        margins = [graph("Gather", image, places, axis=2 + axis) for places in (before, after)]
        image = graph("Concat", margins[0], image, margins[1], axis=2 + axis)
    return image


def _missing(package: str) -> UsageError:
    return UsageError(f"ONNX files need the package {package}; install it with: pip install 'stylenet[onnx]'")
