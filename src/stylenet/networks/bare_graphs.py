"""ONNX graphs without weights: onnxruntime runs them with the weights of a network's own file.

Each weight is declared as external data: its name in the network's state dict, its shape, and an offset into a file `weights` that is
never written. That file would hold all weights in float32, in the order of the graph's initializers. The page passes them to
onnxruntime-web as one buffer; `engines` passes them one by one. Where the graph convolves pixels instead of blocks of pixels
(`slim_geometry.of_pixels`), the name is `enter.weight|4`, with the side of the block after the bar.

The slim network is split into two graphs, so that a large picture runs through the first one whole and through the second one tile by
tile. Both graphs are for the standard record: other widths have other shapes.
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
"""The external data file that offsets refer to; it does not exist."""


class BareGraph(Graph):
    """A graph that declares the parameters of a network without their values.

    Args:
        network: The network to take the parameters from.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._names = {id(parameter): name for name, parameter in network.named_parameters()}
        self._offsets: dict[str, int] = {}
        self._bytes = 0

    def weight(self, parameter: Tensor, arranged: Tensor | None = None) -> str:
        """Declare a parameter and return its name."""
        name = self._names[id(parameter)]
        values = parameter
        if arranged is not None:
            name, values = f"{name}|{arranged.shape[-1] // parameter.shape[-1]}", arranged
        self._constants.append(self._onnx.numpy_helper.from_array(values.detach().contiguous().numpy(), name))
        self._offsets[name], self._bytes = self._bytes, self._bytes + 4 * values.numel()
        return name

    def model(self, facts: Mapping[str, str]) -> Any:
        """The graph as an ONNX model, checked while it still holds the weights."""
        model = super().model(facts)
        for value in model.graph.initializer:
            if value.name in self._offsets:
                self._onnx.external_data_helper.set_external_data(
                    value, WEIGHTS, offset=self._offsets[value.name], length=len(value.raw_data)
                )
                value.ClearField("raw_data")
        return model


def body_graph(record: SlimRecord) -> bytes:
    """The ONNX file of the slim network's body.

    It maps `image` (1, 3, H, W), `noise` (1, 1, H, W) and `knobs` (1, K) to `features` (1, 24, h, w) at a quarter of the framed size.
    """
    network = SlimNet(record)
    graph = BareGraph(network)
    image = graph.input("image", (1, 3, "height", "width"), "a photo: RGB, sRGB-encoded, 0..1, of any size")
    noise = graph.input("noise", (1, 1, "height", "width"), "white noise, as large as the photo: mean 0, deviation 1")
    knobs = graph.input("knobs", (1, knob_count(record)), "of a style at a strength, from its network")

    def knobs_slice(begin: int, end: int) -> str:
        return graph("Slice", knobs, graph.constant([begin]), graph.constant([end]), graph.constant([1]))

    features = slim_body(graph, network, mirrored(graph, image), noise=wrapped(graph, noise), knobs=knobs_slice)
    graph.output(features, "features", (1, HALF, "rows", "columns"), "of the photo in its frame, at a quarter of the size")
    return graph.written({"part": "body"})


def head_graph(record: SlimRecord) -> bytes:
    """The ONNX file of the slim network's head.

    It maps `features` (1, 24, h, w) and the framed `photo` (1, 3, 4 h + 8, 4 w + 8) of any tile to its `painting` (1, 3, 4 h, 4 w).
    """
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
    """The ONNX file of an encoder up to the deepest of `layers`.

    It maps a picture `image` (1, 3, H, W) to the features of `layers`, (1, C, h, w) each, named after their layers.

    Raises:
        WeightsError: the encoder's padding, pooling or rounding differs from that of the published VGG networks.
    """
    if (record.padding, record.pooling, record.rounding, record.pooling_scale) != ("zeros", "max", "down", 1.0):
        raise WeightsError(f"encoder '{record.name}' cannot be exported to ONNX; supported: encoders with zero padding and max pooling")
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
