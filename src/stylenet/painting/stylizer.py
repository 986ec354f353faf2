"""Stylizers: a recipe and its engine, opened for any number of pictures. Used by all interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from msgspec import structs

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.engines.opening import open_engine
from stylenet.engines.protocol import Engine, OpenStyle
from stylenet.errors import UsageError
from stylenet.events import Done, Event, Started
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.recolor import keep_colors, with_palette
from stylenet.image.resize import FULL, resize
from stylenet.painting.plan import Plan, enlargement_notices, make_plan
from stylenet.painting.receipts import Replay, receipt_of
from stylenet.painting.regions import Layout, Region, check_regions, lay_out, with_photo_kept
from stylenet.requests.painting import BEFORE, Options, checked_options
from stylenet.requests.task import Checkpointing, History, Task
from stylenet.shapes import Image
from stylenet.styles.sources import StyleSource, open_palette

Regions = Sequence[Sequence[tuple[OpenStyle, float]]]
"""The styles of each painted region with their shares; the last region is the area outside of all masks."""


def open_stylizer(
    recipe: str | Path | Recipe = "standard",
    *,
    encoder: str | None = None,
    changes: Mapping[str, str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Stylizer:
    """Open a stylizer for a recipe, and load its encoder.

    Args:
        recipe: Name of an included recipe, a `.toml` file, or a recipe.
        encoder: "compact", "vgg16", "vgg19" or a weights file, instead of the recipe's.
        changes: Values of single parameters as text, `{"style.weight": "20"}`.
        device: "auto" uses CUDA, then MPS, then the CPU.
        precision: Precision of the features; "auto" uses bfloat16 where the hardware supports it. The picture is always float32.
        threads: Number of CPU threads; None: one for each core.

    Raises:
        RecipeError: the recipe or a parameter is invalid.
        WeightsError: the encoder's weights are missing or unusable.
        UsageError: the device or precision is not available, or the recipe needs torch, which is not installed.
    """
    chosen = load_recipe(recipe, changes)
    return Stylizer(open_engine(chosen, encoder=encoder, changes=changes, device=device, precision=precision, threads=threads))


class Stylizer:
    """An engine, ready for any number of pictures. See `open_stylizer`.

    Attributes:
        engine: The engine that paints.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.engine.recipe

    def machine(self) -> dict[str, Any]:
        """Device, precision and threads, as plain values."""
        return self.engine.machine()

    def plan(
        self, photo: ImageSource | Picture, options: Options | None = None, *, styles: Sequence[OpenStyle] = (), timed: bool = False
    ) -> Plan:
        """The plan for a photo, without painting.

        Args:
            photo: As in `stylize`.
            options: Size, strength and so on.
            styles: The styles, if the memory depends on them.
            timed: Whether to time a few steps, to estimate the duration.
        """
        options, photo = checked_options(options), load_image(photo)
        plan = make_plan(self.recipe, (photo.width, photo.height), options, self.machine())
        held = photo.pixels.nbytes if (photo.width, photo.height) == (plan.width, plan.height) else 0
        forecast = self.engine.forecast(plan.levels, styles, held_bytes=held, memory_bytes=options.memory_bytes(), timed=timed)
        values = {**plan.values, "memory_bytes": forecast.memory_bytes, "tiles": forecast.tiles}
        return replace(
            plan, tile_px=forecast.tile_px, values=values if forecast.seconds is None else {**values, "seconds": forecast.seconds}
        )

    def stylize(
        self,
        photo: ImageSource | Picture,
        styles: StyleSource | OpenStyle | Sequence[StyleSource | OpenStyle],
        options: Options | None = None,
        *,
        regions: Sequence[Region] = (),
        start: ImageSource | Picture | None = None,
        history: History | None = None,
        noise_origin: tuple[int, int] | None = None,
        checkpointing: Checkpointing | None = None,
        replay: Replay | None = None,
        timed: bool = False,
        timelapse_frames: int = 0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Paint a photo; yields `Started`, `Step`s, `Preview`s, `Notice`s and finally `Done`.

        Args:
            photo: A file, a PIL image, an array, or a loaded `Picture`.
            styles: One or several: the name of a style, a painting, a style file, a folder of paintings.
            options: Size, strength and so on.
            regions: Regions with another style, or where the photo is kept; `styles` apply to the rest.
            start: Initial image instead of the recipe's.
            history: The previous painting, for a frame of a clip; recipes that paint in one pass do not use it.
            noise_origin: For a frame of a clip: row and column at which the noise of a one-pass network has its origin. None: the photo's
                most distinct point, so that a photo keeps its strokes when it is cropped.
            checkpointing: Where the state of the painting is saved, so that it can be resumed.
            replay: A receipt to repeat; other inputs are rejected.
            timed: Whether `Started` contains an estimate of the duration, which times a few steps.
            timelapse_frames: Approximate number of scheduled previews if no interval is given; 0: none.
            should_stop: Called after every step; true ends painting with the best picture so far.

        Raises:
            StylenetError: see the tree in `errors`; always before the first step, except for `NumericalError`.
        """
        options = checked_options(options)
        if isinstance(options.palette, str):
            options = structs.replace(options, palette=open_palette(options.palette))
        sources = list(styles) if isinstance(styles, (list, tuple)) else [styles]
        check_regions(regions)
        if not callable(should_stop):
            raise UsageError(f"should_stop is {should_stop!r:.60}; give a function without arguments")
        self._check(options, regions=regions, has_start=start is not None, wants_frames=bool(timelapse_frames))
        if not sources:
            options.check_styles(0)
        picture = load_image(photo)
        opened = self._open_styles(sources, regions, picture, options)
        used = [style for each in opened for style, _ in each]
        plan = self.plan(picture, options, styles=used, timed=timed)
        size, steps = (plan.width, plan.height), self.engine.steps(plan.levels)
        layout = lay_out(regions, picture, size, feather_px=options.feather, protected=options.protected)
        resized = resize(picture.pixels, size)
        started_from = None if start is None else load_image(start).pixels
        tile_px = self._tile_px(plan, checkpointing, replay)
        receipt = receipt_of(
            facts=self.engine.facts(),
            photo=resized,
            photo_name=Path(picture.source).name if picture.source else None,
            styles=opened,
            masks=[region.text for region in regions if region.text is not None],
            layout=layout,
            start=started_from,
            options=options,
            tile_px=tile_px,
        )
        task = Task(
            photo=resized,
            styles=opened,
            weights=layout.weights,
            strength=options.strength,
            style_scale=options.style_scale,
            seed=options.seed,
            start=started_from,
            history=history,
            noise_origin=noise_origin,
            save_every=options.save_every or (max(1, steps // timelapse_frames) if timelapse_frames else 0),
            tile_px=tile_px,
            checkpointing=checkpointing,
            finish=partial(finish, options=options, photo=resized, layout=layout),
            should_stop=should_stop,
            receipt=receipt,
        )
        paints_photo = bool(self.recipe.content.weight) and all(style.stylizes for style in used)
        notices = [
            *picture.notices,
            *self.engine.notices,
            *plan.notices,
            *layout.notices,
            *(notice for style in used for notice in style.notices),
            *self.engine.notices_for(size, used),
            *(replay.check(receipt) if replay is not None else ()),
            *(enlargement_notices((picture.width, picture.height), plan, options) if paints_photo else ()),
        ]
        events = _unchanged(task) if options.strength == 0 and paints_photo else self.engine.paint(task)
        yield Started(
            plan={**plan.values, "save_every": task.save_every or self.recipe.pyramid.save_every},
            steps=steps,
            notices=tuple(notices),
        )
        yield from events

    def texture(
        self,
        styles: StyleSource | OpenStyle | Sequence[StyleSource | OpenStyle],
        options: Options | None = None,
        **more: Any,
    ) -> Iterator[Event]:
        """Paint a texture with the statistics of the styles, from noise. Arguments and events are those of `stylize`.

        `options.size` is the texture's size, 512 x 512 by default.
        """
        options = checked_options(options)
        options.check_texture()
        if str(options.size).lower() == FULL:
            raise UsageError("size is 'full', which is the size of a photo; for a texture, give pixels, such as 512 or 640x480")
        noise = np.random.default_rng(options.seed).random((1, 3, 512, 512), dtype=np.float32)
        yield from Stylizer(self.engine.for_texture()).stylize(Picture(pixels=noise), styles, options, **more)

    def open_style(self, source: StyleSource | OpenStyle) -> OpenStyle:
        """Open a style for this recipe, for use in many paintings: its statistics, or the network trained for it.

        Raises:
            ImageError, StyleError, WeightsError: the style does not exist, or does not fit the recipe.
        """
        return self.engine.open_style(source)

    def _open_styles(
        self, sources: Sequence[StyleSource | OpenStyle], regions: Sequence[Region], photo: Picture, options: Options
    ) -> Regions:
        mode = str(options.keep_colors).removesuffix(BEFORE)
        recolor = partial(_with_colors_of, photo=photo.pixels, mode=mode) if options.recolors_style else None
        opened = [self.engine.open_style(source, recolor=recolor) for source in sources]
        if len(opened) == 1 and opened[0].shares and options.blend:
            # A network with several styles applies the shares itself.
            options.check_styles(len(opened[0].shares))
            opened = [self.engine.with_shares(opened[0], options.shares(len(opened[0].shares)))]
            rest = [(opened[0], 1.0)]
        else:
            options.check_styles(len(opened))
            rest = list(zip(opened, options.shares(len(opened)), strict=True))
        masked = [region.style for region in regions if region.style is not None]
        return [*([(self.engine.open_style(style, recolor=recolor), 1.0)] for style in masked), rest]

    def _check(self, options: Options, *, regions: Sequence[Region], has_start: bool, wants_frames: bool) -> None:
        """Reject options that would be ignored.

        Raises:
            UsageError: an option does not apply; the message suggests what to do instead.
        """
        self.engine.check(options, has_start=has_start, wants_previews=wants_frames or options.save_every > 0)
        if options.feather and not regions and not options.protected:
            raise UsageError(f"feather is {options.feather:g}, but there is no mask to soften; add --mask or --protect")

    def _tile_px(self, plan: Plan, checkpointing: Checkpointing | None, replay: Replay | None) -> int | None:
        """The tile size: that of a painting that is resumed or replayed, since the last digits depend on it; otherwise the plan's."""
        saved = None if replay is None else replay.receipt
        if checkpointing is not None and checkpointing.resume:
            saved = self.engine.saved_receipt(checkpointing.path) or saved
        return plan.tile_px if saved is None else saved["tile_px"]


def finish(painted: Image, *, options: Options, photo: Image, layout: Layout) -> Image:
    """Postprocess a picture: apply the color options, and keep the photo where requested.

    Args:
        painted: (1, 3, H, W), 0..1, of any size.
        options: Color options.
        photo: (1, 3, H, W), 0..1, at the size of the result.
        layout: Where the photo is kept.
    """
    if options.keep_colors is not None and not options.recolors_style:
        painted = keep_colors(painted, photo, options.keep_colors)
    if options.palette:
        painted = with_palette(painted, cast("Sequence[tuple[str, float]]", options.palette))
    return painted if layout.keep is None else with_photo_kept(painted, photo, layout.keep)


def _with_colors_of(picture: Image, *, photo: Image, mode: str) -> Image:
    return keep_colors(picture, photo, mode)


def _unchanged(task: Task[OpenStyle]) -> Iterator[Event]:
    """The events at strength 0: the photo itself."""
    yield Done(image=task.finish(task.photo), steps=0, seconds=0.0, loss=0.0, reason="finished", receipt=task.receipt)
