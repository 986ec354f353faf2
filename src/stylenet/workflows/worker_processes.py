"""Worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from msgspec import structs

from stylenet.engines.sessions import available_cores
from stylenet.errors import StylenetError
from stylenet.requests.workers import WorkerOptions
from stylenet.workflows.jobs import Job, OpenPainter
from stylenet.workflows.workers import Ended, Message, Ready, Worker

_END_SECONDS = 10.0


class _Process:
    def __init__(self, process: Any, connection: Connection) -> None:
        self.process, self.connection = process, connection

    def paint(self, job: Job) -> None:
        with suppress(OSError):  # a dead process is noticed when its messages are read
            self.connection.send(job)


class WorkerProcesses:
    """Processes that share the CPU cores.

    They are spawned, because library threads do not survive a fork.

    Args:
        request: The request, with its recipe resolved.
        open_painter: Opens the painter in each process.
        count: Number of processes.
    """

    def __init__(self, request: WorkerOptions, open_painter: OpenPainter, *, count: int) -> None:
        self.count, self._open_painter = count, open_painter
        self._request = structs.replace(request, threads=request.threads or max(1, available_cores() // count))
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Any, _Process] = {}

    def start(self) -> Worker:
        """Start a process.

        Raises:
            StylenetError: the system cannot start another process.
        """
        try:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, self._request, self._open_painter), daemon=True)
            process.start()
        except OSError as error:
            raise StylenetError(f"cannot start another process: {error.strerror or error}; give fewer --workers") from None
        theirs.close()
        worker = self._processes[ours] = _Process(process, ours)
        return worker

    def messages(self, seconds: float) -> Iterator[tuple[Worker, Message]]:
        """Messages received from the processes."""
        for connection in wait(list(self._processes), timeout=seconds):
            worker = self._processes[connection]
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                yield worker, Ended(reason=self._remove(worker))
                continue
            if isinstance(message, StylenetError):
                raise message
            yield worker, message

    def close(self) -> None:
        """Kill all processes, which is safe because they write no files."""
        for worker in self._processes.values():
            worker.process.kill()
        for worker in list(self._processes.values()):
            self._remove(worker)

    def _remove(self, worker: _Process) -> str:
        """Forget a process that has ended or was killed; returns the reason."""
        del self._processes[worker.connection]
        worker.connection.close()
        worker.process.join(_END_SECONDS)
        code = worker.process.exitcode
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _serve(connection: Connection, request: WorkerOptions, open_painter: OpenPainter) -> None:
    """Paint jobs until the connection is closed."""
    for name in ("SIGINT", "SIGHUP"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_IGN)  # a terminal sends them to all processes; only the main process handles them
    with suppress(EOFError, OSError):
        try:
            painter = open_painter(request)
        except StylenetError as error:
            connection.send(error)
            return
        connection.send(Ready(keys=painter.keys))
        while True:
            # Nothing is sent to a painting process, so `poll` is true only if the other end was closed.
            connection.send(painter.paint(connection.recv(), should_stop=connection.poll))
    os._exit(0)  # tearing down torch takes time
