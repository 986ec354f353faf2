"""The slim networks in onnxruntime, without torch; same results as `networks.slim`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from stylenet.catalog.networks import NetworkCard, SlimRecord, find_network, read_network_card
from stylenet.engines.forks import reset_after_fork
from stylenet.engines.graph_files import bare_graph
from stylenet.engines.parts import FramedPhoto, features_around, parts_of, without_halo
from stylenet.engines.resampling import enlarged
from stylenet.engines.sessions import LazySession
from stylenet.engines.statistics import Painting
from stylenet.engines.style_coder import StyleCoder, own_knobs
from stylenet.errors import ShapeError, StyleError, WeightsError
from stylenet.image.resize import resize
from stylenet.networks.descriptions import LAYERS
from stylenet.networks.file_arrays import Array, read_arrays
from stylenet.networks.noise import Point, distinct_point, scaled, white_noise_array
from stylenet.networks.picture_sizes import half_size, measured_style_px, shares_by_size
from stylenet.networks.progress import PartDone, ignored, share_of
from stylenet.networks.slim_geometry import STRENGTHS, knob_count, trained_strength
from stylenet.storage.hashing import file_sha256

BODY_BYTES = 112
"""Memory of the body per pixel of the padded photo, measured at 1, 4 and 8 megapixels."""

HEAD_BYTES = 180
"""Memory of the head per pixel of a tile."""

PART_PX = 2**20
"""Pixels per tile without a memory limit. Halos cost 5 % of the head's time."""

_BODY_SHARE = 0.74
"""Share of the time spent in the body: 78 of 105 ms at 512 x 512 pixels."""

_KEPT_PX = 2**20
"""Pixels up to which a picture's memory is kept for the next picture, if there is no memory limit."""

_CACHE_SIZE = 256
"""Number of cached style descriptions (16 kB each) and knobs (39 kB each)."""

Style: TypeAlias = tuple[str, Painting, float]
"""Fingerprint of a style (the cache key), its statistics, and its share."""


class OnnxPainter:
    """A slim network of the standard record, for arbitrary styles or for one. Thread-safe.

    Args:
        source: Name of a built-in network, or a file.
        threads: Number of threads per painting; 0: one per core available to this process.

    Attributes:
        path: Path of the file.
        card: Card of the network.

    Raises:
        WeightsError: the network is unknown or damaged, or not a slim network of the standard record.
    """

    def __init__(self, source: str | Path, *, threads: int = 0) -> None:
        self.path = find_network(source)
        self.card: NetworkCard = read_network_card(self.path)
        record = self.card.record
        if not can_paint(self.card) or not isinstance(record, SlimRecord):
            raise WeightsError(
                f"network '{self.path}' is not a slim network of the standard widths and needs PyTorch; install it with: pip install torch"
            )
        arrays = read_arrays(self.path)
        self._coder = StyleCoder(arrays, self.path) if record.code else None
        prefix = "painter." if record.code else ""
        painter = {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
        self._rows = None if record.code else painter.get("knobs")
        count = self._coder.knob_count if self._coder else (0 if self._rows is None else self._rows.shape[-1])
        if count != knob_count(record) or (self._rows is not None and self._rows.shape != (len(STRENGTHS), count)):
            raise WeightsError(f"network file '{self.path}' does not match its card: its knobs are missing or have another shape")
        body, head = bare_graph("slim-body"), bare_graph("slim-head")
        self._body = LazySession(body, body.select_weights(painter, self.path), threads=threads)
        self._head = LazySession(head, head.select_weights(painter, self.path), threads=threads)
        self._cache: dict[tuple[object, ...], Array] = {}
        self._lock = threading.Lock()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock."""
        self._lock = threading.Lock()

    @property
    def paints_every_style(self) -> bool:
        """Whether the network paints in arbitrary styles and has none of its own."""
        return self._coder is not None

    @cached_property
    def sha256(self) -> str:
        """Hash of the file."""
        return file_sha256(self.path)

    def open(self) -> None:
        """Create the onnxruntime sessions now instead of with the first painting.

        Raises:
            UsageError: onnxruntime is missing or cannot be loaded.
        """
        self._body.open()
        self._head.open()

    def paint(
        self,
        photo: Array,
        styles: Sequence[Style] = (),
        *,
        strength: float = 50.0,
        style_scale: float = 1.0,
        seed: int = 0,
        noise_origin: Point | None = None,
        part_px: int = PART_PX,
        done: PartDone | None = None,
    ) -> Array:
        """A painting of a photo (1, 3, H, W), float32 in 0..1: an array of the same shape.

        Args:
            photo: RGB, sRGB-encoded, 0..1, any size from one pixel up.
            styles: Styles to blend; their shares sum to 1. Empty for a network with its own style.
            strength: 0 (the photo) to 100.
            style_scale: Size of the strokes relative to those of the style image.
            seed: Random seed of the noise.
            noise_origin: Origin of the noise in the photo; None: the photo's most distinct point.
            part_px: Pixels per tile of the head, which limits the memory in addition to `BODY_BYTES` per pixel.
            done: Progress callback: called with the share of the work done since the last call.

        Raises:
            ShapeError: `photo` does not have this shape.
            StyleError: `styles` is empty for a network for arbitrary styles, or not empty for another network.
            UsageError: even the smallest tile exceeds `part_px`, or onnxruntime is missing.
        """
        _check(photo)
        if self.paints_every_style != bool(styles):
            problem = "has no style of its own: give at least one" if self.paints_every_style else "has its own style: give none"
            raise StyleError(f"network '{self.card.name}' {problem}")
        trained = trained_strength(strength)
        work = shares_by_size(photo.shape[2], photo.shape[3], style_scale)

        def paint(picture: Array, seed: int, origin: Point) -> Array:
            height, width = picture.shape[2:]
            half = half_size(height, width, style_scale)
            initial = picture
            if half is not None:
                small = resize(picture, (half[1], half[0]))
                initial = relayed(paint(small, seed + 1, scaled(origin, (height, width), half)), small, picture)
            knobs = self.knobs(styles, trained, measured_style_px(height, width, style_scale))
            keep = part_px >= PART_PX and height * width <= _KEPT_PX
            noise = (_kept_noise if keep else white_noise_array)(height, width, seed, origin)
            part = None if done is None else share_of(done, work[height, width])
            return self.painted(initial, noise, knobs, part_px=part_px, keep_memory=keep, done=part)

        return faded(paint(photo, seed, distinct_point(photo) if noise_origin is None else noise_origin), photo, trained)

    def knobs(self, styles: Sequence[Style], trained: float, style_px: int) -> Array:
        """The knobs, shape (K,), of blended styles measured at an area of `style_px` squared, or of the network's own style.

        Args:
            styles: As in `paint`.
            trained: `trained_strength` of the strength.
            style_px: See `measured_style_px`.
        """
        if self._coder is None:
            return own_knobs(self._rows, trained)  # type: ignore[arg-type]  # checked by __init__
        rows = [np.float32(share) * self._knobs(name, style, trained, style_px) for name, style, share in styles if share]
        return np.sum(rows, axis=0, dtype=np.float32) if rows else np.zeros(self._coder.knob_count, np.float32)

    def probe_seconds(self, side_px: int) -> float:
        """Seconds for a square picture."""
        picture, noise = np.full((1, 3, side_px, side_px), 0.5, np.float32), np.zeros((1, 1, side_px, side_px), np.float32)
        record: SlimRecord = self.card.record  # type: ignore[assignment]  # checked by __init__
        knobs = np.zeros(knob_count(record), np.float32)
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            self.painted(picture, noise, knobs)
            seconds.append(time.perf_counter() - started)
        return min(seconds[1:])  # the first run creates the sessions

    def painted(
        self,
        photo: Array,
        noise: Array,
        knobs: Array,
        *,
        part_px: int = PART_PX,
        keep_memory: bool = True,
        done: PartDone | None = None,
    ) -> Array:
        """One forward pass: the painting of a photo (1, 3, H, W) with noise (1, 1, H, W) and knobs (K,).

        Args:
            photo: RGB, 0..1.
            noise: White noise with mean 0 and deviation 1.
            knobs: Knobs of the style.
            part_px: Pixels per tile, halo included.
            keep_memory: Whether to keep the allocated memory, which makes the next picture faster.
            done: As in `paint`.
        """
        done = done or ignored
        height, width = photo.shape[2:]
        (features,) = self._body.run({"image": photo, "noise": noise, "knobs": knobs[None]}, keep_memory=keep_memory)
        done(_BODY_SHARE)
        painting, framed = np.empty_like(photo), FramedPhoto(photo)
        parts = list(parts_of(height, width, part_px))
        for index, part in enumerate(parts):
            inputs = {"features": features_around(features, part), "photo": framed.around(part)}
            (with_halo,) = self._head.run(inputs, keep_memory=keep_memory or index + 1 < len(parts))
            painting[:, :, slice(*part.rows), slice(*part.columns)] = without_halo(with_halo, part)
            done((1 - _BODY_SHARE) / len(parts))
        return painting

    def _knobs(self, name: str, style: Painting, trained: float, style_px: int) -> Array:
        """The knobs of one style. Knobs and descriptions are cached."""
        coder: StyleCoder = self._coder  # type: ignore[assignment]  # called only if there is a coder

        def describe() -> Array:
            return coder.describe(style.at(style_px, tuple(LAYERS)))

        def compute() -> Array:
            return coder.knobs(self._cached((name, style_px), describe), trained)

        return self._cached((name, style_px, trained), compute)

    def _cached(self, key: tuple[object, ...], make: Callable[[], Array]) -> Array:
        with self._lock:
            value = self._cache.pop(key, None)
        if value is None:
            # Not under the lock: measuring a style image takes a second, which would block other threads.
            value = make()
        with self._lock:
            self._cache[key] = value  # most recently used last
            while len(self._cache) > _CACHE_SIZE:
                del self._cache[next(iter(self._cache))]
        return value


def can_paint(card: NetworkCard) -> bool:
    """Whether a network can paint without torch: the built-in graphs are for the standard record."""
    record, standard = card.record, SlimRecord()
    return (
        isinstance(record, SlimRecord)
        and card.paints in ("style", "every style")
        and (record.fine, record.coarse, record.deep, record.blocks, record.mixed)
        == (standard.fine, standard.coarse, standard.deep, standard.blocks, standard.mixed)
    )


def open_painter(source: str | Path, *, threads: int = 0) -> OnnxPainter:
    """A cached `OnnxPainter`, shared by all callers until its file changes."""
    path = find_network(source)
    return _shared_painter(path, path.stat().st_mtime_ns if path.is_file() else 0, threads)


@lru_cache(maxsize=4)
def _shared_painter(path: Path, modified_ns: int, threads: int) -> OnnxPainter:
    return OnnxPainter(path, threads=threads)


@lru_cache(maxsize=2)
def _kept_noise(height: int, width: int, seed: int, origin: Point) -> Array:
    """The noise of the last two sizes, which all frames of a clip share."""
    noise = white_noise_array(height, width, seed, origin)
    noise.setflags(write=False)
    return noise


def relayed(painted: Array, small: Array, photo: Array) -> Array:
    """The input for the next size: `networks.relay.relayed`."""
    initial = enlarged(painted - small, photo.shape[2], photo.shape[3])
    initial += photo
    return np.clip(initial, 0, 1, out=initial)


def faded(painted: Array, photo: Array, trained: float) -> Array:
    """Blend with the photo below the lowest training strength, in place: `networks.relay.faded`."""
    if trained >= STRENGTHS[0]:
        return painted
    share = np.float32(max(trained, 0.0) / STRENGTHS[0])
    painted -= photo
    painted *= share
    painted += photo
    return painted


def _check(photo: Array) -> None:
    if photo.ndim != 4 or photo.shape[:2] != (1, 3) or not photo.size or photo.dtype != np.float32:
        raise ShapeError(f"a photo has shape (1, 3, H, W) and float32 values in 0..1; got {photo.shape}, {photo.dtype}")
