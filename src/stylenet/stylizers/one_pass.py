"""Paintings in one pass: a network that ships, or one that was trained for a painting, in place of optimization."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import find_network, is_network, network_files
from stylenet.errors import StyleError, WeightsError, did_you_mean
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.slim import STRENGTHS, SlimNet
from stylenet.networks.texture import TextureNet
from stylenet.styles.files import LAYERS
from stylenet.styles.style import Style


@dataclass(frozen=True, kw_only=True)
class TrainedStyle:
    """A style as a network that was trained for it.

    Attributes:
        name: Of the file, or of the style.
        network: Paints (B, 3, H, W) in 0..1.
        sha256: Of its file.
    """

    name: str
    network: nn.Module
    sha256: str


def open_trained(source: object, *, device: torch.device, dtype: torch.dtype) -> TrainedStyle:
    """The network that was trained for a style: a file that `stylenet train` wrote, or a name of those that ship.

    Raises:
        StyleError: it is neither.
        WeightsError: the file is damaged.
    """
    shipped = sorted(set(network_files()) - {"instant"})
    if not isinstance(source, (str, Path)):
        raise StyleError(f"recipe 'trained' paints with networks: give the file of one, or a name: {', '.join(shipped)}")
    path = Path(source)
    if path.name == str(source) and not path.suffix and not path.exists():
        if str(source) not in shipped:
            raise StyleError(
                f"no network was trained for '{source}'; there are {', '.join(shipped)}.{did_you_mean(str(source), shipped)} "
                "Recipe 'instant' paints in every style, and `stylenet train` makes a network of your own"
            )
        path = find_network(str(source))
    if not is_network(path):
        raise StyleError(f"'{path}' is no network; recipe 'trained' needs one that `stylenet train` made, or use --recipe instant")
    network, card = read_network(path)
    if card.paints != "style":
        raise StyleError(f"network '{path}' does not paint in a style but {card.paints}; give one that `stylenet train` made of a painting")
    return TrainedStyle(
        name=path.stem, network=network.to(device=device, dtype=dtype), sha256=hashlib.sha256(path.read_bytes()).hexdigest()
    )


class InstantPainter:
    """The network of every style, its paintings' descriptions remembered.

    Args:
        name: Of the network that ships.
        encoder_sha256: Of the encoder that measures the styles.
        device: Where it runs.
        dtype: What the convolutions compute with.

    Raises:
        WeightsError: it does not ship, is damaged, or was trained with another encoder.
    """

    def __init__(self, name: str, *, encoder_sha256: str, device: torch.device, dtype: torch.dtype) -> None:
        path = find_network(name)
        network, card = read_network(path)
        if not isinstance(network, InstantNet):
            raise WeightsError(f"network '{name}' paints in one style only; recipe 'trained' uses such")
        if card.encoder_sha256 != encoder_sha256:
            raise WeightsError(
                f"network '{name}' was trained with other encoder weights ({card.encoder_sha256[:8]}, here {encoder_sha256[:8]}); "
                "use the encoder that ships: leave --encoder out"
            )
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._device = device
        self._coder = network.coder
        self._painter = network.painter.to(device=device, dtype=dtype)
        self._described: dict[tuple[str, float], Tensor] = {}

    def __call__(self, photo: Tensor, styles: Sequence[tuple[str, Style, float]], *, strength: float, style_px: float) -> Tensor:
        """A painting of a photo (1, 3, H, W) after a blend of styles.

        Args:
            photo: RGB, 0..1.
            styles: Each with its fingerprint, by which it is known again and not measured twice, and its share.
            strength: 0..100.
            style_px: Root of the area at which the paintings are looked at.
        """
        knobs = torch.stack([share * self._knobs(known_by, style, strength, style_px) for known_by, style, share in styles if share]).sum(0)
        with torch.inference_mode():
            return faded(self._painter(photo, knobs.to(self._device)), photo, strength)

    def _knobs(self, known_by: str, style: Style, strength: float, style_px: float) -> Tensor:
        key = (known_by, style_px)
        if key not in self._described:
            statistics = {layer: values.to(torch.device("cpu")) for layer, values in style.at(style_px, LAYERS).items()}
            self._described[key] = self._coder.describe(statistics)
        return cast(Tensor, self._coder(self._described[key], torch.tensor([strength])))


def paint_trained(photo: Tensor, styles: Sequence[tuple[TrainedStyle, float]], *, strength: float, seed: int) -> Tensor:
    """A photo (1, 3, H, W) painted by networks of one style each; several are blended pixel by pixel.

    A network that knows no strengths is faded towards the photo below 50. `seed` is of the noise, where the network takes some.
    """
    painted = torch.zeros_like(photo)
    with torch.inference_mode():
        for style, share in styles:
            if not share:
                continue
            if isinstance(style.network, SlimNet):
                rows = style.network.knobs_at(torch.tensor([strength], device=photo.device))
                one = faded(style.network(photo, rows), photo, strength)
            else:
                one = torch.lerp(photo, _without_strength(style.network, photo, seed), min(1.0, strength / 50))
            painted += share * one
    return painted


def _without_strength(network: nn.Module, photo: Tensor, seed: int) -> Tensor:
    if isinstance(network, TextureNet):
        noise = network.noise((photo.shape[2], photo.shape[3]), generator=torch.Generator().manual_seed(seed))
        return cast(Tensor, network([one.to(photo.device) for one in noise], photo)).float()
    return cast(Tensor, network(photo)).float()


def faded(painted: Tensor, photo: Tensor, strength: float) -> Tensor:
    """Below the least strength that networks know, the photo shines through; at 0 it is all."""
    return painted if strength >= STRENGTHS[0] else torch.lerp(photo, painted, strength / STRENGTHS[0])


def looked_at_px(style_px: int, style_scale: float) -> float:
    """Root of the area at which a painting is looked at."""
    return max(32.0, style_px * style_scale)
