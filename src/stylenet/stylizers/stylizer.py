"""The waist: every door opens a stylizer by recipe and reads the events that it yields."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from torch import Tensor

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.naming import split_style
from stylenet.catalog.networks import SlimRecord, StyleRecord
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.encoders.precision import RETURNED_BYTES, fastest_dtype, keep_freed_memory
from stylenet.errors import UsageError
from stylenet.events import Done, Event, Started
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.resize import resize
from stylenet.optimization.checkpoint import Checkpoint, kept_job
from stylenet.optimization.paint import Task, paint
from stylenet.styles.style import MixedStyle, PictureStyle
from stylenet.stylizers.forecast import PASS_RETURNED_BYTES, forecast, forecast_pass
from stylenet.stylizers.goals import Goals
from stylenet.stylizers.job import Job, Keep, finished, receipt_of
from stylenet.stylizers.one_pass import InstantPainter, TrainedStyle, open_trained, paint_trained
from stylenet.stylizers.plan import BEFORE, Options, Plan, enlargement_notice, make_plan
from stylenet.stylizers.regions import Region, lay_out
from stylenet.stylizers.replay import Replay
from stylenet.stylizers.sources import AnyStyle, StyleSource, open_style, recolored, style_fingerprint

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")

_NETWORK_KNOBS = ("method", "encoder.", "network.", "picture.largest_px", "picture.shape", "picture.rim_px")
"""What the knobs begin with that mean something to a network's single pass."""


def open_stylizer(
    recipe: str | Path | Recipe = "standard",
    *,
    encoder: str | None = None,
    changes: Mapping[str, str] | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Stylizer:
    """A stylizer for a recipe, its encoder loaded.

    Args:
        recipe: Name of a recipe that ships, a `.toml` file, or a recipe.
        encoder: "compact", "vgg16", "vgg19" or a weights file, in place of the recipe's own.
        changes: Values of single knobs as text, `{"style.weight": "20"}`.
        device: "auto" takes CUDA, then MPS, then the processor.
        precision: Of the features; "auto" takes bfloat16 where the hardware has units for it. The picture itself is always float32.

    Raises:
        RecipeError: the recipe or a knob is wrong.
        WeightsError: the encoder's weights are missing or unusable.
        UsageError: the device or precision does not exist.
    """
    chosen = load_recipe(recipe, changes)
    if chosen.method == "network":
        _check_changes(chosen, changes or {}, encoder=encoder)
    return Stylizer(chosen, encoder=encoder, device=device, precision=precision)


def _check_changes(recipe: Recipe, changes: Mapping[str, str], *, encoder: str | None) -> None:
    """Refuse what changes nothing where a network paints in one pass.

    Raises:
        UsageError: a knob of optimization is changed, or an encoder is given where none looks at anything.
    """
    for knob in changes:
        if not knob.startswith(_NETWORK_KNOBS):
            raise UsageError(
                f"recipe '{recipe.name}' paints in one pass of a network, where {knob} changes nothing; leave it out, or choose a recipe "
                "that optimizes: refined, draft, standard, fine"
            )
    if encoder is not None and not recipe.network.name:
        raise UsageError(f"recipe '{recipe.name}' paints with the style's own network and asks no encoder; leave --encoder out")


class Stylizer:
    """A recipe with its encoder, ready for any number of pictures. See `open_stylizer`."""

    def __init__(self, recipe: Recipe, *, encoder: str | None, device: str, precision: str) -> None:
        self.device = _device(device)
        self.dtype = _dtype(precision, self.device)
        self.encoder: OpenEncoder = open_encoder(recipe.encoder, encoder, device=self.device, dtype=self.dtype)
        self.recipe, self.notices = recipe, _encoder_notices(recipe, self.encoder.record)
        self._instant: InstantPainter | None = None
        self._trained: dict[tuple[str, int], TrainedStyle] = {}
        published = recipe.encoder.published
        same = self.encoder.record.name == recipe.encoder.name  # of another network there is a notice already
        if published and encoder is None and same and self.encoder.weights not in published:
            self.notices += (f"painting with the weights '{self.encoder.weights}'; the recipe's numbers were made for '{published[0]}'",)

    def plan(self, photo: Picture, options: Options | None = None, *, networks: Sequence[TrainedStyle] = (), timed: bool = False) -> Plan:
        """What would be done for a photo, without doing it; `timed` measures a few steps for a forecast of the time.

        `networks` are those of the styles, where the recipe paints with such.
        """
        options = options or Options()
        plan = make_plan(self.recipe, (photo.width, photo.height), options, self.machine())
        held = photo.pixels.nbytes if (photo.width, photo.height) == (plan.width, plan.height) else 0
        if self.recipe.method == "network":
            # Networks that restore photos are no styles: `open_trained` has refused them.
            records = [cast(StyleRecord, style.card.record) for style in networks] or [SlimRecord()]
            size, limit = (plan.width, plan.height), options.memory_bytes()
            told = forecast_pass(self.encoder, records, size, held_bytes=held, memory_bytes=limit, dtype=self.dtype)
        else:
            told = forecast(self.recipe, self.encoder, plan.levels, held_bytes=held, memory_bytes=options.memory_bytes(), timed=timed)
        values = {**plan.values, "memory_bytes": told.memory_bytes, "tiles": told.tiles}
        return replace(plan, tile_px=told.tile_px, values=values if told.seconds is None else {**values, "seconds": told.seconds})

    def machine(self) -> dict[str, Any]:
        """Where it runs, in plain values."""
        return {
            "device": str(self.device),
            "precision": str(self.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
        }

    def stylize(
        self,
        photo: ImageSource | Picture,
        styles: StyleSource | TrainedStyle | Sequence[StyleSource | TrainedStyle],
        options: Options | None = None,
        *,
        regions: Sequence[Region] = (),
        start: ImageSource | Picture | None = None,
        keep: Keep | None = None,
        again: Replay | None = None,
        timed: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Paint a photo; yields `Started`, `Step`s, `Preview`s, `Notice`s and at last `Done`.

        Args:
            photo: A file, a PIL picture, an array, or a loaded `Picture`.
            styles: One or several: the name of a style, a painting, a style file, a folder of paintings.
            options: Size, strength and so on.
            regions: Where another style holds, or the photo is kept; `styles` are for the rest.
            start: A picture to start from in place of the recipe's own start.
            keep: Where the state of the painting is kept on the way, so that it can be gone on with.
            again: The receipt that is painted again: other inputs are refused.
            timed: Whether `Started` tells how long it will take; a few steps are timed for it.
            should_stop: Asked after every step; true ends the painting with the best picture so far.

        Raises:
            StylenetError: see the tree in `errors`; always before the first step, except for `NumericalError`.
        """
        given: list[StyleSource | TrainedStyle] = list(styles) if isinstance(styles, (list, tuple)) else [styles]  # type: ignore[list-item]
        sources, options = self._with_own_shares(given, options or Options())
        options.check(len(sources))
        self._check(options, regions=regions, start=start)
        picture = photo if isinstance(photo, Picture) else load_image(photo)
        shares = options.shares(len(sources))
        wanted = [[(region.style, 1.0)] for region in regions if region.style is not None] + [list(zip(sources, shares, strict=True))]
        opened = [[(self._opened(source, picture, options), share) for source, share in each] for each in wanted]
        networks = [style for each in opened for style, _ in each if isinstance(style, TrainedStyle)]
        plan = self.plan(picture, options, networks=networks, timed=timed)
        # How a picture is tiled depends on the memory that is free, and its last digits on how it is tiled.
        begun = again.receipt if again is not None else None
        begun = kept_job(keep.path) or begun if keep is not None and keep.resume else begun
        layout = lay_out(regions, picture, (plan.width, plan.height), feather_px=options.feather, protect=options.protect)
        job = Job(
            photo=resize(picture.pixels, (plan.width, plan.height)),
            photo_name=Path(picture.source).name if picture.source else None,
            styles=opened,
            layout=layout,
            options=options,
            start=None if start is None else (start if isinstance(start, Picture) else load_image(start)).pixels,
            tile_px=begun["tile_px"] if begun is not None else plan.tile_px,
            keep=keep,
        )
        by_network = self.recipe.method == "network"
        keep_freed_memory(bounded=job.tile_px is not None, returned_bytes=PASS_RETURNED_BYTES if by_network else RETURNED_BYTES)
        sha256 = self._instant_painter().sha256 if self._uses_instant() else None
        receipt = receipt_of(job, recipe=self.recipe, encoder=self.encoder, network_sha256=sha256, machine=self.machine())
        notices = (*picture.notices, *self.notices, *plan.notices, *layout.notices, *filter(None, (style.notice() for style in networks)))
        notices += tuple(notice for each in opened for style, _ in each if isinstance(style, MixedStyle) for notice in style.notices)
        if again is not None:
            notices += tuple(again.check(receipt))
        if self.recipe.content.weight and not any(style.card.paints == "texture" for style in networks):
            notices += tuple(filter(None, [enlargement_notice((picture.width, picture.height), plan, options)]))
        started = Started(plan=plan.values, steps=_steps(self.recipe, plan), notices=notices)
        if options.strength == 0 and self.recipe.content.weight:
            yield started
            yield Done(image=finished(job, job.photo), steps=0, seconds=0.0, loss=0.0, reason="finished", receipt=receipt)
            return
        if by_network:
            yield started
            yield self._painted_at_once(job, receipt)
            return
        task = self._task(job, receipt, should_stop=should_stop)
        cast(Goals, task.goals_at).check()
        yield started
        yield from paint(task)

    def texture(
        self,
        styles: StyleSource | Sequence[StyleSource],
        options: Options | None = None,
        *,
        keep: Keep | None = None,
        timed: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Paint a texture: the styles' statistics without a photo, from noise. Yields the events of `stylize`.

        `options.size` is the texture's size, 512 x 512 by default.
        """
        recipe = self.recipe
        if recipe.method == "network":
            yield from self._texture_at_once(styles, options or Options(), keep=keep, timed=timed, should_stop=should_stop)
            return
        without_photo = msgspec.structs.replace(
            recipe,
            content=msgspec.structs.replace(recipe.content, weight=0.0),
            picture=msgspec.structs.replace(recipe.picture, start="noise", noise="uniform"),
            pyramid=msgspec.structs.replace(recipe.pyramid, detail=0.0),
        )
        canvas = _canvas((options or Options()).seed)
        painter = replace_recipe(self, without_photo)
        yield from painter.stylize(canvas, styles, options, keep=keep, timed=timed, should_stop=should_stop)

    def _texture_at_once(
        self,
        styles: StyleSource | Sequence[StyleSource],
        options: Options,
        *,
        keep: Keep | None,
        timed: bool,
        should_stop: Callable[[], bool],
    ) -> Iterator[Event]:
        """The events of a texture that networks paint."""
        if self.recipe.network.name:
            raise UsageError(
                f"recipe '{self.recipe.name}' paints photos; a texture needs one that optimizes, like 'standard', or a network of "
                "`stylenet train PAINTING --network texture`"
            )
        sources = list(styles) if isinstance(styles, (list, tuple)) else [styles]
        opened = [open_trained(source, paints="texture", device=self.device, dtype=self.dtype) for source in sources]
        repeats = math.lcm(*(style.period_px for style in opened))
        for event in self.stylize(_canvas(options.seed), opened, options, keep=keep, timed=timed, should_stop=should_stop):
            if isinstance(event, Started) and any(side % repeats for side in event.plan["size"]):
                line = f"the texture can be laid side by side without a seam where its sides are multiples of {repeats} pixels"
                event = replace(event, notices=(*event.notices, line))
            yield event

    def open_style(self, source: StyleSource | TrainedStyle) -> AnyStyle | TrainedStyle:
        """A style as this recipe paints with it, opened once for many paintings: its statistics, or the network that was trained for it.

        Raises:
            ImageError, StyleError, WeightsError: there is no such style, or it does not fit the recipe.
        """
        if isinstance(source, TrainedStyle):
            return source
        if self._paints_with_trained():
            return self._trained_style(source)
        return open_style(source, self.recipe, self.encoder)

    def _opened(self, source: StyleSource | TrainedStyle, photo: Picture, options: Options) -> AnyStyle | TrainedStyle:
        style = self.open_style(source)
        if isinstance(style, TrainedStyle) or options.keep_colors is None or not options.keep_colors.endswith(BEFORE):
            return style
        return recolored(style, photo.pixels, options.keep_colors.removesuffix(BEFORE))

    def _paints_with_trained(self) -> bool:
        """Whether the style is a network of its own."""
        return self.recipe.method == "network" and not self.recipe.network.name

    def _check(self, options: Options, *, regions: Sequence[Region], start: object) -> None:
        """Refuse what this recipe would ignore.

        Raises:
            UsageError: an option means nothing here; the message says what to write in its place.
        """
        name = f"recipe '{self.recipe.name}'"
        if self.recipe.method == "network":
            if start is not None:
                raise UsageError(f"{name} paints in one pass and starts from nothing; leave --start out, or choose a recipe that optimizes")
            if options.save_every:
                raise UsageError(f"{name} paints in one pass: there are no pictures on the way; leave --save-every and --timelapse out")
        if self._paints_with_trained() and options.keep_colors is not None and options.keep_colors.endswith(BEFORE):
            raise UsageError(
                f"{name} paints with networks, which have no painting to recolor; give --keep-colors "
                f"{options.keep_colors.removesuffix(BEFORE)} for the result"
            )
        if self.recipe.method == "optimization" and self.recipe.painting.size == "photo" and options.style_scale != 1:
            raise UsageError(
                f"{name} looks at the painting in the photo's exact size, so that --style-scale changes nothing; leave it out, or give "
                "--set painting.size=long-side, too"
            )
        if options.feather and not regions and not options.protect:
            raise UsageError(f"feather is {options.feather:g}, and there is no mask to soften; give --mask or --protect, too")

    def _with_own_shares(
        self, sources: list[StyleSource | TrainedStyle], options: Options
    ) -> tuple[list[StyleSource | TrainedStyle], Options]:
        """A network of several styles, where it is the only one, takes the shares that were asked for."""
        if not self._paints_with_trained() or len(sources) != 1 or not options.blend:
            return sources, options
        (source,) = sources
        style = source if isinstance(source, TrainedStyle) else self._trained_style(source)
        if not style.shares:
            return sources, options
        options.check(len(style.shares))
        return [replace(style, shares=options.shares(len(style.shares)), by_default=False)], replace(options, blend=())

    def _trained_style(self, source: StyleSource) -> TrainedStyle:
        """The network of a style; opened once, as long as its file stays the same."""
        path = Path(split_style(source)[0]) if isinstance(source, (str, Path)) else None
        key = (str(source), path.stat().st_mtime_ns if path is not None and path.is_file() else 0)
        if path is None or key not in self._trained:
            return self._trained.setdefault(key, open_trained(source, device=self.device, dtype=self.dtype))
        return self._trained[key]

    def _painted_at_once(self, job: Job, receipt: Mapping[str, Any]) -> Done:
        """The painting of a network, each region in its own styles."""
        begun = time.perf_counter()
        painted = finished(job, self._in_one_pass(job)).clamp(0, 1)
        return Done(image=painted, steps=0, seconds=time.perf_counter() - begun, loss=0.0, reason="finished", receipt=receipt)

    def _in_one_pass(self, job: Job) -> Tensor:
        photo, options = job.photo.to(self.device), job.options
        total: Tensor | None = None
        weights = None if job.layout.weights is None else job.layout.weights.to(self.device)
        for region, styles in enumerate(job.styles):
            trained = [(style, share) for style, share in styles if isinstance(style, TrainedStyle)]
            measured = [(style_fingerprint(style), style, share) for style, share in styles if not isinstance(style, TrainedStyle)]
            if trained:
                painted = paint_trained(
                    photo, trained, strength=options.strength, seed=options.seed, style_scale=options.style_scale, most_px=job.tile_px
                )
            else:
                painted = self._instant_painter()(
                    photo,
                    measured,
                    strength=options.strength,
                    style_scale=options.style_scale,
                    seed=options.seed,
                    most_px=job.tile_px,
                )
            painted = painted if weights is None else weights[region : region + 1] * painted
            total = painted if total is None else total + painted
        return photo if total is None else total

    def _uses_instant(self) -> bool:
        by_network = self.recipe.method == "network" and bool(self.recipe.network.name)
        return by_network or self.recipe.picture.start == "network"

    def _instant_painter(self) -> InstantPainter:
        if self._instant is None:
            name = self.recipe.network.name
            self._instant = InstantPainter(name, encoder=self.encoder.record, device=self.device, dtype=self.dtype)
        return self._instant

    def _task(self, job: Job, receipt: Mapping[str, Any], *, should_stop: Callable[[], bool]) -> Task:
        options, photo = job.options, job.photo
        pictures = [style.pixels for style, _ in job.styles[-1] if isinstance(style, PictureStyle)]
        if self.recipe.picture.start == "style" and job.start is None and not pictures:
            raise UsageError(
                f"recipe '{self.recipe.name}' starts from the painting, and a style file has no picture; give the picture, or --start"
            )
        measured = [[(style, share) for style, share in each if not isinstance(style, TrainedStyle)] for each in job.styles]
        start = job.start
        if start is None and self.recipe.picture.start == "network":
            start = self._in_one_pass(job).cpu()
        checkpoint = (
            None if job.keep is None else Checkpoint(path=job.keep.path, job=receipt, seconds=job.keep.seconds, resume=job.keep.resume)
        )
        return Task(
            recipe=self.recipe,
            encoder=self.encoder.fast,
            exact_encoder=self.encoder.exact,
            photo=photo.to(self.device),
            goals_at=Goals(
                self.recipe,
                measured,
                photo_size=(photo.shape[3], photo.shape[2]),
                style_scale=options.style_scale,
                device=self.device,
            ),
            regions=None if job.layout.weights is None else job.layout.weights.to(self.device),
            strength=options.strength,
            seed=options.seed,
            style_picture=pictures[0].to(self.device) if pictures else None,
            start=None if start is None else start.to(self.device),
            save_every=options.save_every or self.recipe.pyramid.save_every,
            finish=partial(finished, job),
            tile_px=job.tile_px,
            checkpoint=checkpoint,
            should_stop=should_stop,
            receipt=receipt,
        )


def _encoder_notices(recipe: Recipe, record: EncoderRecord) -> tuple[str, ...]:
    """What a person should know where another encoder than the recipe's is used."""
    if record.name == recipe.encoder.name:
        return ()
    if {record.name, recipe.encoder.name} == {"compact", "vgg19"}:
        return (f"painting with the encoder '{record.name}' in place of '{recipe.encoder.name}': nearly the same features",)
    return (f"painting with the encoder '{record.name}': the numbers of recipe '{recipe.name}' were made for '{recipe.encoder.name}'",)


def _canvas(seed: int) -> Picture:
    """What a texture is painted on, where no size is asked for."""
    return Picture(pixels=torch.rand((1, 3, 512, 512), generator=torch.Generator().manual_seed(seed)))


def replace_recipe(stylizer: Stylizer, recipe: Recipe) -> Stylizer:
    """The same stylizer, its encoder shared, for a changed recipe."""
    other = object.__new__(Stylizer)
    other.__dict__.update(stylizer.__dict__, recipe=recipe)
    return other


def _steps(recipe: Recipe, plan: Plan) -> int:
    per_step = recipe.solver.evaluations_per_round if recipe.solver.name == "scipy-lbfgs" else 1
    return per_step * sum(level.steps for level in plan.levels)


def _device(name: str) -> torch.device:
    if name not in DEVICES:
        raise UsageError(f"device is '{name}'; allowed are {', '.join(DEVICES)}")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if available[device])
    if not available[name]:
        raise UsageError(f"device '{name}' is not available on this machine; use --device cpu")
    return torch.device(name)


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name not in PRECISIONS:
        raise UsageError(f"precision is '{name}'; allowed are {', '.join(PRECISIONS)}")
    if name == "auto":
        return fastest_dtype(device)
    return torch.float32 if name == "float32" else torch.bfloat16
