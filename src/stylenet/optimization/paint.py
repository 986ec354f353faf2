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
from stylenet.losses.style import strength_factor
from stylenet.optimization.adam import Adam
from stylenet.optimization.checkpoint import Checkpoint, State
from stylenet.optimization.objective import Goal, Objective
from stylenet.optimization.pyramid import Level, levels
from stylenet.optimization.solvers import AdamSolver, Evaluate, LbfgsSolver, Moved, ScipySolver, Solver

GoalsAt = Callable[[int, int], Sequence[Goal]]
"""The paintings' moments for a level of (width, height)."""

_PREVIEW_SECONDS = 0.5
_PREVIEW_SHARE = 0.05  # of the time may go into previews, where they take long


@dataclass(frozen=True, kw_only=True)
class Task:
    """All that one painting needs.

    Attributes:
        recipe: What is minimized and how.
        encoder: In float32, or the dtype that every step but the last `exact_steps` is computed in.
        exact_encoder: In float32, for the last steps.
        photo: (1, 3, H, W), 0..1, at the size to paint.
        goals_at: The paintings at a level's size.
        regions: Where the goals' regions lie, (R, 1, H, W), any size; None: one region, everywhere.
        strength: 0..100; see `losses.style.strength_factor`.
        seed: Of the noise.
        style_picture: For recipes that start from the painting, (1, 3, H, W), any size.
        start: A picture to start from in place of the recipe's own start, (1, 3, H, W), any size.
        save_every: Steps between scheduled previews; 0: none.
        finish: What is done to every picture before a person sees it: (1, 3, H, W), 0..1, any size, to the same.
        tile_px: Pixels that the encoder may look at in one pass; None: no limit.
        checkpoint: Where the painting's state is kept on the way, and what it goes on from.
        should_stop: Asked after every step; true ends the painting with what there is.
        receipt: Handed on to `Done`.
    """

    recipe: Recipe
    encoder: VggEncoder
    exact_encoder: VggEncoder
    photo: Tensor
    goals_at: GoalsAt
    regions: Tensor | None = None
    strength: float = 50.0
    seed: int = 0
    style_picture: Tensor | None = None
    start: Tensor | None = None
    save_every: int = 0
    finish: Callable[[Tensor], Tensor] = lambda picture: picture
    tile_px: int | None = None
    checkpoint: Checkpoint | None = None
    should_stop: Callable[[], bool] = lambda: False
    receipt: Mapping[str, Any] = field(default_factory=dict)


def task_levels(task: Task) -> tuple[Level, ...]:
    """The levels of a task, coarse to fine."""
    return levels(task.photo.shape[3], task.photo.shape[2], task.recipe.pyramid)


def paint(task: Task) -> Iterator[Event]:
    """Paint, and yield a `Step` for every step, `Preview`s now and then, `Notice`s, and `Done` at the end.

    Ctrl-C (KeyboardInterrupt) inside the painting ends it with what there is, as `should_stop` does; only the latter keeps a checkpoint of
    the very last step.

    Raises:
        NumericalError: the loss is not a number however small the step.
        CheckpointError: the checkpoint to go on from is of another painting.
    """
    run = _Run(task)
    reason = "finished"
    try:
        for level in range(run.first_level, len(run.levels)):
            yield from run.level(level)
        if run.stalled:
            reason = "stalled"
    except KeyboardInterrupt:
        reason = "interrupted"
    width, height = task.photo.shape[3], task.photo.shape[2]
    image, steps, seconds, loss = run.picture(), run.clock.done, run.clock.seconds, run.loss
    del run  # the solver's memory, several pictures large: what is done with the result needs memory too
    image = task.finish(resize(image, (width, height)))
    yield Done(image=image, steps=steps, seconds=seconds, loss=loss, reason=reason, receipt=task.receipt)


class _Run:
    """A painting on its way.

    Attributes:
        levels: Coarse to fine.
        first_level: The one to begin with; another than the coarsest where the painting goes on from a checkpoint.
        stalled: Whether the last level ended early.
        loss: Of the last step.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.levels = task, task_levels(task)
        self.clock = _Clock(task, self.levels)
        self.loss, self.stalled = float("nan"), False
        self._scale = 255.0 if task.recipe.picture.unit == "bytes" else 1.0
        self._state = None if task.checkpoint is None else task.checkpoint.load()
        self.first_level = 0 if self._state is None else self._state.level
        self._result: Callable[[], Tensor] = lambda: _start(task, self.levels[0]).mul_(self._scale)
        self._solver: Solver | None = None
        self._next_preview = self._saved = time.perf_counter()
        self._tile_px = task.tile_px
        self._notices: list[str] = []

    def picture(self) -> Tensor:
        """What there is, (1, 3, H, W), 0..1."""
        return self._result().div_(self._scale).clamp_(0, 1)

    def level(self, index: int) -> Iterator[Event]:
        """Paint one level."""
        task, level = self.task, self.levels[index]
        photo = resize(task.photo, (level.width, level.height))
        solver = self._open(level, photo)
        patience = _Patience(task.recipe.solver.patience)
        if self._state is not None:
            self._restore(self._state, solver, patience)
            self._state = None  # it holds the whole solver once more
        self.stalled = patience.is_over
        exact_steps = task.recipe.pyramid.exact_steps if index == len(self.levels) - 1 else 0
        evaluate: dict[bool, Evaluate] = {}
        while solver.done < level.steps and not self.stalled:
            # Curvature is estimated from differences of gradients, which bfloat16 would drown in rounding.
            exact = not isinstance(solver, AdamSolver) or solver.done >= level.steps - exact_steps
            if exact not in evaluate:
                evaluate = {exact: self._evaluate(level, photo, exact=exact)}
            for moved in solver.advance(evaluate[exact]):
                self.loss, self._result = moved.loss, moved.result
                yield from self._told(index, moved)
                patience.see(moved.loss)
            self.stalled = patience.is_over
            if self.stalled:
                yield Notice(
                    message=f"no lower loss in {task.recipe.solver.patience} steps: level {index + 1} of {len(self.levels)} ends here"
                )
            # After a level's last step, too: its result is what the next one starts from.
            self._keep(index, solver, patience)
            if task.should_stop():
                self._keep(index, solver, patience, now=True)
                raise KeyboardInterrupt

    def _restore(self, state: State, solver: Solver, patience: _Patience) -> None:
        solver.restore(state.solver)
        patience.lowest, patience.since = state.patience
        self.clock.restore(state.steps, state.seconds)
        self.loss, self._result = state.loss, state.result.clone

    def _told(self, index: int, moved: Moved) -> Iterator[Event]:
        for message in (*self._notices, moved.notice):
            if message:
                yield Notice(message=message)
        self._notices.clear()
        step = self.clock.step(index, moved)
        yield step
        scheduled = bool(self.task.save_every) and step.step % self.task.save_every == 0
        begun = time.perf_counter()
        if scheduled or begun > self._next_preview:
            yield Preview(image=self.task.finish(self.picture()), step=step.step, scheduled=scheduled)
            now = time.perf_counter()
            self._next_preview = now + max(_PREVIEW_SECONDS, (now - begun) / _PREVIEW_SHARE)

    def _open(self, level: Level, photo: Tensor) -> Solver:
        recipe = self.task.recipe
        before = self._solver.adam if isinstance(self._solver, AdamSolver) else None
        # Where the painting goes on, the restored picture takes the place of the start.
        image = _start(self.task, level) if self._solver is None else _entering(self.picture(), photo, self.task)
        image = image.mul_(self._scale).contiguous()
        clip = (0.0, self._scale) if recipe.picture.clip else None
        match recipe.solver.name:
            case "adam":
                self._solver = AdamSolver(Adam(image, recipe.solver, before), steps=level.steps, clip=clip)
            case "lbfgs":
                self._solver = LbfgsSolver(image, recipe.solver, steps=level.steps, clip=clip)
            case _:
                self._solver = ScipySolver(image, recipe.solver)
        self._result = lambda: image.detach().clone()
        return self._solver

    def _evaluate(self, level: Level, photo: Tensor, *, exact: bool) -> Evaluate:
        objective, scale = self._objective(level, photo, exact=exact), self._scale

        def evaluate(values: Tensor) -> tuple[Mapping[str, float], Tensor]:
            nonlocal objective
            image = values if scale == 1.0 else values / scale
            while True:
                try:
                    terms, gradient = objective.evaluate(image)
                    return terms, gradient if scale == 1.0 else gradient / scale
                except torch.OutOfMemoryError:  # of a GPU: another program took a part of it
                    objective = self._smaller(level, photo, exact=exact)

        return evaluate

    def _objective(self, level: Level, photo: Tensor, *, exact: bool) -> Objective:
        task = self.task
        return Objective(
            task.recipe,
            task.exact_encoder if exact else task.encoder,
            photo,
            task.goals_at(level.width, level.height),
            regions=None if task.regions is None else resize(task.regions, (level.width, level.height)),
            style_factor=strength_factor(task.strength),
            content_factor=level.content_factor,
            deepest=level.deepest,
            tile_px=self._tile_px,
        )

    def _smaller(self, level: Level, photo: Tensor, *, exact: bool) -> Objective:
        """The objective with tiles of half the size: loss and gradient stay the same."""
        self._tile_px = min(self._tile_px or level.width * level.height, level.width * level.height) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._notices.append(f"the memory was not enough: painting goes on in tiles of {self._tile_px} pixels")
        return self._objective(level, photo, exact=exact)

    def _keep(self, level: int, solver: Solver, patience: _Patience, *, now: bool = False) -> None:
        checkpoint = self.task.checkpoint
        if checkpoint is None or not (now or time.perf_counter() - self._saved > checkpoint.seconds):
            return
        checkpoint.save(
            State(
                level=level,
                steps=self.clock.done,
                seconds=self.clock.seconds,
                loss=self.loss,
                patience=(patience.lowest, patience.since),
                solver=solver.state(),
                result=self._result(),
            )
        )
        self._saved = time.perf_counter()


def _start(task: Task, level: Level) -> Tensor:
    """The picture before the first step, (1, 3, H, W), 0..1 (noise may lie outside); the caller's to change."""
    size, picture = (level.width, level.height), task.recipe.picture
    if task.start is not None:
        return resize(task.start, size).clone()
    if picture.start == "content":
        return resize(task.photo, size).clone()
    if picture.start == "style" and task.style_picture is not None:
        return resize(task.style_picture, size).clone()
    generator = torch.Generator().manual_seed(task.seed)
    shape = (1, 3, level.height, level.width)
    if picture.noise == "uniform":
        noise = torch.rand(shape, generator=generator)
    else:
        preprocessing = task.encoder.record.preprocessing
        mean = torch.tensor(preprocessing.mean).div(preprocessing.scale).view(1, 3, 1, 1)
        if preprocessing.channel_order == "bgr":
            mean = mean.flip(1)
        scale = 255.0 if picture.unit == "bytes" else 1.0
        noise = mean + torch.randn(shape, generator=generator) * (picture.noise_scale / scale)
    return noise.to(task.photo)


def _entering(result: Tensor, photo: Tensor, task: Task) -> Tensor:
    """The picture as a level begins with it: the coarser level's, with the photo's own finer detail; the caller's to change."""
    size = (photo.shape[3], photo.shape[2])
    if result.shape == photo.shape:
        return result.clone()
    image = resize(result, size)
    if task.recipe.pyramid.detail:
        coarse = resize(resize(photo, (result.shape[3], result.shape[2])), size)
        # A picture that is hardly painted keeps all of the photo's detail.
        detail = 1 - (1 - task.recipe.pyramid.detail) * min(1.0, task.strength / 50)
        image = image.add_(photo, alpha=detail).sub_(coarse, alpha=detail).clamp_(0, 1)
    return image


class _Patience:
    """Whether the loss has stopped to fall: no new lowest one, by a thousandth, in so many steps; 0 is boundless patience."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.lowest, self.since = float("inf"), 0

    def see(self, loss: float) -> None:
        if self.lowest == float("inf") or loss < self.lowest - 1e-3 * abs(self.lowest):
            self.lowest, self.since = loss, 0
        else:
            self.since += 1

    @property
    def is_over(self) -> bool:
        return bool(self._steps) and self.since >= self._steps


class _Clock:
    """Counts steps and knows how long the rest will take: a step's time goes with the pixels of its level."""

    def __init__(self, task: Task, levels: Sequence[Level]) -> None:
        self._levels = levels
        per_round = task.recipe.solver.evaluations_per_round if task.recipe.solver.name == "scipy-lbfgs" else 1
        self._steps = [level.steps * per_round for level in levels]
        self._work = [level.width * level.height * steps for level, steps in zip(levels, self._steps, strict=True)]
        self.done = 0
        self._started = time.perf_counter()

    def restore(self, done: int, seconds: float) -> None:
        self.done, self._started = done, time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def step(self, index: int, moved: Moved) -> Step:
        self.done += 1
        seconds, level = self.seconds, self._levels[index]
        in_level = self.done - sum(self._steps[:index])
        finished = sum(self._work[:index]) + level.width * level.height * in_level
        return Step(
            step=self.done,
            steps=max(sum(self._steps), self.done),
            level=index,
            size_px=(level.width, level.height),
            loss=moved.loss,
            terms=moved.terms,
            seconds=seconds,
            seconds_left=max(0.0, seconds * (sum(self._work) / finished - 1)),
        )
