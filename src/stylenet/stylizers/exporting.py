"""A network becomes an ONNX file, once it was seen to paint as the network does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import torch
from torch import Tensor, nn

import stylenet
from stylenet.catalog.networks import KEY, NetworkCard, find_network
from stylenet.errors import UsageError, WeightsError
from stylenet.image.output import check_output, written_whole
from stylenet.networks.coder import LAYERS
from stylenet.networks.export import opened, to_onnx
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.slim import SlimNet
from stylenet.stylizers.one_pass import faded, looked_at_px
from stylenet.stylizers.sources import StyleSource, open_style
from stylenet.stylizers.stylizer import open_stylizer

MOST_DIFFERENCE = 1e-3
"""Between the paintings of a graph and of its network: a quarter of a step of 8-bit pictures."""

COMPARED_SIZES = ((128, 128), (97, 131), (150, 87), (17, 64), (5, 3))
"""Heights and widths at which a graph is compared: even and odd, landscape and portrait, and so small that borders cannot be reflected."""

COMPARED_STRENGTHS = (0.0, 5.0, 30.0, 50.0, 72.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        path: The file.
        inputs: Names of the graph's inputs.
        difference: Largest one between a pixel of the graph and of the network, of 0..1, at all that was compared.
    """

    path: Path
    inputs: tuple[str, ...]
    difference: float


def export_network(source: str | Path, output: str | Path, *, style: StyleSource | None = None) -> Exported:
    """Write a network as an ONNX file (`networks.export.to_onnx` says what its inputs are), whole or not at all.

    Args:
        source: The name of a network that ships, or a file that `stylenet train` wrote.
        output: Ends in `.onnx`.
        style: For the network of every style: the one that the file shall paint in. Without, a painting's description is an input.

    Raises:
        UsageError: a style is given for a network that has its own, or a package is missing.
        WeightsError: there is no such network, it cannot be exported, or the graph does not paint as it does.
        StyleError, ImageError: the style cannot be opened.
        OutputError: the file cannot be written.
    """
    target = check_output(output, formats={".onnx": "ONNX"})
    network, card = read_network(_file(source))
    if style is not None and not isinstance(network, InstantNet):
        raise UsageError(f"network '{card.name}' paints in its own style; leave --style out, or export the network 'instant'")
    name, description = ("", None) if style is None else _described(cast(InstantNet, network), card, style)
    facts = {KEY: msgspec.json.encode(card).decode(), "stylenet": stylenet.__version__, "style": name, "use": _told(network, description)}
    data = to_onnx(network, description=description, facts=facts)
    difference = largest_difference(data, network, description)
    if not difference <= MOST_DIFFERENCE:  # nor where it is no number
        raise WeightsError(
            f"the ONNX graph of network '{card.name}' paints otherwise than the network, by {difference:.2g} where {MOST_DIFFERENCE:g} is "
            "allowed; nothing was written. Are these the weights of a network that was trained to the end?"
        )
    with written_whole(target) as temporary:
        temporary.write_bytes(data)
    return Exported(path=target, inputs=tuple(_example(network, description, torch.zeros(1, 3, 1, 1), 50.0)), difference=difference)


def largest_difference(data: bytes, network: nn.Module, description: Tensor | None = None) -> float:
    """The largest difference between a pixel of a graph's paintings and of its network's, of 0..1, at five sizes and six strengths.

    Args:
        data: The graph's file.
        network: In float32, on the processor.
        description: Of the painting that is part of the graph; None: descriptions are drawn at random where the graph asks for one.
    """
    paint = opened(data, threads=torch.get_num_threads())
    generator = torch.Generator().manual_seed(0)
    largest = torch.zeros(())
    for height, width in COMPARED_SIZES:
        photo = torch.rand((1, 3, height, width), generator=generator)
        for strength in COMPARED_STRENGTHS if isinstance(network, (SlimNet, InstantNet)) else COMPARED_STRENGTHS[:1]:
            inputs = _example(network, description, photo, strength, generator=generator)
            painted = torch.from_numpy(paint({name: value.numpy() for name, value in inputs.items()}))
            with torch.inference_mode():
                expected = _painted(network, inputs, description, strength)
            largest = torch.maximum(largest, (painted - expected).abs().max())
    return float(largest)


def describe(network: InstantNet, card: NetworkCard, style: StyleSource) -> tuple[str, Tensor]:
    """A style's name and its description for the network of every style, shape (1, D): what its graph takes as `style`.

    Raises:
        WeightsError: the network was trained with other encoder weights than those that ship.
        StyleError, ImageError: the style cannot be opened.
    """
    stylizer = open_stylizer("instant", device="cpu", precision="float32")
    if card.encoder_sha256 != stylizer.encoder.sha256:
        raise WeightsError(
            f"network '{card.name}' was trained with other encoder weights ({card.encoder_sha256[:8]}, here "
            f"{stylizer.encoder.sha256[:8]}): it cannot be told of a style"
        )
    source = open_style(style, stylizer.recipe, stylizer.encoder)
    with torch.inference_mode():
        return source.name, network.coder.describe(source.at(looked_at_px(stylizer.recipe.network.style_px, 1.0), LAYERS))


def _file(source: str | Path) -> Path:
    path = Path(source)
    is_name = path.name == str(source) and not path.suffix and not path.exists()
    return find_network(str(source)) if is_name else path
