"""A painting that is interrupted and resumed has the same bytes as an uninterrupted one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import CheckpointError, OutputError
from stylenet.events import Done, Notice, Step
from stylenet.optimization.checkpoint import saved_job
from stylenet.requests.task import Checkpointing
from tests.optimization.jobs import Job

SOLVERS = {
    "adam": {"solver_average": "0.9", "solver_final__rate": "0.2", "pyramid_steps": "[5, 4]", "pyramid_exact__steps": "2"},
    "lbfgs": {"pyramid_steps": "[5, 4]", "solver_learning__rate": "0.5", "solver_history": "3"},
    "scipy-lbfgs": {"pyramid_steps": "[2, 2]", "solver_evaluations__per__round": "3"},
}


def knobs(solver: str) -> dict[str, str]:
    chosen = {"solver_name": f"'{solver}'", "picture_start": "noise", "pyramid_coarsest__px": "40", **SOLVERS[solver]}
    return {key.replace("__", "_"): value for key, value in chosen.items()}


@pytest.mark.parametrize("solver", SOLVERS)
def test_stopped_after_any_step_and_resumed(solver: str, job: Callable[..., Job], tmp_path: Path) -> None:
    expected = job(knobs=knobs(solver), size=(80, 64)).done()
    checkpointing = Checkpointing(path=tmp_path / "state", resume=True)
    stops, last = 0, None
    while last is None or last.reason == "interrupted":
        # A new task every time, as in a new process; each of them may do one step.
        last = job(knobs=knobs(solver), size=(80, 64), checkpointing=checkpointing, receipt={"seed": 0}, should_stop=lambda: True).done()
        stops += 1
        assert stops < 30
    assert stops > 3
    assert last.steps == expected.steps
    assert last.image.tobytes() == expected.image.tobytes()


def test_killed_between_two_states(job: Callable[..., Job], tmp_path: Path) -> None:
    """Steps after the last checkpoint are repeated."""
    expected = job(knobs=knobs("adam"), size=(80, 64)).done()
    checkpointing = Checkpointing(path=tmp_path / "state", seconds=0.0, resume=True)
    for event in job(knobs=knobs("adam"), size=(80, 64), checkpointing=checkpointing).events():
        if isinstance(event, Step) and event.step == 6:
            break  # the generator is thrown away: nothing more is written
    events = list(job(knobs=knobs("adam"), size=(80, 64), checkpointing=checkpointing).events())
    told, first, last = events[0], events[1], events[-1]
    assert isinstance(told, Notice)
    assert told.message == "resuming after step 5"
    assert isinstance(first, Step)
    assert isinstance(last, Done)
    assert first.step == 6
    assert last.image.tobytes() == expected.image.tobytes()


def test_without_resume_it_begins_anew(job: Callable[..., Job], tmp_path: Path) -> None:
    path = tmp_path / "state"
    job(knobs=knobs("adam"), checkpointing=Checkpointing(path=path, resume=True), should_stop=lambda: True).done()
    events = list(job(knobs=knobs("adam"), checkpointing=Checkpointing(path=path)).events())
    assert isinstance(events[0], Step)
    assert events[0].step == 1


def test_a_state_of_another_painting_is_rejected(job: Callable[..., Job], tmp_path: Path) -> None:
    path = tmp_path / "state"
    job(checkpointing=Checkpointing(path=path, resume=True), receipt={"seed": 1, "size": [1, 2]}, should_stop=lambda: True).done()
    assert saved_job(path) == {"seed": 1, "size": [1, 2]}
    with pytest.raises(CheckpointError, match=r"is from another painting: seed, strength differ; give the same inputs"):
        job(checkpointing=Checkpointing(path=path, resume=True), receipt={"seed": 2, "size": (1, 2), "strength": 3}).done()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_state_is_rejected(content: bytes, job: Callable[..., Job], tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="delete it to start over"):
        job(checkpointing=Checkpointing(path=path, resume=True)).done()


def test_a_folder_that_is_gone_is_reported(job: Callable[..., Job], tmp_path: Path) -> None:
    checkpointing = Checkpointing(path=tmp_path / "gone" / "state", seconds=0.0)
    with pytest.raises(OutputError, match="cannot write"):
        job(checkpointing=checkpointing).done()


def test_a_level_ends_where_the_loss_does_not_fall(job: Callable[..., Job]) -> None:
    last = job(knobs={"solver_learning_rate": "1e-9", "solver_patience": "3", "pyramid_steps": "[50]"}).done()
    assert (last.reason, last.steps) == ("stalled", 4)
    assert np.isfinite(last.image).all()
