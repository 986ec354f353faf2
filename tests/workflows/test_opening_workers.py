"""Choosing the workers for a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stylenet.workflows.batch_painter import BatchPainter
from stylenet.workflows.opening_workers import open_workers
from stylenet.workflows.worker_processes import WorkerProcesses
from stylenet.workflows.workers import ThisProcess
from tests.workflows.batches import request_of


@pytest.mark.parametrize(
    ("workers", "most", "kind", "count"),
    [
        (None, 9, ThisProcess, 1),
        (1, 9, ThisProcess, 1),
        (4, 1, ThisProcess, 1),
        (4, 9, WorkerProcesses, 4),
        (4, 3, WorkerProcesses, 3),
    ],
)
def test_no_more_processes_than_jobs(workers: int | None, most: int, kind: type, count: int) -> None:
    opened = open_workers(request_of(Path(), workers=workers), BatchPainter, most=most, should_stop=lambda: False)
    assert type(opened) is kind
    assert opened.count == count


def test_a_cluster_is_asked_for_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []

    def opens(*given: Any, most: int) -> None:
        opened.append((*given, most))

    monkeypatch.setattr("stylenet.workflows.ray_workers.RayWorkers", opens)
    request = request_of(Path(), workers=4, ray="auto")
    open_workers(request, BatchPainter, most=3, should_stop=lambda: False)
    assert opened == [(request, BatchPainter, 3)]
