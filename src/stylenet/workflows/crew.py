"""Processes that paint pictures side by side. What a dead one had in hand is painted by another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from msgspec import structs

from stylenet.engines.sessions import available_cores
from stylenet.errors import StylenetError

if TYPE_CHECKING:
    from stylenet.requests.batch import BatchRequest
    from stylenet.workflows.folders import Pair

_MOST_DEATHS = 2
"""Processes that one picture may end before it counts as failed: a picture that is too large ends every process."""

_POLL_SECONDS = 0.2
_END_SECONDS = 10.0


@dataclass(eq=False, kw_only=True)
class _Worker:
    process: Any
    connection: Connection
    item: int | None = None
    begun: float = 0.0
    is_ready: bool = False


class Crew:
    """Processes for the pictures of a batch.

    They are started anew (spawn), since threads of the libraries do not survive a fork. The cores are shared out among them. Every process
    is handed one picture at a time; it looks itself whether the result is there already, so that none is painted twice.

    Args:
        request: With the name of its recipe, and the number of processes.
        pairs: What is painted.
        should_stop: Asked several times a second.
    """

    def __init__(self, request: BatchRequest, pairs: Sequence[Pair], *, should_stop: Callable[[], bool]) -> None:
        count = min(request.workers, len(pairs))
        self._request = structs.replace(request, threads=request.threads or max(1, available_cores() // count))
        self._pairs, self._should_stop = pairs, should_stop
        self._context = multiprocessing.get_context("spawn")
        self._waiting = deque(range(len(pairs)))
        self._deaths: Counter[int] = Counter()
        self._early_deaths = 0
        self._count = count
        self._workers: list[_Worker] = []

    def outcomes(self) -> Iterator[tuple[int, str, str, float]]:
        """Index, state, reason and seconds of every picture, as they end.

        Raises:
            StylenetError: a style or the recipe cannot be opened, or processes cannot be started.
        """
        try:
            self._workers = [self._started() for _ in range(self._count)]
            stopped = False
            while self._waiting or any(worker.item is not None for worker in self._workers):
                if not stopped and self._should_stop():
                    stopped = True
                    self._waiting.clear()
                    for worker in self._workers:
                        _send(worker, None)
                if stopped and not any(worker.item is not None for worker in self._workers):
                    return
                for connection in wait([worker.connection for worker in self._workers], timeout=_POLL_SECONDS):
                    worker = next(worker for worker in self._workers if worker.connection is connection)
                    yield from self._heard(worker, stopped=stopped)
        finally:
            self._dismiss()

    def _heard(self, worker: _Worker, *, stopped: bool) -> Iterator[tuple[int, str, str, float]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._lost(worker, stopped=stopped)
            return
        if isinstance(message, StylenetError):
            raise message
        if not worker.is_ready:
            worker.is_ready, self._early_deaths = True, 0
        else:
            index, state, reason = message
            worker.item = None
            if state != "left":
                yield index, state, reason, time.perf_counter() - worker.begun
        if not stopped:
            self._hand_out(worker)

    def _lost(self, worker: _Worker, *, stopped: bool) -> Iterator[tuple[int, str, str, float]]:
        """A process is gone: its picture goes to the next one that is free, and another process takes its place."""
        worker.connection.close()
        worker.process.join(_END_SECONDS)
        self._workers.remove(worker)
        ended = worker.process.exitcode
        if not worker.is_ready:
            self._early_deaths += 1
            if self._early_deaths >= 2 * self._count:
                raise StylenetError(f"the processes of --workers end before they can paint (exit code {ended}); try --workers 1")
        if worker.item is not None and not stopped:
            self._deaths[worker.item] += 1
            if self._deaths[worker.item] < _MOST_DEATHS:
                self._waiting.appendleft(worker.item)
            else:
                reason = f"the process that painted it ended {_MOST_DEATHS} times ({_ending(ended)}); the memory may not be enough"
                yield worker.item, "failed", reason, time.perf_counter() - worker.begun
        if self._waiting:
            self._workers.append(self._started())

    def _hand_out(self, worker: _Worker) -> None:
        if self._waiting:
            worker.item, worker.begun = self._waiting.popleft(), time.perf_counter()
            _send(worker, (worker.item, self._pairs[worker.item]))

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._request), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process=process, connection=ours)

    def _dismiss(self) -> None:
        for worker in self._workers:
            _send(worker, None)
        end = time.monotonic() + _END_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()


def _send(worker: _Worker, message: object) -> None:
    with suppress(OSError):  # a process that is gone is noticed when it is listened to
        worker.connection.send(message)


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _serve(connection: Connection, request: BatchRequest) -> None:
    """What a process does: paint what it is handed, until it is told to end or nobody is there any more."""
    for name in ("SIGINT", "SIGHUP"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_IGN)  # a terminal tells all of its processes; the first one decides
    from stylenet.workflows.batch import BatchPainter

    with suppress(EOFError, OSError):
        try:
            painter = BatchPainter(request)
        except StylenetError as error:
            connection.send(error)
            return
        connection.send("ready")
        while (message := connection.recv()) is not None:
            index, pair = message
            # A word that comes while it paints is the one to end; `poll` is true as well where the other side is gone.
            state, reason = painter.paint(pair, should_stop=connection.poll)
            connection.send((index, state, reason))
    connection.close()
    os._exit(0)  # to take torch apart in good order costs time
