"""Opening the workers for a request."""

from __future__ import annotations

from collections.abc import Callable

from stylenet.requests.workers import WorkerOptions
from stylenet.workflows.jobs import OpenPainter
from stylenet.workflows.worker_processes import WorkerProcesses
from stylenet.workflows.workers import ThisProcess, Workers


def open_workers(request: WorkerOptions, open_painter: OpenPainter, *, most: int, should_stop: Callable[[], bool]) -> Workers:
    """Open the workers for a request: on a cluster, in processes, or in this process.

    Args:
        request: The request, with its recipe resolved.
        open_painter: Opens the painter in each worker.
        most: Maximum number of workers.
        should_stop: Called while this process paints.

    Raises:
        StylenetError: see `RayWorkers`.
    """
    if request.ray is not None:
        from stylenet.workflows.ray_workers import RayWorkers

        return RayWorkers(request, open_painter, most=most)
    processes = min(request.workers or 1, most)
    if processes > 1:
        return WorkerProcesses(request, open_painter, count=processes)
    return ThisProcess(request, open_painter, should_stop=should_stop)
