"""Exporting networks as ONNX files, after comparing the graph with the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

import stylenet
from stylenet.catalog.networks import KEY, NetworkCard, find_network
from stylenet.catalog.recipes import load_recipe
from stylenet.catalog.styles import built_in_styles
from stylenet.encoders.opening import open_encoder
from stylenet.engines.pictures import measured_style
from stylenet.errors import UsageError, WeightsError
from stylenet.image.output import check_output
from stylenet.networks.base import Network, PassSettings
from stylenet.networks.coder import LAYERS
from stylenet.networks.export import Painter, to_onnx
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import white_noise
from stylenet.storage.atomic import written_whole
from stylenet.styles.compatibility import is_caffe_vgg19
from stylenet.styles.files import read_style
from stylenet.styles.sources import StyleSource
from stylenet.styles.style import Style, moments_at

MAX_DIFFERENCE = 1e-3
"""Largest allowed difference between the results of graph and network: a quarter of an 8-bit level."""

COMPARED_SIZES = ((128, 128), (97, 131), (150, 87), (17, 64), (7, 11))
"""(height, width) of the pictures compared: even and odd, landscape and portrait, and small. Even smaller ones amplify rounding errors."""

COMPARED_STRENGTHS = (0.0, 5.0, 30.0, 50.0, 72.0, 100.0)

_STYLE_PX = 448
"""Square root of the area at which a painting is described: the largest size that is painted without coarser levels."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An exported file.

    Attributes:
        path: The file.
        inputs: Names of the inputs of the graph.
        difference: Largest pixel difference between the results of graph and network, on the scale 0..1.
    """

    path: Path
    inputs: tuple[str, ...]
    difference: float


def export_network(source: str | Path, output: str | Path, *, style: StyleSource | None = None) -> Exported:
    """Write a network as an ONNX file, atomically. `networks.export.to_onnx` documents the inputs.

    Args:
        source: Name of an included network, or a file written by `stylenet train`.
        output: Output file, which ends in `.onnx`.
        style: Only for the network for all styles: the style to store in the file. Without it, the style is an input of the graph.

    Raises:
        UsageError: a style is given for a network that has its own, or a package is missing.
        WeightsError: there is no such network, it cannot be exported, or the graph differs from it.
        StyleError, ImageError: the style cannot be opened.
        OutputError: the file cannot be written.
    """
    target = check_output(output, formats={".onnx": "ONNX"})
    network, card = read_network(find_network(source))
    name, description = "", None
    if style is not None:
        if not isinstance(network, InstantNet):
            raise UsageError(f"network '{card.name}' has its own style; omit --style, or export the network 'instant'")
        name, description = describe(network, card, style)
    facts = {KEY: msgspec.json.encode(card).decode(), "style": name, "stylenet": stylenet.__version__}
    data = to_onnx(network, description=description, facts=facts)
    painter = Painter(data, threads=torch.get_num_threads())
    difference = largest_difference(painter, network, description)
    if not difference <= MAX_DIFFERENCE:  # also true for NaN
        raise WeightsError(
            f"the ONNX graph of network '{card.name}' differs from the network by {difference:.2g}; at most {MAX_DIFFERENCE:g} is "
            "allowed, and nothing was written. Train the network further and try again"
        )
    with written_whole(target) as temporary:
        temporary.write_bytes(data)
    return Exported(path=target, inputs=tuple(painter.inputs), difference=difference)


def largest_difference(painter: Painter, network: Network[Any], description: Tensor | None = None) -> float:
    """Largest pixel difference between the results of a graph and its network, 0..1, at five sizes and six strengths.

    Args:
        painter: Runs the graph.
        network: The network, in float32, on the CPU.
        description: Description of the painting stored in the graph; if the style is an input, each size uses another built-in style.
    """
    generator = torch.Generator().manual_seed(0)
    descriptions = _built_in(network) if isinstance(network, InstantNet) and "style" in painter.inputs else None
    differences = []
    for size in COMPARED_SIZES:
        photo = torch.rand((1, 3, *size), generator=generator)
        if descriptions is not None:
            description = next(descriptions)
        for strength in COMPARED_STRENGTHS if "strength" in painter.inputs else COMPARED_STRENGTHS[:1]:
            inputs = {"image": photo}
            if "strength" in painter.inputs:
                inputs["strength"] = torch.tensor([strength])
            if "noise" in painter.inputs:
                inputs["noise"] = white_noise(*size, seed=0)
            if description is not None and "style" in painter.inputs:
                inputs["style"] = description
            with torch.inference_mode():
                painted = network.paint(photo, PassSettings(strength=strength, noise_origin=(0, 0), description=description))
                differences.append((painter(inputs) - painted).abs().max())
    return float(torch.stack(differences).max())


def _built_in(network: InstantNet) -> Iterator[Tensor]:
    """Descriptions of built-in styles, because random numbers are not distributed like those of paintings."""
    for path in built_in_styles().values():
        yield _described(network, read_style(path))


def _described(network: InstantNet, style: Style) -> Tensor:
    with torch.inference_mode():
        return network.coder.describe(moments_at(style, _STYLE_PX, LAYERS, torch.device("cpu")))


def describe(network: InstantNet, card: NetworkCard, style: StyleSource) -> tuple[str, Tensor]:
    """The name of a style and its description for the network for all styles, shape (1, D): the input `style` of the graph.

    Raises:
        WeightsError: the included encoder does not match the network.
        StyleError, ImageError: the style cannot be opened.
    """
    recipe = load_recipe("instant")
    encoder = open_encoder(recipe.encoder, device=torch.device("cpu"), dtype=torch.float32)
    if not is_caffe_vgg19(encoder.record):
        raise WeightsError(f"network '{card.name}' reads statistics of VGG-19 as trained with Caffe, and the encoder is another network")
    opened = measured_style(style, recipe, encoder)
    return opened.name, _described(network, opened.value)
