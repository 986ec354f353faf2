"""Estimate of the time left in a painting."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.events import Step
from stylenet.optimization.pyramid import Level
from stylenet.optimization.solvers import SolverStep
from stylenet.optimization.work import SET_UP_STEPS, step_work

_RATE_STEPS, _RATE_SECONDS = 4, 8.0
"""Window for estimating the speed: at least this many steps, and at least this many seconds."""


class Clock:
    """Step counter that estimates the time left.

    The time of a step is proportional to the pixels of its level and the depth of its layers. The rate is estimated from the last steps,
    since the load of the machine varies. The first step of a level is ignored, since it includes allocating memory and selecting kernels;
    the estimate adds the same setup time for each further level.
    """

    def __init__(self, recipe: Recipe, record: EncoderRecord, levels: Sequence[Level], tile_px: int | None = None) -> None:
        self._levels = levels
        per_round = recipe.solver.evaluations_per_round if recipe.solver.name == "scipy-lbfgs" else 1
        self._steps = [level.steps * per_round for level in levels]
        self._work = [step_work(recipe, record, level, tile_px) for level in levels]
        self._recent: deque[tuple[float, float]] = deque()
        self._recent_seconds = self._recent_work = 0.0
        self.done = 0
        self._started = self._last = time.perf_counter()
        self._level = -1

    def restore(self, done: int, seconds: float) -> None:
        self.done, self._started = done, time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def step(self, index: int, solver_step: SolverStep) -> Step:
        self.done += 1
        now, level = time.perf_counter(), self._levels[index]
        if index == self._level:
            self._remember(now - self._last, self._work[index])
        self._last, self._level = now, index
        return Step(
            step=self.done,
            steps=max(sum(self._steps), self.done),
            level=index,
            size_px=(level.width, level.height),
            loss=solver_step.loss,
            terms=solver_step.terms,
            seconds=now - self._started,
            seconds_left=self._left(index),
        )

    def _remember(self, seconds: float, work: float) -> None:
        """Add a step to the window, and remove the oldest ones."""
        self._recent.append((seconds, work))
        self._recent_seconds, self._recent_work = self._recent_seconds + seconds, self._recent_work + work
        while len(self._recent) > _RATE_STEPS and self._recent_seconds - self._recent[0][0] > _RATE_SECONDS:
            seconds, work = self._recent.popleft()
            self._recent_seconds, self._recent_work = self._recent_seconds - seconds, self._recent_work - work

    def _left(self, index: int) -> float | None:
        in_level = self.done - sum(self._steps[:index])
        left = self._work[index] * max(0, self._steps[index] - in_level)
        left += sum(work * (steps + SET_UP_STEPS) for work, steps in zip(self._work[index + 1 :], self._steps[index + 1 :], strict=True))
        if not self._recent:
            return 0.0 if not left else None
        return left * self._recent_seconds / max(self._recent_work, 1e-9)
