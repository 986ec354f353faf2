"""Paint one picture by optimization, from coarse to fine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.events import Done, Event, Notice, Preview, Step
from stylenet.image.resize import resize
from stylenet.optimization.adam import Adam
from stylenet.optimization.objective import Goal, Objective
from stylenet.optimization.pyramid import Level, levels
from stylenet.optimization.solvers import Moved, adam_steps, lbfgs_steps, scipy_lbfgs_rounds

GoalsAt = Callable[[int, int], Sequence[Goal]]
"""The paintings' moments for a level of (width, height)."""

_PREVIEW_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Task:
    """All that one painting needs.

    Attributes:
        recipe: What is minimized and how.
        encoder: In float32, or the dtype that every step but the last `exact_steps` is computed in.
        exact_encoder: In float32, for the last steps.
        photo: (1, 3, H, W), 0..1, at the size to paint.
        goals_at: The paintings at a level's size.
        style_factor: From the strength.
        seed: Of the noise.
        style_picture: For recipes that start from the painting, (1, 3, H, W), any size.
        start: A picture to start from in place of the recipe's own start, (1, 3, H, W), any size.
        save_every: Steps between scheduled previews; 0: none.
        should_stop: Asked after every step; true ends the painting with what there is.
        receipt: Handed on to `Done`.
    """

    recipe: Recipe
    encoder: VggEncoder
    exact_encoder: VggEncoder
    photo: Tensor
    goals_at: GoalsAt
    style_factor: float = 1.0
    seed: int = 0
    style_picture: Tensor | None = None
    start: Tensor | None = None
    save_every: int = 0
    should_stop: Callable[[], bool] = lambda: False
    receipt: Mapping[str, Any] = field(default_factory=dict)


def task_levels(task: Task) -> tuple[Level, ...]:
    """The levels of a task, coarse to fine."""
    return levels(task.photo.shape[3], task.photo.shape[2], task.recipe.pyramid)


def paint(task: Task) -> Iterator[Event]:
    """Paint, and yield a `Step` for every step, `Preview`s now and then, `Notice`s, and `Done` at the end.

    Ctrl-C (KeyboardInterrupt) inside the painting ends it with what there is, as `should_stop` does.

    Raises:
        NumericalError: the loss is not a number however small the step.
    """
    clock = _Clock(task)
    result, adam, loss, reason = _start(task, clock.levels[0]), None, float("nan"), "finished"
    latest: Moved | None = None
    seen = time.perf_counter()
    try:
        for index, level in enumerate(clock.levels):
            photo = resize(task.photo, (level.width, level.height))
            image, latest = _entering(result, photo, task), None
            if task.recipe.solver.name == "adam":
                adam = Adam(image, task.recipe.solver, adam)
            for moved in _moves(task, level, _Canvas(photo, image, adam), last=index == len(clock.levels) - 1):
                loss, latest = moved.loss, moved
                if moved.notice:
                    yield Notice(message=moved.notice)
                step = clock.step(index, level, moved)
                yield step
                scheduled = bool(task.save_every) and step.step % task.save_every == 0
                if scheduled or time.perf_counter() - seen > _PREVIEW_SECONDS:
                    seen = time.perf_counter()
                    yield Preview(image=_picture(moved, task.recipe), step=step.step, scheduled=scheduled)
                if task.should_stop():
                    raise KeyboardInterrupt
            result = image.div(_scale(task.recipe)).clamp(0, 1) if latest is None else _picture(latest, task.recipe)
    except KeyboardInterrupt:
        reason = "interrupted"
        result = result if latest is None else _picture(latest, task.recipe)
    yield Done(
        image=resize(result, (task.photo.shape[3], task.photo.shape[2])),
        steps=clock.done,
        seconds=time.perf_counter() - clock.started,
        loss=loss,
        reason=reason,
        receipt=task.receipt,
    )


@dataclass(frozen=True)
class _Canvas:
    """A level's photo, the picture on its way, and the solver's state where it has one."""

    photo: Tensor
    image: Tensor
    adam: Adam | None


def _moves(task: Task, level: Level, canvas: _Canvas, *, last: bool) -> Iterator[Moved]:
    """Every step or evaluation of one level."""
    recipe, scale = task.recipe, _scale(task.recipe)
    clip = (0.0, scale) if recipe.picture.clip else None

    def terms(encoder: VggEncoder) -> Callable[[Tensor], Mapping[str, Tensor]]:
        objective = Objective(
            recipe,
            encoder,
            canvas.photo,
            task.goals_at(level.width, level.height),
            style_factor=task.style_factor,
            content_factor=level.content_factor,
        )
        return lambda values: objective.terms(values / scale if scale != 1.0 else values)

    if canvas.adam is None:
        # Curvature is estimated from differences of gradients, which bfloat16 would drown in rounding.
        exact = terms(task.exact_encoder)
        if recipe.solver.name == "lbfgs":
            yield from lbfgs_steps(canvas.image, recipe.solver, exact, steps=level.steps, clip=clip)
        else:
            yield from scipy_lbfgs_rounds(canvas.image, recipe.solver, exact, rounds=level.steps)
        return
    exact_steps = min(level.steps, recipe.pyramid.exact_steps) if last and task.encoder is not task.exact_encoder else 0
    phases = [(task.encoder, level.steps - exact_steps, 0), (task.exact_encoder, exact_steps, level.steps - exact_steps)]
    for encoder, steps, first in phases:
        if steps:
            yield from adam_steps(canvas.adam, terms(encoder), steps=steps, first=first, of=level.steps, clip=clip)


def _start(task: Task, level: Level) -> Tensor:
    """The picture before the first step, (1, 3, H, W), 0..1 (noise may lie outside)."""
    size, picture = (level.width, level.height), task.recipe.picture
    if task.start is not None:
        return resize(task.start, size)
    if picture.start == "content":
        return resize(task.photo, size)
    if picture.start == "style" and task.style_picture is not None:
        return resize(task.style_picture, size)
    generator = torch.Generator().manual_seed(task.seed)
    shape = (1, 3, level.height, level.width)
    if picture.noise == "uniform":
        noise = torch.rand(shape, generator=generator)
    else:
        preprocessing = task.encoder.record.preprocessing
        mean = torch.tensor(preprocessing.mean).div(preprocessing.scale).view(1, 3, 1, 1)
        if preprocessing.channel_order == "bgr":
            mean = mean.flip(1)
        noise = mean + torch.randn(shape, generator=generator) * (picture.noise_scale / _scale(task.recipe))
    return noise.to(task.photo)


def _entering(result: Tensor, photo: Tensor, task: Task) -> Tensor:
    """The picture as a level begins with it, in the recipe's units: the coarser level's, with the photo's own finer detail."""
    size = (photo.shape[3], photo.shape[2])
    if result.shape == photo.shape:
        image = result.clone()
    else:
        image = resize(result, size)
        if task.recipe.pyramid.detail:
            coarse = resize(resize(photo, (result.shape[3], result.shape[2])), size)
            image = (image + task.recipe.pyramid.detail * (photo - coarse)).clamp(0, 1)
    return image.mul_(_scale(task.recipe)).contiguous()


def _picture(moved: Moved, recipe: Recipe) -> Tensor:
    """The picture after a step, (1, 3, H, W), 0..1."""
    return moved.result().div_(_scale(recipe)).clamp_(0, 1)


def _scale(recipe: Recipe) -> float:
    return 255.0 if recipe.picture.unit == "bytes" else 1.0


class _Clock:
    """Counts steps and knows how long the rest will take: a step's time goes with the pixels of its level."""

    def __init__(self, task: Task) -> None:
        self.levels = task_levels(task)
        per_round = task.recipe.solver.evaluations_per_round if task.recipe.solver.name == "scipy-lbfgs" else 1
        self._steps = [level.steps * per_round for level in self.levels]
        self._work = [level.width * level.height * steps for level, steps in zip(self.levels, self._steps, strict=True)]
        self.steps = sum(self._steps)
        self.done = 0
        self.started = time.perf_counter()

    def step(self, index: int, level: Level, moved: Moved) -> Step:
        self.done += 1
        seconds = time.perf_counter() - self.started
        in_level = self.done - sum(self._steps[:index])
        finished = sum(self._work[:index]) + level.width * level.height * in_level
        return Step(
            step=self.done,
            steps=max(self.steps, self.done),
            level=index,
            size_px=(level.width, level.height),
            loss=moved.loss,
            terms=moved.terms,
            seconds=seconds,
            seconds_left=max(0.0, seconds * (sum(self._work) / finished - 1)),
        )
