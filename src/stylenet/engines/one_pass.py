"""One-pass engines with torch: the network for arbitrary styles, and networks trained for given styles."""

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
from torch import Tensor

from stylenet.catalog.networks import AnyRecord, NetworkCard, Paints, SlimRecord, find_network
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.resampling import as_tensor
from stylenet.engines.devices import in_own_precision, own_precision, prepare_after_fork, torch_machine
from stylenet.engines.facts import engine_facts
from stylenet.engines.pass_forecast import RETURNED_BYTES, forecast_pass, pass_work
from stylenet.engines.passes import PROBE_PX, OnePassEngine, TrainedPassEngine, find_trained
from stylenet.engines.pictures import measured_style
from stylenet.engines.protocol import Forecast, OpenStyle, Recolor
from stylenet.errors import WeightsError
from stylenet.events import Event
from stylenet.networks.base import Network, PassSettings
from stylenet.networks.coder import LAYERS
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.picture_sizes import MIN_STYLE_PX, measured_style_px
from stylenet.networks.progress import PartDone, share_of
from stylenet.notices import CodedNotice
from stylenet.optimization.pyramid import Level
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.storage.hashing import file_sha256
from stylenet.styles.compatibility import is_caffe_vgg19
from stylenet.styles.sources import StyleSource
from stylenet.styles.style import moments_at


class _TorchPass(OnePassEngine):
    """Base of both engines: device, precision and forecast."""

    def __init__(self, recipe: Recipe, *, device: torch.device, dtype: torch.dtype) -> None:
        self.recipe, self.device, self.dtype = recipe, device, dtype
        self.notices: tuple[str, ...] = ()

    def machine(self) -> dict[str, Any]:
        """Device, precision and threads."""
        return torch_machine(self.device, self.dtype)

    def forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        """Memory and tiles and, if `timed`, time."""
        prepare_after_fork(self.device)
        with own_precision(self.device):
            return self._forecast(levels, styles, held_bytes=held_bytes, memory_bytes=memory_bytes, timed=timed)

    def _forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        size = (levels[-1].width, levels[-1].height)
        records = self._records(styles)
        found = forecast_pass(self.device, records, size, held_bytes=held_bytes, memory_bytes=memory_bytes, dtype=self.dtype)
        rates = [seconds / PROBE_PX**2 for seconds in self._probe_seconds(styles)] if timed else []
        if not rates:  # networks for one style are opened with the style
            return found
        works = [pass_work(record, size, found.tile_px) for record in records]
        return replace(found, seconds=sum(rate * work for rate, work in zip(rates, works, strict=True)))

    @abstractmethod
    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        """Seconds of each network for a square of `PROBE_PX`."""

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint, and yield `Done`; see `OnePassEngine.paint`."""
        prepare_after_fork(self.device)
        with freed_memory_kept(bounded=task.tile_px is not None, returned_bytes=RETURNED_BYTES):
            yield from in_own_precision(super().paint(task), self.device)

    @abstractmethod
    def _records(self, styles: Sequence[OpenStyle]) -> Sequence[AnyRecord]:
        """Architectures of the networks, which paint one after the other."""


class InstantEngine(_TorchPass):
    """Paint with the network for arbitrary styles. Style descriptions are cached.

    Args:
        recipe: Recipe that names the network.
        encoder: Encoder that measures the styles.
        device: Device of the network.
        dtype: Dtype of the convolutions.

    Raises:
        WeightsError: the network is missing or damaged, or the encoder is not VGG-19 as trained with Caffe.
    """

    def __init__(self, recipe: Recipe, *, encoder: OpenEncoder, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(recipe, device=device, dtype=dtype)
        name = recipe.network.name
        path = find_network(name)
        network, _ = read_network(path)
        if not isinstance(network, InstantNet):
            raise WeightsError(f"network '{name}' has a single style; use it with recipe 'trained'")
        if not is_caffe_vgg19(encoder.record):
            raise WeightsError(
                f"network '{name}' needs statistics of VGG-19 as trained with Caffe, but the encoder '{encoder.record.name}' is a "
                "different network; omit --encoder"
            )
        self.encoder = encoder
        self.sha256 = file_sha256(path)
        self._coder = network.coder
        self._painter = network.painter.to(device=device, dtype=dtype)
        self._descriptions: dict[tuple[str, int], Tensor] = {}

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
        """The statistics of a style, or a style image to be measured."""
        if isinstance(source, OpenStyle):
            return source
        with own_precision(self.device):
            return measured_style(source, self.recipe, self.encoder, recolor=recolor, min_px=MIN_STYLE_PX)

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        def knobs(strength: float, size: tuple[int, int]) -> Tensor:
            style_px = measured_style_px(*size, task.style_scale)
            rows = [share * self._knobs(style, strength, style_px) for style, share in styles if share]
            return torch.stack(rows).sum(0).to(self.device)

        with torch.inference_mode():
            photo = as_tensor(task.photo, self.device)
            return _array(self._painter.paint_with(knobs, photo, _settings(task, done)))

    def _records(self, styles: Sequence[OpenStyle]) -> Sequence[AnyRecord]:
        return [self._painter.record]

    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        knobs = self._painter.neutral().to(self.device)
        noise = torch.zeros((1, 1, PROBE_PX, PROBE_PX), dtype=torch.float32, device=self.device)
        return [_timed(lambda photo: self._painter(photo, noise, knobs), self.device)]

    def _knobs(self, style: OpenStyle, strength: float, style_px: int) -> Tensor:
        key = (style.sha256, style_px)
        if key not in self._descriptions:
            self._descriptions[key] = self._coder.describe(moments_at(style.value, style_px, LAYERS, torch.device("cpu")))
        return cast(Tensor, self._coder(self._descriptions[key], torch.tensor([strength], dtype=torch.float32)))


@dataclass(frozen=True, kw_only=True)
class _Network:
    """A network and its card."""

    module: Network[Any]
    card: NetworkCard


class TrainedEngine(TrainedPassEngine, _TorchPass):
    """Paint with networks trained for one style or several.

    Args:
        recipe: Recipe without a network of its own: the styles are networks.
        device: Device of the networks.
        dtype: Dtype of the convolutions.
    """

    def __init__(self, recipe: Recipe, *, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__(recipe, device=device, dtype=dtype)
        self._paints: Paints = "style"
        self._opened = {}

    def facts(self) -> dict[str, Any]:
        """Versions for the receipt, which lists the networks as styles."""
        return engine_facts(self.recipe, self.machine(), {"torch": torch.__version__})

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """A network with several styles, blended by these shares."""
        if not style.shares:
            return super().with_shares(style, shares)
        return replace(style, shares=tuple(shares), notices=())

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """For textures: the sizes that tile seamlessly."""
        repeats = math.lcm(*(style.value.module.period_px for style in styles))
        if self._paints != "texture" or not any(side % repeats for side in size):
            return ()
        message = f"the texture tiles seamlessly only if its sides are multiples of {repeats} pixels"
        return (CodedNotice(message, "texture-period", period=repeats),)

    def for_texture(self) -> Self:
        """This engine for texture networks."""
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

    def _records(self, styles: Sequence[OpenStyle]) -> Sequence[AnyRecord]:
        return [style.value.card.record for style in styles] or [SlimRecord()]

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        with torch.inference_mode():
            photo = as_tensor(task.photo, self.device)
            painted: Tensor | None = None
            with_share = [(style, share) for style, share in styles if share]
            for style, share in with_share:
                one = style.value.module.paint(photo, _settings(task, share_of(done, 1 / len(with_share)), style.shares))
                painted = share * one if painted is None else painted.add_(one, alpha=share)
            return _array(torch.zeros_like(photo) if painted is None else painted)

    def _probe_seconds(self, styles: Sequence[OpenStyle]) -> list[float]:
        settings = PassSettings()
        return [_timed(partial(style.value.module.paint, settings=settings), self.device) for style in styles]


def _settings(task: Task[OpenStyle], done: PartDone, shares: tuple[float, ...] = ()) -> PassSettings:
    return PassSettings(
        strength=task.strength,
        style_scale=task.style_scale,
        seed=task.seed,
        noise_origin=task.noise_origin,
        shares=shares,
        tile_px=task.tile_px,
        done=done,
    )


def _timed(paint: Callable[[Tensor], Tensor], device: torch.device) -> float:
    """Seconds of one call for a gray square of `PROBE_PX`."""
    photo = torch.full((1, 3, PROBE_PX, PROBE_PX), 0.5, dtype=torch.float32, device=device)
    seconds = []
    with torch.inference_mode():
        for _ in range(3):
            started = time.perf_counter()
            paint(photo).cpu()
            seconds.append(time.perf_counter() - started)
    return min(seconds[1:])  # the first call selects kernels


def _array(image: Tensor) -> Image:
    return np.asarray(image.float().cpu().numpy())
