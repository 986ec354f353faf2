"""An ONNX graph, written operator by operator, and the operators that networks are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from stylenet.extras import require
from stylenet.networks.slim_geometry import of_pixels

OPSET = 17
"""Of 2022: old enough for every runtime of today, and it has all that is needed."""

IR_VERSION = 8
"""The one that belongs to the opset."""


class Graph:
    """Operators, one after the other. A value goes by its name."""

    def __init__(self) -> None:
        self._onnx: Any = require("onnx", "writing ONNX files")
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

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

    def weight(self, parameter: Tensor, arranged: Tensor | None = None) -> str:
        """A parameter of the network; `arranged` is what the graph computes with where that is another order of the same numbers."""
        return self.constant(parameter if arranged is None else arranged)

    def output(self, value: str, name: str, shape: Sequence[int | str], meaning: str) -> None:
        """Make what an operator made, `value`, an output called `name`."""
        for node in self._nodes:
            for names in (node.input, node.output):
                for place, used in enumerate(names):
                    if used == value:
                        names[place] = name
        self._outputs.append(self._value(name, shape, meaning))

    def model(self, facts: Mapping[str, str]) -> Any:
        """The graph as onnx holds one, checked.

        Raises:
            onnx.checker.ValidationError: it is no graph; a fault of this package.
        """
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "stylenet", self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            producer_name="stylenet",
            doc_string="\n".join(f"{value.name}: {value.doc_string}" for value in (*self._inputs, *self._outputs)),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, dict(facts))
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def written(self, facts: Mapping[str, str]) -> bytes:
        """The graph's file, the same bytes every time."""
        return cast(bytes, self.model(facts).SerializeToString(deterministic=True))

    def _value(self, name: str, shape: Sequence[int | str], meaning: str) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, shape, doc_string=meaning)


def convolved(graph: Graph, x: str, convolution: nn.Conv2d, *, borders: bool = True) -> str:
    """A convolution; without `borders`, zeros stand beyond them in place of what the network sees there."""
    rows, columns = cast("tuple[int, int]", convolution.padding)
    if borders and convolution.padding_mode != "zeros":
        mode = {"reflect": "reflect", "replicate": "edge"}[convolution.padding_mode]
        x = graph("Pad", x, graph.constant([0, 0, rows, columns, 0, 0, rows, columns]), mode=mode)
        rows = columns = 0
    weights = [graph.weight(value) for value in (convolution.weight, convolution.bias) if value is not None]
    pads = [rows, columns, rows, columns]
    return graph("Conv", x, *weights, strides=list(convolution.stride), pads=pads, group=convolution.groups)


def of_blocks(graph: Graph, image: str, convolution: nn.Conv2d, block: int) -> str:
    """A convolution of blocks of pixels as one of pixels: channel (c, i, j) at position (y, x) is color c at (block y + i, block x + j)."""
    kernels = torch.from_numpy(of_pixels(convolution.weight.detach().numpy(), block))
    weights = graph.weight(convolution.weight, kernels), graph.weight(cast(Tensor, convolution.bias))
    return graph("Conv", image, *weights, strides=[block] * 2)


def linear(graph: Graph, x: str, weight: Tensor, bias: Tensor) -> str:
    return graph("Gemm", x, graph.constant(weight), graph.constant(bias), transB=1)


def silu(graph: Graph, x: str) -> str:
    return graph("Mul", x, graph("Sigmoid", x))
