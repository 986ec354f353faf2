"""Whole paintings: events, reproducibility, and ends."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import NumericalError
from stylenet.events import Done, Notice, Preview, Step
from stylenet.shapes import Image
from tests.optimization.jobs import Job

SOLVERS = ("adam", "lbfgs", "scipy-lbfgs")


@pytest.mark.parametrize("solver", SOLVERS)
def test_ends_with_a_picture_that_fits_better(solver: str, job: Callable[..., Job]) -> None:
    rounds = {"pyramid_steps": "[2]", "solver_evaluations_per_round": "5"} if solver == "scipy-lbfgs" else {"pyramid_steps": "[12]"}
    rate = {"solver_learning_rate": "1.0"} if solver == "lbfgs" else {}
    given = job(knobs={"solver_name": f"'{solver}'", **rounds, **rate})
    events = list(given.events())
    steps = [event for event in events if isinstance(event, Step)]
    last = events[-1]
    assert isinstance(last, Done)
    assert last.reason == "finished"
    assert last.image.shape == given.task.photo.shape
    assert 0 <= last.image.min() <= last.image.max() <= 1
    assert last.steps == len(steps)
    assert min(step.loss for step in steps) < steps[0].loss
    assert set(steps[0].terms) == {"style", "smoothness"} | set(steps[0].terms)
    assert [step.step for step in steps] == list(range(1, len(steps) + 1))
    assert not [event for event in events if isinstance(event, Notice)]


@pytest.mark.parametrize("solver", SOLVERS)
def test_same_seed_same_bytes(solver: str, job: Callable[..., Job]) -> None:
    knobs = {"solver_name": f"'{solver}'", "picture_start": "noise", "pyramid_steps": "[2]", "solver_evaluations_per_round": "3"}
    one, again, other = (job(knobs=knobs, seed=seed).done() for seed in (7, 7, 8))
    assert one.image.tobytes() == again.image.tobytes()
    assert not np.array_equal(one.image, other.image)


def test_from_coarse_to_fine(job: Callable[..., Job]) -> None:
    given = job(knobs={"pyramid_coarsest_px": "40", "pyramid_steps": "[3, 2]", "pyramid_detail": "0.5"}, size=(80, 64))
    steps = [event for event in given.events() if isinstance(event, Step)]
    assert [(step.level, step.size_px) for step in steps] == [(0, (40, 32))] * 3 + [(1, (80, 64))] * 2
    assert all(step.steps == 5 for step in steps)
    assert steps[-1].seconds_left == 0


def test_previews_at_their_interval_are_copies(job: Callable[..., Job]) -> None:
    previews = [event for event in job(save_every=2).events() if isinstance(event, Preview) and event.scheduled]
    assert [preview.step for preview in previews] == [2, 4, 6]
    assert not np.array_equal(previews[0].image, previews[1].image)


def test_stops_when_asked_with_the_picture_so_far(job: Callable[..., Job]) -> None:
    asked = itertools.count(1)
    given = job(knobs={"pyramid_steps": "[50]"}, should_stop=lambda: next(asked) == 3)
    last = given.done()
    assert (last.reason, last.steps) == ("interrupted", 3)
    expected = job(knobs={"pyramid_steps": "[3]", "solver_final_rate": "1.0"}).done().image
    np.testing.assert_allclose(last.image, expected, rtol=1.3e-6, atol=1e-5)


def test_ctrl_c_ends_as_stopping_does(job: Callable[..., Job]) -> None:
    def ctrl_c() -> bool:
        raise KeyboardInterrupt

    last = job(should_stop=ctrl_c).done()
    assert (last.reason, last.steps) == ("interrupted", 1)


@pytest.mark.parametrize("start", ["content", "noise", "style"])
def test_starts(start: str, job: Callable[..., Job]) -> None:
    knobs = {"picture_start": start, "pyramid_steps": "[1]", "solver_learning_rate": "1e-9"}
    given = job(knobs=knobs, style_picture=np.full((1, 3, 9, 9), 0.25, np.float32))
    image = given.done().image
    if start == "content":
        np.testing.assert_allclose(image, given.task.photo, rtol=1.3e-6, atol=1e-5)
    elif start == "style":
        np.testing.assert_allclose(image, np.full_like(image, 0.25), rtol=1.3e-6, atol=1e-5)
    else:
        assert image.std() > 0.05


def test_a_start_of_ones_own(job: Callable[..., Job]) -> None:
    own = np.full((1, 3, 10, 10), 0.75, np.float32)
    image = job(knobs={"pyramid_steps": "[1]", "solver_learning_rate": "1e-9"}, start=own).done().image
    np.testing.assert_allclose(image, np.full_like(image, 0.75), rtol=1.3e-6, atol=1e-5)


def test_noise_lies_around_the_mean_of_the_encoder_in_the_recipes_units(job: Callable[..., Job], encoder: VggEncoder) -> None:
    """StyleNet: normal x 0.256 around the mean, on a scale of 0..255."""
    knobs = {
        "picture_start": "noise",
        "picture_unit": "bytes",
        "picture_noise_scale": "2.0",
        "pyramid_steps": "[1]",
        "picture_clip": "false",
    }
    given = job(knobs={**knobs, "solver_learning_rate": "1e-9"}, size=(64, 64))
    assert not any(encoder.record.preprocessing.mean)
    image = given.done().image  # the negative half is cut off at 0 when it becomes a picture
    positive = image[image > 0]
    assert positive.size == pytest.approx(image.size / 2, rel=0.05)
    assert float(np.sqrt(np.square(positive).mean())) == pytest.approx(2 / 255, rel=0.05)


def test_a_painting_that_is_never_a_number_is_given_up(job: Callable[..., Job]) -> None:
    spoiled = job(knobs={"pyramid_steps": "[3]"})
    spoiled.task.photo.fill(np.nan)
    with pytest.raises(NumericalError, match="lower solver"):
        spoiled.done()


@pytest.mark.parametrize("size", [(33, 33), (7, 61), (64, 9)])
def test_odd_sizes(size: tuple[int, int], job: Callable[..., Job]) -> None:
    assert job(size=size, knobs={"pyramid_steps": "[2]"}).done().image.shape == (1, 3, size[1], size[0])


def test_too_little_memory_makes_smaller_tiles_and_the_same_picture(job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    from stylenet.optimization.objective import Objective

    expected = job(size=(200, 160)).done().image
    evaluate = Objective.evaluate

    def scarce(self: Objective, image: torch.Tensor) -> tuple[dict[str, float], torch.Tensor]:
        if max(tile.pixels for tile in self.frame.tiles) > 10_000:
            raise torch.OutOfMemoryError("out of memory")
        return evaluate(self, image)

    monkeypatch.setattr(Objective, "evaluate", scarce)
    events = list(job(size=(200, 160)).events())
    told = [event.message for event in events if isinstance(event, Notice)]
    assert told == [f"out of memory: continuing in tiles of {size} pixels" for size in (16000, 8000)]
    last = events[-1]
    assert isinstance(last, Done)
    assert np.abs(last.image - expected).mean() < 1e-3


_COARSE_FIRST = {"pyramid_coarsest_px": "40", "pyramid_steps": "[3, 2]"}


def _stopped(job: Callable[..., Job], after: int, *, by_ctrl_c: bool = False, **more: Any) -> Done:
    """The result of a painting of 80 x 64 pixels that is stopped after three steps at half size and up to two at full size."""
    asked = itertools.count(1)

    def should_stop() -> bool:
        is_now = next(asked) == after
        if is_now and by_ctrl_c:
            raise KeyboardInterrupt
        return is_now

    last = job(size=(80, 64), should_stop=should_stop, **more).done()
    assert (last.reason, last.steps) == ("interrupted", after)
    return last


@pytest.mark.parametrize("by_ctrl_c", [False, True])
def test_stopped_early_the_picture_of_the_network_is_kept(by_ctrl_c: bool, job: Callable[..., Job]) -> None:
    start = np.random.default_rng(0).random((1, 3, 64, 80), dtype=np.float32)
    knobs = {**_COARSE_FIRST, "picture_start": "network"}
    for after in (1, 2, 3):  # at half size, which cannot hold the detail of the start
        last = _stopped(job, after, by_ctrl_c=by_ctrl_c, knobs=knobs, start=start)
        np.testing.assert_allclose(last.image, start, atol=1e-6)
    last = _stopped(job, 4, by_ctrl_c=by_ctrl_c, knobs=knobs, start=start)
    assert np.abs(last.image - start).mean() > 0.01


def test_stopped_early_other_paintings_have_the_detail_of_the_photo(job: Callable[..., Job]) -> None:
    knobs = {**_COARSE_FIRST, "pyramid_detail": "1", "picture_start": "content"}
    given = job(knobs=knobs, size=(80, 64))
    given.task.photo[:] = np.random.default_rng(0).random(given.task.photo.shape, dtype=np.float32)

    def detail(image: Image) -> Image:
        return image[..., 1:] - image[..., :-1]

    asked = itertools.count(1)
    stopped = dataclasses.replace(given, task=dataclasses.replace(given.task, should_stop=lambda: next(asked) == 2)).done()
    photo, painted = detail(given.task.photo), detail(stopped.image)
    assert np.corrcoef(photo.ravel(), painted.ravel())[0, 1] > 0.8
