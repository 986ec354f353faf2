"""A painting that is stopped anywhere and gone on with gives the bytes of one that was not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from stylenet.errors import CheckpointError, OutputError
from stylenet.events import Done, Step
from stylenet.optimization.checkpoint import Checkpoint, kept_job
from stylenet.optimization.paint import Task, paint

SOLVERS = {
    "adam": {"solver_average": "0.9", "solver_final__rate": "0.2", "pyramid_steps": "[5, 4]", "pyramid_exact__steps": "2"},
    "lbfgs": {"pyramid_steps": "[5, 4]", "solver_learning__rate": "0.5", "solver_history": "3"},
    "scipy-lbfgs": {"pyramid_steps": "[2, 2]", "solver_evaluations__per__round": "3"},
}


def knobs(solver: str) -> dict[str, str]:
    chosen = {"solver_name": f"'{solver}'", "picture_start": "noise", "pyramid_coarsest__px": "40", **SOLVERS[solver]}
    return {key.replace("__", "_"): value for key, value in chosen.items()}


def done(task: Task) -> Done:
    *_, last = paint(task)
    assert isinstance(last, Done)
    return last


@pytest.mark.parametrize("solver", SOLVERS)
def test_stopped_after_any_step_and_gone_on_with(solver: str, task: Callable[..., Task], tmp_path: Path) -> None:
    expected = done(task(knobs=knobs(solver), size=(80, 64)))
    checkpoint = Checkpoint(path=tmp_path / "state", job={"seed": 0}, resume=True)
    stops, last = 0, None
    while last is None or last.reason == "interrupted":
        # A new task every time, as in a new process; each of them may do one step.
        last = done(task(knobs=knobs(solver), size=(80, 64), checkpoint=checkpoint, should_stop=lambda: True))
        stops += 1
        assert stops < 30
    assert stops > 3
    assert last.steps == expected.steps
    assert last.image.numpy().tobytes() == expected.image.numpy().tobytes()


def test_killed_between_two_states(task: Callable[..., Task], tmp_path: Path) -> None:
    """What was painted after the last state is painted again."""
    expected = done(task(knobs=knobs("adam"), size=(80, 64)))
    checkpoint = Checkpoint(path=tmp_path / "state", job={}, seconds=0.0, resume=True)
    for event in paint(task(knobs=knobs("adam"), size=(80, 64), checkpoint=checkpoint)):
        if isinstance(event, Step) and event.step == 6:
            break  # the generator is thrown away: nothing more is written
    events = list(paint(task(knobs=knobs("adam"), size=(80, 64), checkpoint=checkpoint)))
    first, last = events[0], events[-1]
    assert isinstance(first, Step)
    assert isinstance(last, Done)
    assert first.step == 6
    assert last.image.numpy().tobytes() == expected.image.numpy().tobytes()


def test_without_resume_it_begins_anew(task: Callable[..., Task], tmp_path: Path) -> None:
    path = tmp_path / "state"
    done(task(knobs=knobs("adam"), checkpoint=Checkpoint(path=path, job={}, resume=True), should_stop=lambda: True))
    events = list(paint(task(knobs=knobs("adam"), checkpoint=Checkpoint(path=path, job={}))))
    assert isinstance(events[0], Step)
    assert events[0].step == 1


def test_a_state_of_another_painting_is_refused(task: Callable[..., Task], tmp_path: Path) -> None:
    path = tmp_path / "state"
    done(task(checkpoint=Checkpoint(path=path, job={"seed": 1, "size": [1, 2]}, resume=True), should_stop=lambda: True))
    assert kept_job(path) == {"seed": 1, "size": [1, 2]}
    with pytest.raises(CheckpointError, match=r"is of another painting: seed, strength differ; give the same inputs"):
        done(task(checkpoint=Checkpoint(path=path, job={"seed": 2, "size": (1, 2), "strength": 3}, resume=True)))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_state_is_refused(content: bytes, task: Callable[..., Task], tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="delete it to begin anew"):
        done(task(checkpoint=Checkpoint(path=path, job={}, resume=True)))


def test_a_folder_that_is_gone_is_told(task: Callable[..., Task], tmp_path: Path) -> None:
    checkpoint = Checkpoint(path=tmp_path / "gone" / "state", job={}, seconds=0.0)
    with pytest.raises(OutputError, match="cannot write"):
        done(task(checkpoint=checkpoint))


def test_a_level_ends_where_the_loss_does_not_fall(task: Callable[..., Task]) -> None:
    last = done(task(knobs={"solver_learning_rate": "1e-9", "solver_patience": "3", "pyramid_steps": "[50]"}))
    assert (last.reason, last.steps) == ("stalled", 4)
    assert torch.isfinite(last.image).all()
