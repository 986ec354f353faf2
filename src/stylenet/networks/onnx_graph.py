"""Builder for ONNX graphs, and the operators that networks consist of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from stylenet.extras import require
from stylenet.networks.slim_geometry import of_pixels

OPSET = 17
"""Released in 2022: supported by all current runtimes, and has all the operators needed."""

IR_VERSION = 8
"""IR version of the opset."""


class Graph:
    """Builder for an ONNX graph. Calling it adds an operator; values are represented by their names."""

    def __init__(self) -> None:
        self._onnx: Any = require("onnx", "writing ONNX files")
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator and return the name of its output."""
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def input(self, name: str, shape: Sequence[int | str], meaning: str) -> str:
        """Add a float32 input and return its name; strings in `shape` are dynamic dimensions."""
        self._inputs.append(self._value(name, shape, meaning))
        return name

    def constant(self, value: Tensor | float | int | list[int]) -> str:
        """Add a constant and return its name: tensors and floats as float32, integers as int64."""
        tensor = value.float() if isinstance(value, Tensor) else torch.tensor(value)
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(tensor.detach().contiguous().numpy(), name))
        return name

    def weight(self, parameter: Tensor, arranged: Tensor | None = None) -> str:
        """Add a parameter of the network and return its name; `arranged` is the parameter in the layout that the graph needs."""
        return self.constant(parameter if arranged is None else arranged)

    def output(self, value: str, name: str, shape: Sequence[int | str], meaning: str) -> None:
        """Make `value` an output of the graph and rename it to `name`."""
        for node in self._nodes:
            for names in (node.input, node.output):
                for place, used in enumerate(names):
                    if used == value:
                        names[place] = name
        self._outputs.append(self._value(name, shape, meaning))

    def model(self, facts: Mapping[str, str]) -> Any:
        """The graph as a checked ONNX model.

        Raises:
            onnx.checker.ValidationError: the graph is invalid, which is a bug in this package.
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
        """The serialized model, byte for byte reproducible."""
        return cast(bytes, self.model(facts).SerializeToString(deterministic=True))

    def _value(self, name: str, shape: Sequence[int | str], meaning: str) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, shape, doc_string=meaning)


def convolved(graph: Graph, x: str, convolution: nn.Conv2d, *, borders: bool = True) -> str:
    """Add a convolution; with `borders=False`, its padding is zeros instead of the network's padding mode."""
    rows, columns = cast("tuple[int, int]", convolution.padding)
    if borders and convolution.padding_mode != "zeros":
        mode = {"reflect": "reflect", "replicate": "edge"}[convolution.padding_mode]
        x = graph("Pad", x, graph.constant([0, 0, rows, columns, 0, 0, rows, columns]), mode=mode)
        rows = columns = 0
    weights = [graph.weight(value) for value in (convolution.weight, convolution.bias) if value is not None]
    pads = [rows, columns, rows, columns]
    return graph("Conv", x, *weights, strides=list(convolution.stride), pads=pads, group=convolution.groups)


def of_blocks(graph: Graph, image: str, convolution: nn.Conv2d, block: int) -> str:
    """Add a convolution of blocks of pixels as a strided convolution of pixels.

    Channel (c, i, j) at position (y, x) is color c of the pixel at (block y + i, block x + j).
    """
    kernels = torch.from_numpy(of_pixels(convolution.weight.detach().numpy(), block))
    weights = graph.weight(convolution.weight, kernels), graph.weight(cast(Tensor, convolution.bias))
    return graph("Conv", image, *weights, strides=[block] * 2)


def linear(graph: Graph, x: str, weight: Tensor, bias: Tensor) -> str:
    return graph("Gemm", x, graph.constant(weight), graph.constant(bias), transB=1)


def silu(graph: Graph, x: str) -> str:
    return graph("Mul", x, graph("Sigmoid", x))
