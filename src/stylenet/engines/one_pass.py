"""Paintings in one pass with torch: the network of every style, and networks that were trained for one painting."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from stylenet.catalog.networks import NetworkCard, Paints, SlimRecord, StyleRecord, TextureRecord, find_network
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.resampling import as_tensor, resize
from stylenet.engines.devices import prepare_after_fork, torch_machine
from stylenet.engines.facts import engine_facts
from stylenet.engines.forecast import PASS_RETURNED_BYTES, forecast_pass, pass_work
from stylenet.engines.passes import PROBE_PX, USUAL_STRENGTH, OnePassEngine, TrainedPassEngine, find_trained
from stylenet.engines.pictures import measured_style
from stylenet.engines.progress import PartDone, ignored, share_of
from stylenet.engines.protocol import Forecast, OpenStyle, Recolor
from stylenet.errors import WeightsError
from stylenet.events import Event
from stylenet.networks.coder import LAYERS
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.picture_sizes import LEAST_STYLE_PX, half_size, looked_at_px, shares_by_size
from stylenet.networks.relay import relayed
from stylenet.networks.slim import STRENGTHS, SlimNet, taught_strength, white_noise
from stylenet.networks.texture import TextureNet
from stylenet.optimization.pyramid import Level
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.storage.hashing import file_sha256
from stylenet.styles.compatibility import is_caffe_vgg19
from stylenet.styles.sources import StyleSource
from stylenet.styles.style import moments_at


class _TorchPass(OnePassEngine):
    """What both engines of this module share: the device, its precision and the forecast."""

    def __init__(self, recipe: Recipe, *, device: torch.device, dtype: torch.dtype) -> None:
        self.recipe, self.device, self.dtype = recipe, device, dtype
        self.notices: tuple[str, ...] = ()

    def machine(self) -> dict[str, Any]:
        """Device, precision and threads."""
        return torch_machine(self.device, self.dtype)

    def forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        """Memory and tiles, and time if asked for."""
        prepare_after_fork(self.device)
        size = (levels[-1].width, levels[-1].height)
        records = self._records(styles)
        found = forecast_pass(self.device, records, size, held_bytes=held_bytes, memory_bytes=memory_bytes, dtype=self.dtype)
        if not timed or not styles:
            return found
        rates = [seconds / PROBE_PX**2 for seconds in self._probe_seconds(styles)]
        works = [pass_work(record, size, found.tile_px) for record in records]
        return replace(found, seconds=sum(rate * work for rate, work in zip(rates, works, strict=True)))

    @abstractmethod
    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        """Seconds that each network takes for a square of `PROBE_PX`."""

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint, and yield `Done`; see `OnePassEngine.paint`."""
        prepare_after_fork(self.device)
        with freed_memory_kept(bounded=task.tile_px is not None, returned_bytes=PASS_RETURNED_BYTES):
            yield from super().paint(task)

    def _records(self, styles: Sequence[OpenStyle]) -> Sequence[StyleRecord]:
        return [SlimRecord()]


class InstantEngine(_TorchPass):
    """The network of every style. Descriptions of styles are remembered.

    Args:
        recipe: Names the network.
        encoder: Measures the styles.
        device: Where it runs.
        dtype: What the convolutions compute with.

    Raises:
        WeightsError: the network does not ship, is damaged, or the encoder is not VGG-19 as trained with Caffe.
    """

    def __init__(self, recipe: Recipe, *, encoder: OpenEncoder, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(recipe, device=device, dtype=dtype)
        name = recipe.network.name
        path = find_network(name)
        network, _ = read_network(path)
        if not isinstance(network, InstantNet):
            raise WeightsError(f"network '{name}' paints in one style only; recipe 'trained' uses such")
        if not is_caffe_vgg19(encoder.record):
            raise WeightsError(
                f"network '{name}' reads statistics of VGG-19 as trained with Caffe, and the encoder '{encoder.record.name}' is another "
                "network; omit --encoder"
            )
        self.encoder = encoder
        self.sha256 = file_sha256(path)
        self._coder = network.coder
        self._painter = network.painter.to(device=device, dtype=dtype)
        self._described: dict[tuple[str, int], Tensor] = {}

    def facts(self) -> dict[str, Any]:
        """Versions and hashes for the receipt."""
        return engine_facts(
            self.recipe,
            self.machine(),
            {"torch": torch.__version__},
            encoder=self.encoder.weights,
            encoder_sha256=self.encoder.sha256,
            network_sha256=self.sha256,
        )

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """A painting's statistics, or its picture to be measured."""
        if isinstance(source, OpenStyle):
            return source
        return measured_style(source, self.recipe, self.encoder, recolor=recolor, least_px=LEAST_STYLE_PX)

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        taught = taught_strength(task.strength)
        work = shares_by_size(task.photo.shape[2], task.photo.shape[3], task.style_scale)

        def paint(picture: Tensor, noise: Tensor) -> Tensor:
            style_px = looked_at_px(picture.shape[2], picture.shape[3], task.style_scale)
            rows = [share * self._knobs(style, taught, style_px) for style, share in styles if share]
            knobs = torch.stack(rows).sum(0).to(self.device)
            part = share_of(done, work[picture.shape[2], picture.shape[3]])
            return cast(Tensor, self._painter(picture, noise, knobs, most_px=task.tile_px, done=part))

        with torch.inference_mode():
            photo = as_tensor(task.photo, self.device)
            return _array(faded(by_sizes(paint, photo, style_scale=task.style_scale, seed=task.seed), photo, taught))

    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        knobs = self._painter.neutral().to(self.device)
        noise = torch.zeros((1, 1, PROBE_PX, PROBE_PX), dtype=torch.float32, device=self.device)
        return [_timed(lambda photo: self._painter(photo, noise, knobs), self.device)]

    def _knobs(self, style: OpenStyle, strength: float, style_px: int) -> Tensor:
        key = (style.sha256, style_px)
        if key not in self._described:
            self._described[key] = self._coder.describe(moments_at(style.value, style_px, LAYERS, torch.device("cpu")))
        return cast(Tensor, self._coder(self._described[key], torch.tensor([strength], dtype=torch.float32)))


@dataclass(frozen=True, kw_only=True)
class _Network:
    """A network with its card."""

    module: nn.Module
    card: NetworkCard


class TrainedEngine(TrainedPassEngine, _TorchPass):
    """Networks that were trained for one painting or several.

    Args:
        recipe: Names no network: the styles are networks.
        device: Where they run.
        dtype: What the convolutions compute with.
    """

    def __init__(self, recipe: Recipe, *, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(recipe, device=device, dtype=dtype)
        self._paints: Paints = "style"
        self._opened = {}

    def facts(self) -> dict[str, Any]:
        """Versions for the receipt; the networks are its styles."""
        return engine_facts(self.recipe, self.machine(), {"torch": torch.__version__})

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """The network of several styles, mixed by these shares."""
        if not style.shares:
            return super().with_shares(style, shares)
        return replace(style, shares=tuple(shares), notices=())

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """Of a texture: at which sizes it repeats without a seam."""
        repeats = math.lcm(*(_period_px(style.value.card) for style in styles))
        if self._paints != "texture" or not any(side % repeats for side in size):
            return ()
        return (f"the texture can be laid side by side without a seam where its sides are multiples of {repeats} pixels",)

    def for_texture(self) -> Self:
        """The same engine for networks that paint textures."""
        other = copy(self)
        other._paints, other._opened = "texture", {}
        return other

    def _open(self, source: StyleSource) -> OpenStyle:
        found = find_trained(source, paints=self._paints)
        network, card = read_network(found.path)
        return OpenStyle(
            name=found.path.stem,
            sha256=file_sha256(found.path),
            value=_Network(module=network.to(device=self.device, dtype=self.dtype), card=card),
            notices=(found.notice,) if found.notice else (),
            shares=found.shares,
            stylizes=card.paints == "style",
        )

    def _records(self, styles: Sequence[OpenStyle]) -> Sequence[StyleRecord]:
        # Networks that restore photos are no styles: `find_trained` has refused them.
        return [cast(StyleRecord, style.value.card.record) for style in styles] or [SlimRecord()]

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        with torch.inference_mode():
            photo = as_tensor(task.photo, self.device)
            painted: Tensor | None = None
            painting = [(style, share) for style, share in styles if share]
            for style, share in painting:
                one = self._of_network(style, photo, task, share_of(done, 1 / len(painting)))
                painted = share * one if painted is None else painted.add_(one, alpha=share)
            return _array(torch.zeros_like(photo) if painted is None else painted)

    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        # A strength at which no network's painting is mixed with the photo.
        task = Task[OpenStyle](photo=np.zeros((1, 3, 1, 1), np.float32), styles=[])
        return [_timed(partial(self._of_network, style, task=task, done=ignored), self.device) for style in styles]

    def _of_network(self, style: OpenStyle, photo: Tensor, task: Task[OpenStyle], done: PartDone) -> Tensor:
        """A photo painted by one network. One that knows no strengths is faded towards the photo below 50."""
        network: nn.Module = style.value.module
        if isinstance(network, SlimNet):
            taught = taught_strength(task.strength)
            work = shares_by_size(photo.shape[2], photo.shape[3], task.style_scale)
            knobs = network.knobs_at(torch.tensor([taught], dtype=torch.float32, device=photo.device))

            def paint(picture: Tensor, noise: Tensor) -> Tensor:
                part = share_of(done, work[picture.shape[2], picture.shape[3]])
                return cast(Tensor, network(picture, noise, knobs, most_px=task.tile_px, done=part))

            return faded(by_sizes(paint, photo, style_scale=task.style_scale, seed=task.seed), photo, taught)
        if isinstance(network, TextureNet):
            noise = network.noise((photo.shape[2], photo.shape[3]), generator=torch.Generator().manual_seed(task.seed))
            one = cast(Tensor, network([each.to(photo.device) for each in noise], photo if network.record.content else None))
        else:
            shares = torch.tensor([style.shares], dtype=torch.float32, device=photo.device) if style.shares else None
            one = cast(Tensor, network(photo, shares, most_px=task.tile_px, done=done))
        return one if task.strength >= USUAL_STRENGTH else torch.lerp(photo, one, task.strength / USUAL_STRENGTH)


def _period_px(card: NetworkCard) -> int:
    """Sides of which a texture may have multiples, so that it repeats without a seam: at every scale whole positions."""
    return 2 ** (card.record.scales - 1) if isinstance(card.record, TextureRecord) else 1


def _timed(paint: Callable[[Tensor], Tensor], device: torch.device) -> float:
    """Seconds for a gray square of `PROBE_PX`."""
    photo = torch.full((1, 3, PROBE_PX, PROBE_PX), 0.5, dtype=torch.float32, device=device)
    taken = []
    with torch.inference_mode():
        for _ in range(3):
            begun = time.perf_counter()
            paint(photo).cpu()
            taken.append(time.perf_counter() - begun)
    return min(taken[1:])  # the first one chooses kernels


def _array(image: Tensor) -> Image:
    return np.asarray(image.float().cpu().numpy())


def faded(painted: Tensor, photo: Tensor, strength: float) -> Tensor:
    """Below the least strength that networks know, the photo shines through; at 0 it is all."""
    return painted if strength >= STRENGTHS[0] else torch.lerp(photo, painted, strength / STRENGTHS[0])


def by_sizes(paint: Callable[[Tensor, Tensor], Tensor], photo: Tensor, *, style_scale: float, seed: int) -> Tensor:
    """A photo painted from small to large.

    Args:
        paint: From a picture and its noise to a painting.
        photo: (1, 3, H, W), 0..1.
        style_scale: Larger marks begin at a smaller size.
        seed: Of the noise.
    """
    height, width = photo.shape[2:]
    half = half_size(height, width, style_scale)
    begun = photo
    if half is not None:
        small = resize(photo, (half[1], half[0]))
        begun = relayed(by_sizes(paint, small, style_scale=style_scale, seed=seed + 1), small, photo)
    return paint(begun, white_noise(height, width, seed).to(photo.device))
