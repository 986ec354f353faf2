"""Workers in processes on this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylenet.errors import StyleError, StylenetError
from stylenet.storage.hashing import file_sha256
from stylenet.workflows.batch_painter import BatchPainter, PictureJob
from stylenet.workflows.jobs import FAILED, Result
from stylenet.workflows.worker_processes import WorkerProcesses
from stylenet.workflows.workers import Ended, Message, Ready, Worker
from tests.workflows.batches import pictures, request_of


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with two photos in `in`."""
    pictures(tmp_path / "in", 2)
    return tmp_path


def job(path: Path) -> PictureJob:
    return PictureJob(source=Path(path.name), path=path, sha256=file_sha256(path), style="starry-night")


def next_message(workers: WorkerProcesses) -> tuple[Worker, Message]:
    """The next message, which may take a minute on a busy machine."""
    return next(iter(workers.messages(60)))


@pytest.fixture
def opened(here: Path) -> Iterator[WorkerProcesses]:
    workers = WorkerProcesses(request_of(here), BatchPainter, count=1)
    yield workers
    workers.close()


def test_a_process_paints_what_this_process_paints_until_it_dies(here: Path, opened: WorkerProcesses) -> None:
    alone = BatchPainter(request_of(here))
    photo, broken = here / "in" / "0.png", here / "in" / "1.png"
    broken.write_bytes(b"no picture")
    worker = opened.start()
    assert next_message(opened) == (worker, Ready(keys=alone.keys))
    assert list(opened.messages(0.01)) == [], "it waits for a job"
    worker.paint(job(photo))
    assert next_message(opened) == (worker, alone.paint(job(photo), should_stop=lambda: False))
    worker.paint(job(broken))
    _, failed = next_message(opened)
    assert isinstance(failed, Result)
    assert failed.state == FAILED
    assert failed.reason.startswith("cannot read '1.png'")
    (process,) = multiprocessing.active_children()
    process.kill()
    assert next_message(opened) == (worker, Ended(reason="signal 9"))
    assert list(opened.messages(0)) == []
    worker.paint(job(photo))  # is not an error


def test_none_is_left_at_the_end_and_errors_of_the_request_are_raised(here: Path) -> None:
    workers = WorkerProcesses(request_of(here, styles=("no-such-style",)), BatchPainter, count=1)
    workers.start()
    with pytest.raises(StyleError, match="'no-such-style' is neither a file nor one of the"):
        next_message(workers)
    workers.close()
    assert multiprocessing.active_children() == []


def test_a_system_without_more_processes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", full)
    with pytest.raises(StylenetError, match="cannot start another process: Resource temporarily unavailable; give fewer --workers"):
        WorkerProcesses(request_of(here), BatchPainter, count=1).start()
