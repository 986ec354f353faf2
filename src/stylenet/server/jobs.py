"""Jobs: queued, painted in processes, resumed from their checkpoints, told event by event."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from stylenet.requests.serving import ServeRequest
from stylenet.server.asking import JobRequest
from stylenet.server.processes import Answer, LostError, Worker, WorkError
from stylenet.server.refusals import busy, error_body
from stylenet.server.store import ENDED, FAILED, FINISHED, QUEUED, RUNNING, STOPPED, EventRow, HistoryRow, JobRow, Store

_GIVEN_UP = 9
_LOADING, _PAINTING = 1, 3
"""A job is given up after three processes that ended while they painted it, one after the other without a new checkpoint in between; one
that ended before the first step, which may be for reasons of its own, counts a third."""

_GRACE_SECONDS = 60.0
"""For a painting whose time is over to write what there is."""

_STATE_SUFFIX = ".resume"
_HEARTBEAT_SECONDS = 10.0


class Jobs:
    """All jobs of a server.

    Args:
        settings: Limits.
        store: Where they are kept.
        folder: Of the data; each job has a folder in it.
        workers: That paint.

    Attributes:
        lost: Processes that ended under a job.
    """

    def __init__(self, settings: ServeRequest, store: Store, folder: Path, *, workers: Sequence[Worker]) -> None:
        self._settings, self._store, self._folder = settings, store, folder
        self.workers = tuple(workers)
        self._wake = asyncio.Event()
        self._changed: dict[str, asyncio.Event] = {}
        self._painted_by: dict[str, Worker] = {}
        self.closing = False
        self.lost = 0
        for job in store.requeue_running():
            self._tell(job, "notice", {"message": "the server was started again; the job is resumed"})

    def folder(self, job: str) -> Path:
        """Of a job's files."""
        return self._folder / "jobs" / job

    def result(self, row: JobRow) -> Path:
        """The file of a job's result."""
        return self.folder(row.id) / f"result.{msgspec.json.decode(row.request).get('format', 'png')}"

    def add(self, request: JobRequest) -> JobRow:
        """Queue a job.

        Raises:
            RefusedError: the queue is full.
        """
        if self._store.count_jobs(QUEUED) >= self._settings.queue:
            raise busy(f"{self._settings.queue} jobs are waiting, which is the most", seconds=self._seconds_to_wait())
        job = secrets.token_hex(10)
        self.folder(job).mkdir(parents=True)
        self._store.add_job(job, msgspec.json.encode(request.given()), request.pictures())
        self._store.use_pictures(request.pictures())
        self._tell(job, "queued", {"jobs_before": self._store.count_jobs(QUEUED) - 1})
        self._wake.set()
        return self._row(job)

    def stop(self, job: str) -> None:
        """End a job and keep the best picture so far."""
        row = self._row(job)
        if row.state == QUEUED and not self._state_file(row).exists():
            self._end(row, STOPPED, "stopped", {})
        elif row.state not in ENDED:
            self._store.change_job(job, stopping=1)
            if worker := self._painted_by.get(job):
                worker.stop()

    def forget(self, job: str) -> None:
        """Delete an ended job with its files."""
        self._store.delete_job(job)
        shutil.rmtree(self.folder(job), ignore_errors=True)

    async def events(self, job: str, after: int) -> AsyncIterator[EventRow | None]:
        """Events with numbers above `after`, as they come, until the last; None is a sign of life."""
        while True:
            changed = self._changed.setdefault(job, asyncio.Event())
            rows = self._store.events_after(job, after)
            for row in rows:
                after = row.number
                yield row
            if rows:
                continue
            row_now = self._store.job(job)
            if row_now is None or row_now.state in ENDED or self.closing:
                return
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await changed.wait()
            except TimeoutError:
                yield None

    def close(self) -> None:
        """Let all who wait for events go."""
        self.closing = True
        for changed in self._changed.values():
            changed.set()

    async def run(self, worker: Worker) -> None:
        """Paint one job after the other until cancelled; what is painted then is resumed by the next server."""
        try:
            while True:
                queued = self._store.jobs(QUEUED, most=1)
                if queued:
                    await self._paint(queued[0], worker)
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            await worker.kill()

    async def _paint(self, row: JobRow, worker: Worker) -> None:
        state = self._state_file(row)
        before = _stamp(state)
        self._store.change_job(row.id, state=RUNNING, started=row.started or time.time())
        self._painted_by[row.id] = worker
        limit = self._settings.job_minutes * 60
        timer = asyncio.get_running_loop().call_later(limit, self._time_over, row, worker)
        done: dict[str, Any] = {}
        told: set[str] = set()

        def take(answer: Answer) -> None:
            told.add(answer["event"]["event"])
            self._take(row, answer, done)

        try:
            request = await asyncio.to_thread(self._fields, row)
            await worker.call(
                "paint",
                seconds=limit + _GRACE_SECONDS,
                on_answer=take,
                request=request,
                stop_soon=row.stopping,
            )
        except WorkError as error:
            self._fail(row, str(error))
        except LostError as error:
            self._lost(row, error, made_progress=_stamp(state) != before, has_begun="step" in told)
        except Exception as error:  # a full disk, say; the other jobs go on
            self._fail(row, f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]}")
        else:
            self._done(row, done)
        finally:
            timer.cancel()
            self._painted_by.pop(row.id, None)

    def _time_over(self, row: JobRow, worker: Worker) -> None:
        worker.stop()
        self._tell(
            row.id, "notice", {"message": f"the {self._settings.job_minutes:g} minutes of a job are over; it ends with the best picture"}
        )

    def _fields(self, row: JobRow) -> dict[str, Any]:
        folder, settings = self.folder(row.id), self._settings
        folder.mkdir(parents=True, exist_ok=True)
        request = JobRequest.of({name: _frozen(value) for name, value in msgspec.json.decode(row.request).items()})
        fields = {
            **request.fields(lambda id: self._folder / "pictures" / id),
            "output": str(self.result(row)),
            "quality": request.quality,
            "preview": str(folder / "preview.jpg"),
            "resume": self._state_file(row).exists(),
            "checkpoint_every": settings.checkpoint_seconds,
            "threads": settings.threads or None,
            "memory": settings.memory_mb * 10**6,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _take(self, row: JobRow, answer: Answer, done: dict[str, Any]) -> None:
        values = dict(answer["event"])
        name = values.pop("event")
        result = f"/v1/jobs/{row.id}/result"
        if name == "started":
            values["plan"] = {**values["plan"], "output": result}
        if name == "saved":
            values["path"] = result
        if name == "done":
            values["output"] = result
            done |= values
            return  # told once the history has it, so that a client that hears of it finds it there
        self._tell(row.id, name, values)

    def _done(self, row: JobRow, done: Mapping[str, Any]) -> None:
        result = self.result(row)
        if not done or not result.is_file():  # stopped before the first step
            self._end(row, STOPPED, "stopped", {})
            return
        receipt = msgspec.json.encode(done["receipt"]).decode()
        entry = HistoryRow(job=row.id, created=time.time(), bytes=result.stat().st_size, receipt=receipt)
        self._end(row, STOPPED if done["reason"] == "interrupted" else FINISHED, "done", done, history=entry)

    def _lost(self, row: JobRow, error: LostError, *, made_progress: bool, has_begun: bool) -> None:
        self.lost += 1
        losses = (0 if made_progress else self._row(row.id).losses) + (_PAINTING if has_begun else _LOADING)
        if losses >= _GIVEN_UP:
            self._fail(row, f"{error}, again and again; the job is given up: try a smaller size")
            return
        self._store.change_job(row.id, state=QUEUED, losses=losses)
        self._tell(row.id, "notice", {"message": f"{error}; the job is resumed in a new one"})

    def _fail(self, row: JobRow, message: str) -> None:
        message = message.replace(str(self._folder / "pictures") + "/", "").replace(str(self._folder), "")
        self._end(row, FAILED, "failed", msgspec.to_builtins(error_body(message)), error=message)

    def _end(
        self,
        row: JobRow,
        state: str,
        event: str,
        values: Mapping[str, Any],
        *,
        error: str | None = None,
        history: HistoryRow | None = None,
    ) -> None:
        with self._store.together():
            self._store.change_job(row.id, state=state, ended=time.time(), error=error)
            if history is not None:
                self._store.add_history(history)
            self._tell(row.id, event, values)

    def _tell(self, job: str, name: str, values: Mapping[str, Any]) -> None:
        self._store.add_event(job, name, msgspec.json.encode({"event": name, **values}))
        if changed := self._changed.pop(job, None):
            changed.set()

    def _row(self, job: str) -> JobRow:
        row = self._store.job(job)
        if row is None:
            raise KeyError(job)
        return row

    def _state_file(self, row: JobRow) -> Path:
        result = self.result(row)
        return result.with_name(result.name + _STATE_SUFFIX)

    def _seconds_to_wait(self) -> int:
        """About the time until a place in the queue is free: that of the last jobs."""
        ended = [row for row in self._store.jobs(*ENDED, most=10, newest_first=True) if row.started and row.ended]
        usual = sum((row.ended or 0) - (row.started or 0) for row in ended) / len(ended) if ended else 10.0
        return max(1, min(600, round(usual / len(self.workers))))


def _stamp(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples of the records."""
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
