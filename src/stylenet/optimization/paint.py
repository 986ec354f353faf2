"""Paint one picture by optimization, from coarse to fine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.resampling import as_tensor, resize
from stylenet.errors import counted
from stylenet.events import Done, Event, Notice, Preview
from stylenet.losses.style import strength_factor
from stylenet.notices import CodedNotice
from stylenet.optimization.adam import Adam
from stylenet.optimization.checkpoint import Checkpoint, State
from stylenet.optimization.clock import Clock
from stylenet.optimization.early_stopping import EarlyStopping
from stylenet.optimization.objective import Objective
from stylenet.optimization.pyramid import Level, levels
from stylenet.optimization.solvers import AdamSolver, Evaluate, LbfgsSolver, ScipySolver, Solver, SolverStep
from stylenet.optimization.terms.base import StyleTarget
from stylenet.requests.task import Task
from stylenet.shapes import Image

TargetsAt = Callable[[int, int], Sequence[StyleTarget]]
"""Function from the width and height of a level to its style targets."""

_PREVIEW_SECONDS = 0.5
_PREVIEW_SHARE = 0.05  # largest share of the time spent on previews


@torch.inference_mode(False)
@torch.enable_grad()
def paint(
    task: Task[Any],
    *,
    recipe: Recipe,
    encoder: OpenEncoder,
    targets_at: TargetsAt,
    start: Image | None = None,
    style_picture: Image | None = None,
) -> Iterator[Event]:
    """Paint and yield a `Step` for every step, occasional `Preview`s, `Notice`s, and finally `Done`.

    Args:
        task: The photo and the options. `targets_at` replaces its styles.
        recipe: The recipe.
        encoder: The encoder.
        targets_at: Style targets for a level.
        start: Initial image that replaces the recipe's, (1, 3, H, W), any size.
        style_picture: Style image for recipes that start from it, (1, 3, H, W), any size.

    Both Ctrl-C (KeyboardInterrupt) and `should_stop` end the painting with the current result; only `should_stop` saves a checkpoint of
    the last step.

    Raises:
        NumericalError: the loss is not finite even with smaller steps.
        CheckpointError: the checkpoint to resume from belongs to another painting.
    """
    run = _Run(task, recipe=recipe, encoder=encoder, targets_at=targets_at, start=start, style_picture=style_picture)
    reason = "finished"
    try:
        for level in range(run.first_level, len(run.levels)):
            yield from run.level(level)
            if run.stopped:
                break
        if run.stopped:
            reason = "interrupted"
        elif run.stalled:
            reason = "stalled"
    except KeyboardInterrupt:
        reason = "interrupted"
    image = run.full_size() if reason == "interrupted" else run.picture()
    steps, seconds, loss = run.clock.done, run.clock.seconds, run.loss
    del run  # frees the state of the solver, several pictures in size, for postprocessing
    finished = task.finish(as_array(image))
    yield Done(image=finished, steps=steps, seconds=seconds, loss=loss, reason=reason, receipt=task.receipt)


def as_array(image: Tensor) -> Image:
    """A picture on any device as an array of the same shape."""
    return image.detach().float().cpu().numpy()


class _Run:
    """A painting in progress.

    Attributes:
        levels: Levels from coarse to fine.
        first_level: Index of the first level: 0, or that of the checkpoint.
        stalled: Whether the last level ended early.
        loss: Loss of the last step.
    """

    def __init__(
        self,
        task: Task[Any],
        *,
        recipe: Recipe,
        encoder: OpenEncoder,
        targets_at: TargetsAt,
        start: Image | None,
        style_picture: Image | None,
    ) -> None:
        device = next(encoder.exact.parameters()).device
        self.task, self.recipe, self.encoder, self.targets_at = task, recipe, encoder, targets_at
        self.photo = as_tensor(task.photo, device)
        self.regions = None if task.weights is None else as_tensor(task.weights, device)
        self._history = None if task.history is None else (as_tensor(task.history.before, device), as_tensor(task.history.weights, device))
        self._start = None if start is None else as_tensor(start, device)
        self._one_pass = self._start if task.start is None and recipe.picture.start == "network" else None
        self._has_full_size = False
        self._style_picture = None if style_picture is None else as_tensor(style_picture, device)
        self._save_every = task.save_every or recipe.pyramid.save_every
        self.levels = levels(task.photo.shape[3], task.photo.shape[2], recipe.pyramid)
        self.clock = Clock(recipe, encoder.record, self.levels, task.tile_px)
        self.loss, self.stalled, self.stopped = float("nan"), False, False
        self._scale = 255.0 if recipe.picture.unit == "bytes" else 1.0
        checkpointing = task.checkpointing
        self._checkpoint = (
            None
            if checkpointing is None
            else Checkpoint(path=checkpointing.path, job=task.receipt, seconds=checkpointing.seconds, resume=checkpointing.resume)
        )
        self._state = None if self._checkpoint is None else self._checkpoint.load()
        self.first_level = 0 if self._state is None else self._state.level
        self._result: Callable[[], Tensor] = lambda: self._initial_image(self.levels[0]).mul_(self._scale)
        self._solver: Solver | None = None
        self._next_preview = self._last_checkpoint = time.perf_counter()
        self._tile_px = task.tile_px
        self._notices: list[str] = []
        if self._state is not None:
            self._notices.append(CodedNotice(f"resuming after step {self._state.steps}", "resumed", step=self._state.steps))
        elif checkpointing is not None and checkpointing.resume:
            message = f"there is nothing to resume from in '{checkpointing.path}'; painting starts from the beginning"
            self._notices.append(CodedNotice(message, "nothing-to-resume"))

    def picture(self) -> Tensor:
        """The current result, (1, 3, H, W), 0..1."""
        return self._result().div_(self._scale).clamp_(0, 1)

    def full_size(self) -> Tensor:
        """The best picture so far at the size of the photo, (1, 3, H, W), 0..1.

        Before the first step at this size, this is the picture of the network if the painting started from one, since no coarse result has
        a loss as low. Otherwise it is the coarse result with the photo's detail.
        """
        if self._one_pass is None or self._has_full_size:
            return self._next_level_start(self.picture(), self.photo)
        return resize(self._one_pass, (self.photo.shape[3], self.photo.shape[2])).clone()

    def level(self, index: int) -> Iterator[Event]:
        """Paint one level."""
        task, recipe, level = self.task, self.recipe, self.levels[index]
        photo = resize(self.photo, (level.width, level.height))
        solver = self._open_solver(level, photo)
        stopping = EarlyStopping(recipe.solver.patience)
        if self._state is not None:
            self._restore(self._state, solver, stopping)
            self._state = None  # frees its copy of the solver's state
        self.stalled = stopping.is_over
        exact_steps = recipe.pyramid.exact_steps if index == len(self.levels) - 1 else 0
        evaluate: dict[bool, Evaluate] = {}
        while solver.done < level.steps and not self.stalled:
            # L-BFGS estimates curvature from differences of gradients, which are too inaccurate in bfloat16.
            exact = not isinstance(solver, AdamSolver) or solver.done >= level.steps - exact_steps
            if exact not in evaluate:
                evaluate = {exact: self._evaluate(level, photo, exact=exact)}
            for solver_step in solver.advance(evaluate[exact]):
                self.loss, self._result = solver_step.loss, solver_step.result
                self._has_full_size = index == len(self.levels) - 1
                yield from self._events(index, solver_step)
                stopping.add(solver_step.loss)
            self.stalled = stopping.is_over
            if self.stalled:
                steps = counted(recipe.solver.patience, "step")
                message = f"no lower loss in {steps}: ending level {index + 1} of {len(self.levels)}"
                yield Notice(message=CodedNotice(message, "ended-early", steps=recipe.solver.patience))
            # Also after the last step of a level: the next level starts from its result.
            self._save_checkpoint(index, solver, stopping)
            if task.should_stop():
                self._save_checkpoint(index, solver, stopping, now=True)
                self.stopped = True
                return

    def _restore(self, state: State, solver: Solver, stopping: EarlyStopping) -> None:
        solver.restore(state.solver)
        stopping.lowest, stopping.since = state.patience
        self.clock.restore(state.steps, state.seconds)
        self.loss, self._result = state.loss, state.result.clone
        self._has_full_size = state.level == len(self.levels) - 1

    def _events(self, index: int, solver_step: SolverStep) -> Iterator[Event]:
        for message in (*self._notices, solver_step.notice):
            if message:
                yield Notice(message=message)
        self._notices.clear()
        step = self.clock.step(index, solver_step)
        yield step
        scheduled = bool(self._save_every) and step.step % self._save_every == 0
        started = time.perf_counter()
        if scheduled or started > self._next_preview:
            yield Preview(image=self.task.finish(as_array(self.picture())), step=step.step, scheduled=scheduled)
            now = time.perf_counter()
            self._next_preview = now + max(_PREVIEW_SECONDS, (now - started) / _PREVIEW_SHARE)

    def _open_solver(self, level: Level, photo: Tensor) -> Solver:
        recipe = self.recipe
        before = self._solver.adam if isinstance(self._solver, AdamSolver) else None
        # When resuming, `_restore` overwrites the initial image.
        image = self._initial_image(level) if self._solver is None else self._next_level_start(self.picture(), photo)
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
                except torch.OutOfMemoryError:  # on a GPU shared with other programs
                    objective = self._with_smaller_tiles(level, photo, exact=exact)

        return evaluate

    def _objective(self, level: Level, photo: Tensor, *, exact: bool) -> Objective:
        size = (level.width, level.height)
        return Objective(
            self.recipe,
            self.encoder.exact if exact else self.encoder.fast,
            photo,
            self.targets_at(*size),
            regions=None if self.regions is None else resize(self.regions, size),
            style_factor=strength_factor(self.task.strength),
            content_factor=level.content_factor,
            deepest=level.deepest,
            tile_px=self._tile_px,
            history=None if self._history is None else (resize(self._history[0], size), resize(self._history[1], size)),
        )

    def _with_smaller_tiles(self, level: Level, photo: Tensor, *, exact: bool) -> Objective:
        """The objective with tiles of half the size, and the same loss and gradient."""
        self._tile_px = min(self._tile_px or level.width * level.height, level.width * level.height) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        message = f"out of memory: continuing in tiles of {self._tile_px} pixels"
        self._notices.append(CodedNotice(message, "smaller-tiles", pixels=self._tile_px))
        return self._objective(level, photo, exact=exact)

    def _save_checkpoint(self, level: int, solver: Solver, stopping: EarlyStopping, *, now: bool = False) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None or not (now or time.perf_counter() - self._last_checkpoint > checkpoint.seconds):
            return
        checkpoint.save(
            State(
                level=level,
                steps=self.clock.done,
                seconds=self.clock.seconds,
                loss=self.loss,
                patience=(stopping.lowest, stopping.since),
                solver=solver.state(),
                result=self._result(),
            )
        )
        self._last_checkpoint = time.perf_counter()

    def _initial_image(self, level: Level) -> Tensor:
        """The initial image, (1, 3, H, W), 0..1 (noise may lie outside). A copy that may be modified."""
        size, picture = (level.width, level.height), self.recipe.picture
        if self._start is not None:
            return resize(self._start, size).clone()
        if picture.start == "content":
            return resize(self.photo, size).clone()
        if picture.start == "style" and self._style_picture is not None:
            return resize(self._style_picture, size).clone()
        generator = torch.Generator().manual_seed(self.task.seed)
        shape = (1, 3, level.height, level.width)
        if picture.noise == "uniform":
            noise = torch.rand(shape, generator=generator, dtype=torch.float32)
        else:
            preprocessing = self.encoder.record.preprocessing
            mean = torch.tensor(preprocessing.mean, dtype=torch.float32).div(preprocessing.scale).view(1, 3, 1, 1)
            if preprocessing.channel_order == "bgr":
                mean = mean.flip(1)
            scale = 255.0 if picture.unit == "bytes" else 1.0
            noise = mean + torch.randn(shape, generator=generator, dtype=torch.float32) * (picture.noise_scale / scale)
        return noise.to(self.photo)

    def _next_level_start(self, result: Tensor, photo: Tensor) -> Tensor:
        """The initial image of a level: the coarser result plus the photo's fine detail. A copy that may be modified."""
        size, pyramid = (photo.shape[3], photo.shape[2]), self.recipe.pyramid
        if result.shape == photo.shape:
            return result.clone()
        image = resize(result, size)
        if pyramid.detail:
            coarse = resize(resize(photo, (result.shape[3], result.shape[2])), size)
            # At low strengths, the picture keeps all of the photo's detail.
            detail = 1 - (1 - pyramid.detail) * min(1.0, self.task.strength / 50)
            image = image.add_(photo, alpha=detail).sub_(coarse, alpha=detail).clamp_(0, 1)
        return image
