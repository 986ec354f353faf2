"""Paintings in one pass: a network that ships, or one that was trained for a painting, in place of optimization."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.naming import NETWORK_SUFFIX, is_name, split_style
from stylenet.catalog.networks import COMMANDS, NetworkCard, Paints, TextureRecord, find_network, is_network, network_files
from stylenet.errors import StyleError, WeightsError, did_you_mean
from stylenet.image.resize import resize
from stylenet.networks.coder import LAYERS
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import relayed
from stylenet.networks.slim import STRENGTHS, SlimNet, taught_strength, white_noise
from stylenet.networks.texture import TextureNet
from stylenet.styles.compatibility import is_caffe_vgg19
from stylenet.styles.style import Style

_USUAL = 50.0
"""The strength that networks paint at which know no other."""


@dataclass(frozen=True, kw_only=True)
class TrainedStyle:
    """A style as a network that was trained for it.

    Attributes:
        name: Of the file, or of the style.
        network: Paints (B, 3, H, W) in 0..1.
        card: Of the network.
        sha256: Of its file.
        shares: Of the styles that it knows, where they are several.
        by_default: Whether nobody asked for these shares.
    """

    name: str
    network: nn.Module
    card: NetworkCard
    sha256: str
    shares: tuple[float, ...] = ()
    by_default: bool = False

    @property
    def period_px(self) -> int:
        """Sides of which a texture may have multiples, that it repeats without a seam: at every scale whole positions."""
        record = self.card.record
        return 2 ** (record.scales - 1) if isinstance(record, TextureRecord) else 1

    def notice(self) -> str:
        """What a person should know of it; empty where there is nothing."""
        if not self.by_default:
            return ""
        return (
            f"'{self.name}' knows {len(self.shares)} styles and paints in the first one: {', '.join(self.card.styles)}; "
            f"{self.name}{NETWORK_SUFFIX}:NAME takes another one, --blend with a share for each mixes them"
        )


def open_trained(source: object, *, paints: Paints = "style", device: torch.device, dtype: torch.dtype) -> TrainedStyle:
    """The network that was trained for a style: a file that `stylenet train` wrote, or a name of those that ship.

    Args:
        source: The file, `FILE:NAME` for one of several styles that it knows, or the name.
        paints: What it shall do, `style` or `texture`.
        device: Where it runs.
        dtype: What the convolutions compute with.

    Raises:
        StyleError: it is neither, or paints something else.
        WeightsError: the file is damaged.
    """
    shipped = sorted(set(network_files()) - {"instant"})
    if not isinstance(source, (str, os.PathLike)):
        raise StyleError(f"recipe 'trained' paints with networks: give the file of one, or a name: {', '.join(shipped)}")
    file, chosen = split_style(source)
    if is_name(file, shipped) and file not in shipped:
        raise StyleError(
            f"no network was trained for '{file}'; there are {', '.join(shipped)}.{did_you_mean(file, shipped)} "
            "Recipe 'instant' paints in every style, and `stylenet train` makes a network of your own"
        )
    path = find_network(file)
    if not is_network(path):
        raise StyleError(f"'{path}' is no network; recipe 'trained' needs one that `stylenet train` made, or use --recipe instant")
    network, card = read_network(path)
    if card.paints != paints:
        raise StyleError(f"network '{path}' is not for a {paints} but for {card.paints}; use it with: stylenet {COMMANDS[card.paints]}")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    style = TrainedStyle(name=path.stem, network=network.to(device=device, dtype=dtype), card=card, sha256=sha256)
    if not card.styles:
        if chosen:
            raise StyleError(f"network '{path}' knows one style only; leave ':{chosen}' out")
        return style
    if chosen and chosen not in card.styles:
        raise StyleError(f"network '{path}' knows {', '.join(card.styles)}, and not '{chosen}'.{did_you_mean(chosen, card.styles)}")
    return replace(style, shares=tuple(float(name == (chosen or card.styles[0])) for name in card.styles), by_default=not chosen)


class InstantPainter:
    """The network of every style, its paintings' descriptions remembered.

    Args:
        name: Of the network that ships.
        encoder: Measures the styles.
        device: Where it runs.
        dtype: What the convolutions compute with.

    Raises:
        WeightsError: it does not ship, is damaged, or the encoder is another network than VGG-19.
    """

    def __init__(self, name: str, *, encoder: EncoderRecord, device: torch.device, dtype: torch.dtype) -> None:
        path = find_network(name)
        network, _ = read_network(path)
        if not isinstance(network, InstantNet):
            raise WeightsError(f"network '{name}' paints in one style only; recipe 'trained' uses such")
        if not is_caffe_vgg19(encoder):
            raise WeightsError(
                f"network '{name}' reads statistics of VGG-19 as trained with Caffe, and the encoder '{encoder.name}' is another network; "
                "leave --encoder out"
            )
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._device = device
        self._coder = network.coder
        self._painter = network.painter.to(device=device, dtype=dtype)
        self._described: dict[tuple[str, int], Tensor] = {}

    def __call__(
        self,
        photo: Tensor,
        styles: Sequence[tuple[str, Style, float]],
        *,
        strength: float,
        style_scale: float,
        seed: int,
        most_px: int | None = None,
    ) -> Tensor:
        """A painting of a photo (1, 3, H, W) after a blend of styles.

        Args:
            photo: RGB, 0..1.
            styles: Each with its fingerprint, by which it is known again and not measured twice, and its share.
            strength: 0..100.
            style_scale: Size of the marks, in units of the painting's own in its frame.
            seed: Of the noise.
            most_px: Pixels that are looked at in one piece; None: all of them.
        """
        taught = taught_strength(strength)

        def paint(picture: Tensor, noise: Tensor) -> Tensor:
            style_px = looked_at_px(picture, style_scale)
            rows = [share * self._knobs(known_by, style, taught, style_px) for known_by, style, share in styles if share]
            return cast(Tensor, self._painter(picture, noise, torch.stack(rows).sum(0).to(self._device), most_px=most_px))

        with torch.inference_mode():
            return faded(by_sizes(paint, photo, style_scale=style_scale, seed=seed), photo, taught)

    def _knobs(self, known_by: str, style: Style, strength: float, style_px: int) -> Tensor:
        key = (known_by, style_px)
        if key not in self._described:
            statistics = {layer: values.to(torch.device("cpu")) for layer, values in style.at(style_px, LAYERS).items()}
            self._described[key] = self._coder.describe(statistics)
        return cast(Tensor, self._coder(self._described[key], torch.tensor([strength])))


def paint_trained(
    photo: Tensor,
    styles: Sequence[tuple[TrainedStyle, float]],
    *,
    strength: float,
    seed: int,
    style_scale: float = 1.0,
    most_px: int | None = None,
) -> Tensor:
    """A photo (1, 3, H, W) painted by networks of one style each; several are blended pixel by pixel.

    A network that knows no strengths is faded towards the photo below 50. `seed` is of the noise, where the network takes some; `most_px`
    are the pixels that are looked at in one piece, None: all of them.
    """
    with torch.inference_mode():
        painted: Tensor | None = None
        for style, share in styles:
            if not share:
                continue
            if isinstance(style.network, SlimNet):
                taught = taught_strength(strength)
                rows = style.network.knobs_at(torch.tensor([taught], device=photo.device))
                paint = partial(style.network, knobs=rows, most_px=most_px)
                one = faded(by_sizes(paint, photo, style_scale=style_scale, seed=seed), photo, taught)
            else:
                one = _without_strength(style, photo, seed, most_px)
                one = one if strength >= _USUAL else torch.lerp(photo, one, strength / _USUAL)
            painted = share * one if painted is None else painted.add_(one, alpha=share)
    return torch.zeros_like(photo) if painted is None else painted


def _without_strength(style: TrainedStyle, photo: Tensor, seed: int, most_px: int | None) -> Tensor:
    network = style.network
    if isinstance(network, TextureNet):
        noise = network.noise((photo.shape[2], photo.shape[3]), generator=torch.Generator().manual_seed(seed))
        return cast(Tensor, network([one.to(photo.device) for one in noise], photo if network.record.content else None))
    shares = torch.tensor([style.shares], device=photo.device) if style.shares else None
    return cast(Tensor, network(photo, shares, most_px=most_px))


def faded(painted: Tensor, photo: Tensor, strength: float) -> Tensor:
    """Below the least strength that networks know, the photo shines through; at 0 it is all."""
    return painted if strength >= STRENGTHS[0] else torch.lerp(photo, painted, strength / STRENGTHS[0])


_WHOLE_PX = 384
"""Root of the area from which on a photo is painted at half of its size first, and so on: marks keep their size on paper."""

_LEAST_STYLE_PX, _STYLE_PX_STEP = 192, 32


def looked_at_px(photo: Tensor, style_scale: float) -> int:
    """Root of the area at which a painting is looked at: as large as the photo, in steps, so that most photos find it known."""
    root = (photo.shape[2] * photo.shape[3]) ** 0.5
    return max(_LEAST_STYLE_PX, _STYLE_PX_STEP * round(root * style_scale / _STYLE_PX_STEP))


def by_sizes(paint: Callable[[Tensor, Tensor], Tensor], photo: Tensor, *, style_scale: float, seed: int) -> Tensor:
    """A photo painted from small to large.

    Args:
        paint: From a picture and its noise to a painting.
        photo: (1, 3, H, W), 0..1.
        style_scale: Larger marks begin at a smaller size.
        seed: Of the noise.
    """
    height, width = photo.shape[2:]
    half = (max(1, height // 2), max(1, width // 2))
    begun = photo
    if (height * width) ** 0.5 / 2 >= _WHOLE_PX / style_scale and min(half) >= 64:
        small = resize(photo, (half[1], half[0]))
        begun = relayed(by_sizes(paint, small, style_scale=style_scale, seed=seed + 1), small, photo)
    return paint(begun, white_noise(height, width, seed).to(photo.device))
