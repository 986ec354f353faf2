"""Workers that share the jobs of a request: one interface for this process, other processes, and actors of a cluster."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from stylenet.errors import StylenetError
from stylenet.requests.workers import WorkerOptions
from stylenet.workflows.jobs import FAILED, INTERRUPTED, NEEDS_DATA, Job, OpenPainter, Painter, Result

MAX_DEATHS = 5
"""Number of workers that may die while painting the same job. A job that needs too much memory kills all of them; one whose worker was
killed for another reason is painted by the next worker."""

_MAX_FAILED_STARTS = 8
"""Number of consecutive workers that may die before they are ready."""

_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A worker has opened the engine and the styles.

    Attributes:
        keys: `Painter.keys` of the worker.
    """

    keys: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A worker has died, and its job with it.

    Attributes:
        reason: Short description of the cause.
    """

    reason: str


Message: TypeAlias = Ready | Result | Ended


class Worker(Protocol):
    """Paints one job at a time."""

    def paint(self, job: Job) -> None:
        """Start a job; its result arrives as a message."""


class Workers(Protocol):
    """Workers of one kind.

    Attributes:
        count: Number of workers.
    """

    count: int

    def start(self) -> Worker:
        """Start a worker. Its first message is `Ready` or `Ended`."""

    def messages(self, seconds: float) -> Iterable[tuple[Worker, Message]]:
        """Wait for messages, for at most about `seconds`.

        Raises:
            StylenetError: no worker can fulfill the request.
        """

    def close(self) -> None:
        """Kill all workers immediately."""


class ThisProcess:
    """One worker, which paints in this process while its messages are read.

    Args:
        request: The request, with its recipe resolved.
        open_painter: Opens the painter.
        should_stop: Called while painting.
    """

    count = 1

    def __init__(self, request: WorkerOptions, open_painter: OpenPainter, *, should_stop: Callable[[], bool]) -> None:
        self._request, self._open_painter, self._should_stop = request, open_painter, should_stop
        self._painter: Painter | None = None
        self._job: Job | None = None

    def start(self) -> Worker:
        """The worker."""
        return self

    def paint(self, job: Job) -> None:
        """Store a job, which `messages` paints."""
        self._job = job

    def messages(self, seconds: float) -> Iterator[tuple[Worker, Message]]:
        """Open the painter, or paint the job."""
        if self._painter is None:
            self._painter = self._open_painter(self._request)
            yield self, Ready(keys=self._painter.keys)
        elif self._job is not None:
            job, self._job = self._job, None
            result = self._painter.paint(job, should_stop=self._should_stop)
            if isinstance(result, StylenetError):
                raise result
            yield self, result

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a job.

    Attributes:
        index: Index of the job.
        result: The result.
        seconds: Painting time.
    """

    index: int
    result: Result
    seconds: float


Prepare: TypeAlias = Callable[[int, Mapping[str, str]], Job | Result]
"""Returns the job at an index, given the keys of the workers, or its result if there is nothing to paint."""


class Dispatcher:
    """Assigns jobs to workers, one at a time to each.

    A worker that dies is replaced, and its job moves to the end of the queue. A job fails when `MAX_DEATHS` workers have died while
    painting it.

    Args:
        workers: Started and closed by the dispatcher.
        count: Number of jobs.
        prepare: Called for each job before it is assigned.
        keys: `Painter.keys` that all workers must have; None: those of the first worker.
        should_stop: Called several times per second.
    """

    def __init__(
        self,
        workers: Workers,
        count: int,
        *,
        prepare: Prepare,
        should_stop: Callable[[], bool],
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self._workers, self._prepare, self._should_stop = workers, prepare, should_stop
        self._waiting = deque(range(count))
        self._idle: list[Worker] = []
        self._busy: dict[Worker, tuple[int, Job, float]] = {}  # index, job and start time
        self._keys = keys
        self._deaths: Counter[int] = Counter()
        self._failed_starts = 0

    def outcomes(self) -> Generator[Outcome, None, None]:
        """The results in order of completion, until `should_stop` returns true.

        Raises:
            StylenetError: a style or the recipe cannot be opened, or workers cannot be started.
        """
        try:
            for _ in range(min(self._workers.count, len(self._waiting))):
                self._workers.start()
            while (self._waiting or self._busy) and not self._should_stop():
                for worker, message in self._workers.messages(_POLL_SECONDS):
                    yield from self._handle(worker, message)
                while self._waiting and self._idle and not self._should_stop():
                    yield from self._assign_next()
        finally:
            self._workers.close()

    def add_first(self, index: int) -> None:
        """Queue an index again before all others, after its result: the next job of several with this index."""
        self._deaths[index] = 0
        self._waiting.appendleft(index)

    def _handle(self, worker: Worker, message: Message) -> Iterator[Outcome]:
        if isinstance(message, Ended):
            yield from self._replace(worker, message)
            return
        if isinstance(message, Ready):
            self._failed_starts = 0
            self._check_keys(message.keys)
        elif message.state == NEEDS_DATA:
            yield from self._send_bytes(worker)
            return
        else:
            index, _, started = self._busy.pop(worker)
            if message.state != INTERRUPTED:
                yield Outcome(index=index, result=message, seconds=time.perf_counter() - started)
        self._idle.append(worker)

    def _assign_next(self) -> Iterator[Outcome]:
        """Assign the next job to an idle worker, or finish it if there is nothing to paint."""
        index, started = self._waiting.popleft(), time.perf_counter()
        job = self._prepare(index, self._keys or {})
        if isinstance(job, Result):
            yield Outcome(index=index, result=job, seconds=time.perf_counter() - started)
            return
        worker = self._idle.pop()
        self._busy[worker] = index, job, started
        worker.paint(job)

    def _send_bytes(self, worker: Worker) -> Iterator[Outcome]:
        """Send a job again, with the bytes of its source file."""
        index, job, started = self._busy[worker]
        try:
            data = job.path.read_bytes()
        except (OSError, MemoryError):
            del self._busy[worker]
            self._idle.append(worker)
            reason = f"'{job.source}' can no longer be read, and the worker does not have a copy"
            yield Outcome(index=index, result=Result(state=FAILED, reason=reason), seconds=time.perf_counter() - started)
        else:
            worker.paint(replace(job, data=data))

    def _replace(self, worker: Worker, ended: Ended) -> Iterator[Outcome]:
        """Queue the job of a dead worker again, or let it fail, and start another worker if one is needed."""
        if (busy := self._busy.pop(worker, None)) is not None:
            index, _, started = busy
            self._deaths[index] += 1
            if self._deaths[index] < MAX_DEATHS:
                self._waiting.append(index)
            else:
                reason = f"the worker that painted it died {MAX_DEATHS} times ({ended.reason}), perhaps for lack of memory"
                yield Outcome(index=index, result=Result(state=FAILED, reason=reason), seconds=time.perf_counter() - started)
        elif worker in self._idle:
            self._idle.remove(worker)
        else:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise StylenetError(f"the workers die before they are ready ({ended.reason}); try fewer --workers")
        if len(self._waiting) > len(self._idle):
            self._workers.start()

    def _check_keys(self, keys: Mapping[str, str]) -> None:
        if self._keys is not None and keys != self._keys:
            raise StylenetError(
                "two workers would paint different pictures; install the same versions of StyleNet and its weights on all machines"
            )
        self._keys = keys
