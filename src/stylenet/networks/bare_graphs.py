"""Graphs without weights: what onnxruntime computes with the weights of a network's own file.

A weight is declared as external: by its name in the network's state dict, its shape, and a place in a file `weights` that nobody writes.
It would hold all of them in float32, one behind the other in the order of the graph's initializers: a page hands them to onnxruntime-web
as one buffer; `engines` hands them over one by one. Where the graph computes with blocks of pixels (`slim_geometry.of_pixels`), the name
is `enter.weight|4`: the block's side stands behind the bar.

The slim network is two graphs, so that a large picture is looked at once and painted by pieces. Both are for the standard record: other
widths make other shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.networks import SlimRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import WeightsError
from stylenet.networks.onnx_graph import Graph, convolved
from stylenet.networks.slim import SlimNet
from stylenet.networks.slim_geometry import APRON_PX, HALF, SHUFFLE, knob_count
from stylenet.networks.slim_graph import mirrored, slim_body, slim_head, wrapped

WEIGHTS = "weights"
"""The file that the places of weights are in."""


class BareGraph(Graph):
    """A graph that declares its network's parameters and does not hold them.

    Args:
        network: Whose parameters they are.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._names = {id(parameter): name for name, parameter in network.named_parameters()}
        self._places: dict[str, int] = {}
        self._bytes = 0

    def weight(self, parameter: Tensor, arranged: Tensor | None = None) -> str:
        """The name of a parameter, which is declared."""
        name = self._names[id(parameter)]
        values = parameter
        if arranged is not None:
            name, values = f"{name}|{arranged.shape[-1] // parameter.shape[-1]}", arranged
        self._constants.append(self._onnx.numpy_helper.from_array(values.detach().contiguous().numpy(), name))
        self._places[name], self._bytes = self._bytes, self._bytes + 4 * values.numel()
        return name

    def model(self, facts: Mapping[str, str]) -> Any:
        """The graph as onnx holds one, checked while the weights are in it."""
        model = super().model(facts)
        for value in model.graph.initializer:
            if value.name in self._places:
                self._onnx.external_data_helper.set_external_data(
                    value, WEIGHTS, offset=self._places[value.name], length=len(value.raw_data)
                )
                value.ClearField("raw_data")
        return model


def body_graph(record: SlimRecord) -> bytes:
    """From `image` (1, 3, H, W), `noise` (1, 1, H, W) and `knobs` (1, K) to `features` (1, 24, h, w) at a quarter of the framed size."""
    network = SlimNet(record)
    graph = BareGraph(network)
    image = graph.input("image", (1, 3, "height", "width"), "a photo: RGB, sRGB-encoded, 0..1, of any size")
    noise = graph.input("noise", (1, 1, "height", "width"), "white noise, as large as the photo: mean 0, deviation 1")
    knobs = graph.input("knobs", (1, knob_count(record)), "of a style at a strength, from its network")

    def piece(begin: int, end: int) -> str:
        return graph("Slice", knobs, graph.constant([begin]), graph.constant([end]), graph.constant([1]))

    features = slim_body(graph, network, mirrored(graph, image), noise=wrapped(graph, noise), knobs=piece)
    graph.output(features, "features", (1, HALF, "rows", "columns"), "of the photo in its frame, at a quarter of the size")
    return graph.written({"part": "body"})


def head_graph(record: SlimRecord) -> bytes:
    """From `features` (1, 24, h, w) and the framed `photo` (1, 3, 4 h + 8, 4 w + 8) of any part to its `painting` (1, 3, 4 h, 4 w)."""
    network = SlimNet(record)
    graph = BareGraph(network)
    features = graph.input("features", (1, HALF, "rows", "columns"), "of a part, as slim-body gives them")
    around = f"{SHUFFLE} times the features and {APRON_PX} pixels more on each side"
    photo = graph.input("photo", (1, 3, "photo_height", "photo_width"), f"that part of the framed photo: {around}")
    painting = slim_head(graph, network, features, photo)
    graph.output(
        painting, "painting", (1, 3, "painting_height", "painting_width"), f"of the part, {SHUFFLE} times as large as the features"
    )
    return graph.written({"part": "head"})


def encoder_graph(record: EncoderRecord, layers: tuple[str, ...]) -> bytes:
    """From a picture `image` (1, 3, H, W) to the features of `layers`, (1, C, h, w) each, by their names, nothing behind the deepest.

    Raises:
        WeightsError: the encoder pads, pools or rounds otherwise than the ones that were published.
    """
    if (record.padding, record.pooling, record.rounding, record.pooling_scale) != ("zeros", "max", "down", 1.0):
        raise WeightsError(f"encoder '{record.name}' has no graph: only those that pad with zeros and take maxima have")
    network = VggEncoder(record)
    graph = BareGraph(network)
    image = graph.input("image", (1, 3, "height", "width"), "a picture: RGB, sRGB-encoded, 0..1")
    x = _preprocessed(graph, network, image)
    for name in record.layers[: max(record.layers.index(layer) for layer in layers) + 1]:
        if name.startswith("conv"):
            weights = [graph.weight(value) for value in network.get_submodule(name).parameters()]
            x = graph("Conv", x, *weights, pads=[1, 1, 1, 1])
            if name in record.ranks:
                x = convolved(graph, x, cast(nn.Conv2d, network.get_submodule(f"{name}_expand")))
        elif name.startswith("relu"):
            x = graph("Relu", x)
        else:
            x = graph("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        if name in layers:
            graph.output(x, name, (1, record.widths[name.replace("relu", "conv")], f"{name}_rows", f"{name}_columns"), "features")
            x = name
    return graph.written({"encoder": record.name})


def _preprocessed(graph: Graph, network: VggEncoder, image: str) -> str:
    """`VggEncoder.preprocess`."""
    preprocessing = network.record.preprocessing
    if preprocessing.channel_order == "bgr":
        image = graph("Gather", image, graph.constant([2, 1, 0]), axis=1)
    if preprocessing.scale != 1.0:
        image = graph("Mul", image, graph.constant(preprocessing.scale))
    centered = graph("Sub", image, graph.constant(network.mean))
    return centered if preprocessing.std == (1.0, 1.0, 1.0) else graph("Div", centered, graph.constant(network.std))
