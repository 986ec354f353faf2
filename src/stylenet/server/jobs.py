"""Jobs, which are queued, painted by workers, and resumed from their checkpoints after a crash; all events are stored."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from stylenet.catalog.recipes import load_recipe
from stylenet.errors import StylenetError
from stylenet.painting.defaults import default_recipe
from stylenet.requests.serving import ServeRequest
from stylenet.server.api_errors import error_body, too_busy
from stylenet.server.api_requests import JobRequest
from stylenet.server.processes import Event, Worker, WorkerLostError
from stylenet.server.store import ENDED, FAILED, FINISHED, QUEUED, RUNNING, STOPPED, EventRow, HistoryRow, JobRow, Store

_MAX_LOSSES = 9
_LOSS_WHILE_LOADING, _LOSS_WHILE_PAINTING = 1, 3
"""A job fails if three processes in a row are lost while painting it, without a new checkpoint in between. A process lost before the first
step counts only a third, because the job may not be the cause."""

_GRACE_SECONDS = 60.0
"""Time for writing the result after the time limit of a job."""

_RETRY_SECONDS = 5.0
"""Pause after a database error."""

_STATE_SUFFIX = ".resume"
_HEARTBEAT_SECONDS = 10.0
_LOG = logging.getLogger("stylenet.server")


class Jobs:
    """All jobs of a server.

    Args:
        settings: The settings of the server, with its limits.
        store: The database with jobs and events.
        folder: The data folder, in which each job has a folder.
        workers: Painting processes; each paints one job at a time.

    Attributes:
        lost: Number of processes lost while painting.
    """

    def __init__(self, settings: ServeRequest, store: Store, folder: Path, *, workers: Sequence[Worker]) -> None:
        self._settings, self._store, self._folder = settings, store, folder
        self.workers = tuple(workers)
        self._has_work = asyncio.Event()
        self._new_events: dict[str, asyncio.Event] = {}
        self._painting: dict[str, Worker] = {}
        self._is_closing = False
        self.lost = 0
        for job in store.requeue_running():
            self._add_notice(job, "server-restarted", "the server was restarted; the job is resumed")

    def folder(self, job: str) -> Path:
        """The folder of a job's files."""
        return self._folder / "jobs" / job

    def result(self, row: JobRow) -> Path:
        """The file for the result of a job."""
        return self.folder(row.id) / f"result.{msgspec.json.decode(row.request).get('format', 'png')}"

    def add(self, request: JobRequest) -> JobRow:
        """Queue a job.

        Raises:
            ApiError: the queue is full.
        """
        if self._store.count_jobs(QUEUED) >= self._settings.queue:
            most = self._settings.queue
            raise too_busy("queue-full", f"{most} jobs are waiting, which is the limit", seconds=self._seconds_to_wait(), most=most)
        job = secrets.token_hex(10)
        self.folder(job).mkdir(parents=True)
        self._store.add_job(job, msgspec.json.encode(request.given()), request.pictures())
        self._store.mark_used(request.pictures())
        self._add_event(job, "queued", {"jobs_before": self._store.count_jobs(QUEUED) - 1})
        self._has_work.set()
        return self._row(job)

    def stop(self, job: str) -> None:
        """Stop a job and keep the best picture so far."""
        row = self._row(job)
        if row.state == QUEUED and not self._state_file(row).exists():
            self._end(row, STOPPED, "stopped", {})
        elif row.state not in ENDED:
            self._store.change_job(job, stopping=1)
            if worker := self._painting.get(job):
                worker.stop()

    def delete(self, job: str) -> None:
        """Delete a job that has ended, with its files."""
        self._store.delete_job(job)
        shutil.rmtree(self.folder(job), ignore_errors=True)

    async def events(self, job: str, after: int) -> AsyncIterator[EventRow | None]:
        """Yield events with numbers above `after` as they happen, until the last one; None is a heartbeat."""
        while True:
            rows = self._store.events_after(job, after)
            for row in rows:
                after = row.number
                yield row
            if rows:
                continue
            row_now = self._store.job(job)
            if row_now is None or row_now.state in ENDED or self._is_closing:
                return
            new_event = self._new_events.setdefault(job, asyncio.Event())
            try:
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await new_event.wait()
            except TimeoutError:
                yield None

    def close(self) -> None:
        """End all event streams."""
        self._is_closing = True
        for new_event in self._new_events.values():
            new_event.set()

    async def run(self, worker: Worker) -> None:
        """Paint one job after another until cancelled; the next server resumes a job that is interrupted."""
        try:
            while True:
                row = await self._next_job()
                try:
                    await self._paint(row, worker)
                except sqlite3.Error:  # for example a full disk
                    _LOG.exception("job %s is queued again", row.id)
                    await self._requeue(row)
        finally:
            await worker.kill()

    async def _next_job(self) -> JobRow:
        while not (queued := self._store.jobs(QUEUED, most=1)):
            self._has_work.clear()
            await self._has_work.wait()
        return queued[0]

    async def _requeue(self, row: JobRow) -> None:
        """Queue a job again as soon as the database is writable."""
        while True:
            await asyncio.sleep(_RETRY_SECONDS)
            with contextlib.suppress(sqlite3.Error):
                self._store.change_job(row.id, state=QUEUED)
                return

    async def _paint(self, row: JobRow, worker: Worker) -> None:
        self._store.change_job(row.id, state=RUNNING, started=row.started or time.time())
        self._painting[row.id] = worker
        checkpoint = _modified(self._state_file(row))
        limit = self._settings.job_minutes * 60
        timer = asyncio.get_running_loop().call_later(limit, self._on_time_limit, row, worker)
        has_started = False
        done: Event | None = None

        def on_event(event: Event) -> None:
            nonlocal has_started, done
            if event["event"] == "step" and not has_started:
                has_started = True
                if self._row(row.id).stopping:  # requested before the process received the job, and thus ignored by it
                    worker.stop()
            public = self._public(row, event)
            if event["event"] == "done":
                done = public  # stored together with the result, so that a client that receives the event finds the result
            else:
                self._add_event(row.id, event["event"], public)

        try:
            request = await asyncio.to_thread(self._painting_fields, row)
            await worker.call("paint", seconds=limit + _GRACE_SECONDS, on_event=on_event, request=request, stop_after_step=row.stopping)
        except StylenetError as error:
            self._fail(row, str(error), code=error.code, **error.values)
        except WorkerLostError as error:
            has_progress = _modified(self._state_file(row)) != checkpoint
            self._resume(row, str(error), loss=_LOSS_WHILE_PAINTING if has_started else _LOSS_WHILE_LOADING, has_progress=has_progress)
        except OSError as error:
            self._fail(row, f"unexpected {type(error).__name__}: {error}", code="unexpected-error")
        else:
            self._finish(row, done)
        finally:
            timer.cancel()
            self._painting.pop(row.id, None)

    def _on_time_limit(self, row: JobRow, worker: Worker) -> None:
        worker.stop()
        minutes = self._settings.job_minutes
        message = f"the time limit of {minutes:g} min per job is reached; the best picture so far is kept"
        self._add_notice(row.id, "time-over", message, minutes=minutes)

    def _painting_fields(self, row: JobRow) -> dict[str, Any]:
        """The fields of a `PaintFileRequest` as JSON values."""
        folder, settings = self.folder(row.id), self._settings
        folder.mkdir(parents=True, exist_ok=True)
        request = JobRequest.of(msgspec.json.decode(row.request))
        fields = {
            **request.painting_fields(lambda id: self._folder / "pictures" / id),
            "output": str(self.result(row)),
            "quality": request.quality,
            "preview": str(folder / "preview.jpg"),
            "threads": settings.threads or None,
            "memory": settings.memory_mb * 10**6,
        }
        if load_recipe(request.recipe or default_recipe(request.styles)).method != "network":
            fields |= {"resume": self._state_file(row).exists(), "checkpoint_every": settings.checkpoint_seconds}
        return {name: value for name, value in fields.items() if value is not None}

    def _public(self, row: JobRow, event: Event) -> dict[str, Any]:
        """The values of an event, with URL paths instead of files."""
        values = {name: value for name, value in event.items() if name != "event"}
        address = f"/v1/jobs/{row.id}/result"
        match event["event"]:
            case "started":
                values["plan"] = {**values["plan"], "output": address}
            case "saved":
                values["path"] = address
            case "done":
                values["output"] = address
        return values

    def _finish(self, row: JobRow, done: Event | None) -> None:
        result = self.result(row)
        if done is None or not result.is_file():  # stopped before the first step
            self._end(row, STOPPED, "stopped", {})
            return
        receipt = msgspec.json.encode(done["receipt"]).decode()
        entry = HistoryRow(job=row.id, created=time.time(), bytes=result.stat().st_size, receipt=receipt)
        self._end(row, STOPPED if done["reason"] == "interrupted" else FINISHED, "done", done, history=entry)

    def _resume(self, row: JobRow, reason: str, *, loss: int, has_progress: bool) -> None:
        """Queue a job again after its process was lost, unless this has happened too often."""
        self.lost += 1
        losses = (0 if has_progress else self._row(row.id).losses) + loss
        if losses >= _MAX_LOSSES:
            self._fail(row, f"{reason}, several times; try a smaller size", code="job-lost")
            return
        self._store.change_job(row.id, state=QUEUED, losses=losses)
        self._add_notice(row.id, "process-replaced", f"{reason}; the job is resumed in a new process")

    def _fail(self, row: JobRow, message: str, *, code: str, **values: Any) -> None:
        message = message.replace(f"{self._folder / 'pictures'}/", "").replace(str(self._folder), "")
        self._end(row, FAILED, "failed", msgspec.to_builtins(error_body(message, code=code, values=values)), error=message)

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
        with self._store.transaction():
            self._store.change_job(row.id, state=state, ended=time.time(), error=error)
            if history is not None:
                self._store.add_history(history)
            self._add_event(row.id, event, values)

    def _add_event(self, job: str, name: str, values: Mapping[str, Any]) -> None:
        self._store.add_event(job, name, msgspec.json.encode({"event": name, **values}))
        if new_event := self._new_events.pop(job, None):
            new_event.set()

    def _add_notice(self, job: str, code: str, message: str, **values: Any) -> None:
        self._add_event(job, "notice", {"message": message, "code": code, "values": values})

    def _row(self, job: str) -> JobRow:
        row = self._store.job(job)
        if row is None:
            raise KeyError(job)
        return row

    def _state_file(self, row: JobRow) -> Path:
        result = self.result(row)
        return result.with_name(result.name + _STATE_SUFFIX)

    def _seconds_to_wait(self) -> int:
        """Estimated time until a job ends, from the durations of the last jobs."""
        ended = [row for row in self._store.jobs(*ENDED, most=10, newest_first=True) if row.started and row.ended]
        mean = sum((row.ended or 0) - (row.started or 0) for row in ended) / len(ended) if ended else 10.0
        return max(1, min(600, round(mean / len(self.workers))))


def _modified(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
