"""The engine that optimizes the picture itself: best quality, in seconds to minutes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self

import msgspec
import torch

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.engines.devices import choose_device, choose_dtype, in_own_precision, own_precision, prepare_after_fork, torch_machine
from stylenet.engines.facts import engine_facts
from stylenet.engines.feature_units import in_units_of, is_scaled
from stylenet.engines.forecast import forecast
from stylenet.engines.one_pass import InstantEngine
from stylenet.engines.pictures import measured_style
from stylenet.engines.protocol import Forecast, OpenStyle, Recolor
from stylenet.engines.style_targets import StyleTargets
from stylenet.errors import UsageError
from stylenet.events import Done, Event
from stylenet.notices import CodedNotice
from stylenet.optimization.checkpoint import saved_job
from stylenet.optimization.paint import paint
from stylenet.optimization.pyramid import Level
from stylenet.requests.painting import Options
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.styles.sources import StyleSource
from stylenet.styles.style import PictureStyle

_TEXTURE_SMOOTHNESS = 0.2
"""Factor of the smoothness weight of textures whose style loss is divided by that of the initial image. Noise is farther from the painting
than a photo is, so the divided loss is smaller. Chosen by eye: with 1, strokes are blurred."""


class OptimizationEngine:
    """Paint by optimization. See `protocol.Engine`.

    Args:
        recipe: Recipe with method "optimization".
        encoder: Name of weights or a weights file that replaces the recipe's encoder.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32" or "bfloat16".

    Raises:
        WeightsError: the encoder's weights are missing or unusable.
        UsageError: the device or precision is unknown or not available.
    """

    def __init__(self, recipe: Recipe, *, encoder: str | None = None, device: str = "auto", precision: str = "auto") -> None:
        self.recipe = recipe
        self.device = choose_device(device)
        self.dtype = choose_dtype(precision, self.device)
        self.encoder: OpenEncoder = open_encoder(recipe.encoder, encoder, device=self.device, dtype=self.dtype)
        self.notices = encoder_notices(recipe, self.encoder, chosen=encoder)
        self._opened_start_engine: InstantEngine | None = None

    def machine(self) -> dict[str, Any]:
        """Device, precision and threads."""
        return torch_machine(self.device, self.dtype)

    def facts(self) -> dict[str, Any]:
        """Versions and hashes for the receipt."""
        return engine_facts(
            self.recipe,
            self.machine(),
            {"torch": torch.__version__},
            encoder=self.encoder.weights,
            encoder_sha256=self.encoder.sha256,
            network_sha256=self._start_engine().sha256 if self._starts_from_network() else None,
        )

    def check(self, options: Options, *, has_start: bool, wants_previews: bool) -> None:
        """Reject a style scale if the recipe resizes the style image to the size of the photo."""
        if self.recipe.painting.size == "photo" and options.style_scale != 1:
            raise UsageError(
                f"recipe '{self.recipe.name}' resizes the painting to the photo's exact size, so --style-scale has no effect; "
                "omit it, or give --set painting.size=long-side, too"
            )

    def open_style(self, source: StyleSource, *, recolor: Recolor | None = None) -> OpenStyle:
        """The statistics of a style, or a style image to be measured."""
        if isinstance(source, OpenStyle):
            return source
        with own_precision(self.device):
            return measured_style(source, self.recipe, self.encoder, recolor=recolor)

    def with_shares(self, style: OpenStyle, shares: Sequence[float]) -> OpenStyle:
        """Always rejected: a measured style is a single style."""
        raise UsageError(f"style '{style.name}' is a single style; omit its shares")

    def forecast(
        self, levels: Sequence[Level], styles: Sequence[OpenStyle], *, held_bytes: int, memory_bytes: int | None, timed: bool
    ) -> Forecast:
        """Memory, tiles and, if `timed`, time."""
        prepare_after_fork(self.device)
        with own_precision(self.device):
            return forecast(self.recipe, self.encoder, levels, held_bytes=held_bytes, memory_bytes=memory_bytes, timed=timed)

    def steps(self, levels: Sequence[Level]) -> int:
        """Number of steps of all levels."""
        per_step = self.recipe.solver.evaluations_per_round if self.recipe.solver.name == "scipy-lbfgs" else 1
        return per_step * sum(level.steps for level in levels)

    def notices_for(self, size: tuple[int, int], styles: Sequence[OpenStyle]) -> tuple[str, ...]:
        """No notices."""
        return ()

    def for_texture(self) -> Self:
        """This engine without a content term, starting from noise."""
        recipe, smoothness = self.recipe, self.recipe.smoothness
        if recipe.style.balance == "start" and recipe.content.weight:  # already applied to the recipe in the receipt of a texture
            smoothness = msgspec.structs.replace(smoothness, weight=_TEXTURE_SMOOTHNESS * smoothness.weight)
        other = copy(self)
        other.recipe = msgspec.structs.replace(
            recipe,
            content=msgspec.structs.replace(recipe.content, weight=0.0),
            picture=msgspec.structs.replace(recipe.picture, start="noise", noise="uniform"),
            pyramid=msgspec.structs.replace(recipe.pyramid, detail=0.0),
            smoothness=smoothness,
        )
        return other

    def saved_receipt(self, path: Path) -> Mapping[str, Any] | None:
        """The receipt of the painting whose checkpoint is in `path`."""
        return saved_job(path)

    def paint(self, task: Task[OpenStyle]) -> Iterator[Event]:
        """Paint from coarse to fine."""
        prepare_after_fork(self.device)
        styles = [[(style.value, share) for style, share in each] for each in task.styles]
        pictures = [style.pixels for style, _ in styles[-1] if isinstance(style, PictureStyle)]
        if self.recipe.picture.start == "style" and task.start is None and not pictures:
            raise UsageError(
                f"recipe '{self.recipe.name}' starts from the painting, and a style file has no picture; give the picture, or --start"
            )
        targets = StyleTargets(
            self.recipe,
            styles,
            photo_size=(task.photo.shape[3], task.photo.shape[2]),
            style_scale=task.style_scale,
            device=self.device,
        )
        targets.check()
        return in_own_precision(self._paint(task, targets, pictures[0] if pictures else None), self.device)

    def _paint(self, task: Task[OpenStyle], targets: StyleTargets, style_picture: Image | None) -> Iterator[Event]:
        with freed_memory_kept(bounded=task.tile_px is not None):
            start = task.start
            if start is None and self._starts_from_network():
                start = self._paint_start(task)
            recipe = in_units_of(self.encoder, self.recipe)
            yield from paint(task, recipe=recipe, encoder=self.encoder, targets_at=targets, start=start, style_picture=style_picture)

    def _starts_from_network(self) -> bool:
        return self.recipe.picture.start == "network"

    def _start_engine(self) -> InstantEngine:
        """The engine that paints the initial image."""
        if self._opened_start_engine is None:
            self._opened_start_engine = InstantEngine(self.recipe, encoder=self.encoder, device=self.device, dtype=self.dtype)
        return self._opened_start_engine

    def _paint_start(self, task: Task[OpenStyle]) -> Any:
        unfinished = dataclasses.replace(task, finish=lambda picture: picture, checkpointing=None)
        return next(event.image for event in self._start_engine().paint(unfinished) if isinstance(event, Done))


def encoder_notices(recipe: Recipe, encoder: OpenEncoder, *, chosen: str | None) -> tuple[str, ...]:
    """Notices if another encoder or other weights than the recipe's are used."""
    record: EncoderRecord = encoder.record
    if is_scaled(recipe, encoder):
        tuned = recipe.encoder.published[0]
        message = f"painting with the weights '{encoder.weights}', but the recipe was tuned for '{tuned}'; its losses are adjusted"
        return (CodedNotice(message, "other-weights", used=encoder.weights, tuned=tuned),)
    if record.name != recipe.encoder.name:
        if {record.name, recipe.encoder.name} == {"compact", "vgg19"}:
            message = f"painting with the encoder '{record.name}' instead of '{recipe.encoder.name}', which has nearly the same features"
        else:
            message = f"painting with the encoder '{record.name}', but recipe '{recipe.name}' was tuned for '{recipe.encoder.name}'"
        return (CodedNotice(message, "other-encoder", used=record.name, tuned=recipe.encoder.name),)
    published = recipe.encoder.published
    if published and chosen is None and encoder.weights not in published:
        message = f"painting with the weights '{encoder.weights}', but the recipe was tuned for '{published[0]}'"
        return (CodedNotice(message, "other-weights", used=encoder.weights, tuned=published[0]),)
    return ()
