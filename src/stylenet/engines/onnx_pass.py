"""One-pass engines with onnxruntime, without torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import psutil

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.freed_memory import return_freed_memory
from stylenet.engines.facts import engine_facts
from stylenet.engines.onnx_encoder import MixedPaintings, OnnxEncoder, PicturePainting
from stylenet.engines.onnx_networks import (
    BODY_BYTES,
    HEAD_BYTES,
    PART_PX,
    OnnxPainter,
    can_paint,
    open_painter,
)
from stylenet.engines.passes import PROBE_PX, OnePassEngine, TrainedPassEngine, find_trained, program_does_not_fit
from stylenet.engines.protocol import FREE_MEMORY_SHARE, Engine, Forecast, OpenStyle, Recolor
from stylenet.engines.sessions import onnxruntime_version, thread_count
from stylenet.engines.style_opening import opened_style
from stylenet.errors import UsageError
from stylenet.events import Done
from stylenet.networks.picture_sizes import shares_by_size
from stylenet.networks.progress import PartDone, share_of
from stylenet.optimization.pyramid import Level
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.storage.hashing import file_sha256
from stylenet.styles.sources import StyleSource
from stylenet.weights.bundled import bundled_path

_PICTURES_BYTES = 72
"""Memory per pixel for the photo, the noise, the network's input, the painting and the finished result. Measured."""

_MIN_PART_PX = 2**16
"""Smallest tile; a smaller one would be mostly halo."""

_ENCODER = "compact"


class _OnnxPass(OnePassEngine):
    """Base of both engines: threads and forecast."""

    def __init__(self, recipe: Recipe, *, threads: int | None = None) -> None:
        self.recipe = recipe
        self.threads = thread_count(threads)
        self.notices: tuple[str, ...] = ()

    def machine(self) -> dict[str, Any]:
        """Device, precision and threads."""
        return {"device": "cpu", "precision": "float32", "threads": self.threads}

    def facts(self) -> dict[str, Any]:
        """Versions and hashes for the receipt."""
        return engine_facts(self.recipe, self.machine(), {"onnxruntime": onnxruntime_version()}, **self._weights())

    def _weights(self) -> dict[str, str]:
        """Encoder and network as arguments of `engine_facts`; empty if styles are networks."""
        return {}

    def forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        """Memory and tiles. The body of the network runs on the whole picture, the head tile by tile.

        Raises:
            UsageError: the picture does not fit into memory.
        """
        width, height = levels[-1].width, levels[-1].height
        pixels = width * height
        if memory_bytes is not None:
            return_freed_memory()
        resident = psutil.Process().memory_info().rss - held_bytes
        limit = memory_bytes if memory_bytes is not None else resident + int(FREE_MEMORY_SHARE * psutil.virtual_memory().available)
        kept = resident + _PICTURES_BYTES * pixels
        available = limit - kept
        needed = max(BODY_BYTES * pixels, HEAD_BYTES * min(pixels, _MIN_PART_PX))
        if available < needed:
            max_megapixels = max(0, limit - resident) / (_PICTURES_BYTES + BODY_BYTES) / 1e6
            if limit <= resident:
                raise program_does_not_fit(resident, limit, kept + needed)
            raise UsageError(
                f"a picture of {pixels / 1e6:.1f} megapixels needs at least {round((kept + needed) / 1e6)} MB, and {round(limit / 1e6)} MB "
                f"are allowed; up to {max_megapixels:.1f} megapixels fit: give a smaller --size, or more --memory",
                code="out-of-memory",
            )
        part_px = min(PART_PX, max(_MIN_PART_PX, available // HEAD_BYTES))
        used = kept + max(BODY_BYTES * pixels, HEAD_BYTES * min(pixels, part_px))
        return Forecast(
            memory_bytes=int(used),
            tile_px=None if pixels <= part_px else int(part_px),
            tiles=-(-pixels // int(part_px)),
            seconds=self._seconds(width, height, styles) if timed else None,
        )

    def _seconds(self, width: int, height: int, styles: Sequence[OpenStyle]) -> float:
        """Seconds for all sizes at which the picture is painted, from the timing of a small picture."""
        pixels = width * height / shares_by_size(height, width, 1.0)[height, width]
        return sum(painter.probe_seconds(PROBE_PX) for painter in self._painters(styles)) * pixels / PROBE_PX**2

    @abstractmethod
    def _painters(self, styles: Sequence[OpenStyle]) -> Sequence[OnnxPainter]:
        """The networks, which paint one after the other."""


class OnnxInstantEngine(_OnnxPass):
    """Paint with the network for arbitrary styles.

    Args:
        recipe: Recipe that names the network.
        threads: Number of threads; None: one per core available to this process.

    Raises:
        WeightsError: the network is missing or damaged.
        UsageError: onnxruntime is missing.
    """

    def __init__(self, recipe: Recipe, *, threads: int | None = None) -> None:
        super().__init__(recipe, threads=threads)
        self._painter = open_painter(recipe.network.name, threads=self.threads)

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """The statistics of a style, or a style image to be measured."""
        if isinstance(source, OpenStyle):
            return source
        return opened_style(
            source,
            lambda picture: PicturePainting(picture.pixels, self._encoder),
            lambda name, parts: MixedPaintings(parts),
            recolor=recolor,
        )

    def _painters(self, styles: Sequence[OpenStyle]) -> Sequence[OnnxPainter]:
        return [self._painter]

    def _weights(self) -> dict[str, str]:
        return {"encoder": _ENCODER, "encoder_sha256": self._encoder_sha256, "network_sha256": self._painter.sha256}

    @cached_property
    def _encoder_sha256(self) -> str:
        return file_sha256(bundled_path(_ENCODER))

    @cached_property
    def _encoder(self) -> OnnxEncoder:
        return OnnxEncoder(threads=self.threads)

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        return self._painter.paint(
            np.ascontiguousarray(task.photo, dtype=np.float32),
            [(style.sha256, style.value, share) for style, share in styles],
            strength=task.strength,
            style_scale=task.style_scale,
            seed=task.seed,
            noise_origin=task.noise_origin,
            part_px=task.tile_px or PART_PX,
            done=done,
        )


class OnnxTrainedEngine(TrainedPassEngine, _OnnxPass):
    """Paint with networks trained for one style. Networks that are not slim run with torch, if it is installed.

    Args:
        recipe: Recipe without a network of its own: the styles are networks.
        threads: Number of threads; None: one per core available to this process.
        with_torch: Function that opens the engine for other kinds of networks.
    """

    def __init__(self, recipe: Recipe, *, threads: int | None = None, with_torch: Callable[[], Engine]) -> None:
        super().__init__(recipe, threads=threads)
        self._open_torch = with_torch
        self._torch: Engine | None = None
        self._opened = {}

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """A network with several styles, blended by these shares."""
        if not style.shares:
            return super().with_shares(style, shares)
        return self._with_torch().with_shares(style, shares)

    def for_texture(self) -> Engine:
        """The torch engine, for texture networks."""
        return self._with_torch().for_texture()

    def forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        """Memory and tiles, or the forecast of the torch engine if a network needs it."""
        others = [style for style in styles if not isinstance(style.value, OnnxPainter)]
        if others:
            return self._with_torch().forecast(levels, others, held_bytes=held_bytes, memory_bytes=memory_bytes, timed=timed)
        return super().forecast(levels, styles, held_bytes=held_bytes, memory_bytes=memory_bytes, timed=timed)

    def _open(self, source: StyleSource) -> OpenStyle:
        found = find_trained(source)
        if not can_paint(found.card):
            return self._with_torch().open_style(source)
        painter = open_painter(found.path, threads=self.threads)
        return OpenStyle(name=found.path.stem, sha256=painter.sha256, value=painter)

    def _painters(self, styles: Sequence[OpenStyle]) -> Sequence[OnnxPainter]:
        return [style.value for style in styles]

    def _with_torch(self) -> Engine:
        if self._torch is None:
            self._torch = self._open_torch()
        return self._torch

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        painting = [(style, share) for style, share in styles if share]
        painted = [(self._of_network(task, style, share_of(done, 1 / len(painting))), share) for style, share in painting]
        return np.sum([np.float32(share) * image for image, share in painted], axis=0) if painted else np.zeros_like(task.photo)

    def _of_network(self, task: Task[OpenStyle], style: OpenStyle, done: PartDone) -> Image:
        if not isinstance(style.value, OnnxPainter):
            alone = replace(task, styles=[[(style, 1.0)]], weights=None, finish=lambda picture: picture)
            for event in self._with_torch().paint(alone):
                if isinstance(event, Done):
                    done(1.0)
                    return event.image
        return style.value.paint(
            np.ascontiguousarray(task.photo, dtype=np.float32),
            strength=task.strength,
            style_scale=task.style_scale,
            seed=task.seed,
            noise_origin=task.noise_origin,
            part_px=task.tile_px or PART_PX,
            done=done,
        )
