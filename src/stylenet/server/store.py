"""An SQLite database with the metadata of pictures, the jobs with their events, and the history of results.

Every change is written before the client receives its response, so that a killed server loses nothing that it has accepted.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, bytes INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    format TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, request TEXT NOT NULL, pictures TEXT NOT NULL, created REAL NOT NULL,
    started REAL, ended REAL, losses INTEGER NOT NULL DEFAULT 0, stopping INTEGER NOT NULL DEFAULT 0, error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created);
CREATE TABLE IF NOT EXISTS events (
    job TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    job TEXT PRIMARY KEY, created REAL NOT NULL, bytes INTEGER NOT NULL, receipt TEXT NOT NULL
) STRICT;
"""

QUEUED, RUNNING, FINISHED, STOPPED, FAILED = "queued", "running", "finished", "stopped", "failed"
ENDED = (FINISHED, STOPPED, FAILED)


class PictureFacts(Struct, frozen=True, kw_only=True):
    """Metadata of a picture file.

    Attributes:
        id: SHA-256 of its bytes.
        bytes: Size of the file.
        name: File name given by the client; may be empty.
    """

    id: str
    bytes: int
    width: int
    height: int
    format: str
    name: str


class PictureRow(PictureFacts, frozen=True, kw_only=True):
    """An uploaded picture, with the Unix times of its upload and its last use."""

    created: float
    used: float


class JobRow(Struct, frozen=True, kw_only=True):
    """A job.

    Attributes:
        request: The fields of the request as JSON.
        pictures: The ids of its pictures as a JSON list; the pictures are kept until the job ends.
        losses: Weighted number of processes lost while painting it since its last checkpoint.
        stopping: Whether a client has requested to stop it.
        error: Why it failed.
    """

    id: str
    state: str
    request: str
    pictures: str
    created: float
    started: float | None
    ended: float | None
    losses: int
    stopping: bool
    error: str | None


class EventRow(Struct, frozen=True, kw_only=True):
    """An event of a job; numbers count from 1."""

    number: int
    name: str
    data: str


class EndedJob(Struct, frozen=True, kw_only=True):
    """A job that has ended; `bytes` is the size of its stored result, None without one."""

    id: str
    ended: float
    bytes: int | None


class HistoryRow(Struct, frozen=True, kw_only=True):
    """A stored result; `receipt` is JSON."""

    job: str
    created: float
    bytes: int
    receipt: str


class Store:
    """The database. All calls are short, and are made from the event loop's thread.

    Args:
        path: The file; it is created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # NORMAL keeps every commit when the process is killed; `add_job` uses FULL, which also survives a power failure.
        for statement in ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 5000"):
            self._db.execute(f"PRAGMA {statement}")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes in the block, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add_picture(self, row: PictureRow) -> None:
        """Add a picture, or update the time of its last use if it is known."""
        self._db.execute(
            "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET used = excluded.used",
            msgspec.structs.astuple(row),
        )

    def picture(self, id: str) -> PictureRow | None:
        """A picture by its id."""
        row = self._db.execute("SELECT * FROM pictures WHERE id = ?", (id,)).fetchone()
        return None if row is None else PictureRow(**row)

    def pictures(self) -> list[PictureRow]:
        """All pictures, the least recently used first."""
        return [PictureRow(**row) for row in self._db.execute("SELECT * FROM pictures ORDER BY used")]

    def picture_bytes(self) -> int:
        """Disk space of all pictures."""
        return int(self._db.execute("SELECT coalesce(sum(bytes), 0) FROM pictures").fetchone()[0])

    def mark_used(self, ids: Iterable[str]) -> None:
        """Set the last use of pictures to now."""
        self._db.executemany("UPDATE pictures SET used = ? WHERE id = ?", [(time.time(), id) for id in ids])

    def delete_picture(self, id: str) -> None:
        """Delete the row of a picture."""
        self._db.execute("DELETE FROM pictures WHERE id = ?", (id,))

    def needed_pictures(self) -> set[str]:
        """Ids of the pictures that queued and running jobs need."""
        rows = self._db.execute("SELECT pictures FROM jobs WHERE state IN (?, ?)", (QUEUED, RUNNING))
        return {id for row in rows for id in msgspec.json.decode(row["pictures"])}

    def masks_of_history(self) -> set[str]:
        """Ids of the masks used by stored results."""
        rows = self._db.execute("SELECT request FROM jobs JOIN history ON history.job = jobs.id WHERE request LIKE '%\"masks\"%'")
        masks = [text for row in rows for text in msgspec.json.decode(row["request"]).get("masks", ())]
        return {text.removeprefix("invert:").partition("=")[0] for text in masks}

    def add_job(self, id: str, request: bytes, pictures: Sequence[str]) -> None:
        """Add a queued job; it is on the disk when this returns."""
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            self._db.execute(
                "INSERT INTO jobs (id, state, request, pictures, created) VALUES (?, ?, ?, ?, ?)",
                (id, QUEUED, request.decode(), msgspec.json.encode(pictures).decode(), time.time()),
            )
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")

    def job(self, id: str) -> JobRow | None:
        """A job by its id."""
        row = self._db.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        return None if row is None else _job(row)

    def jobs(self, *states: str, most: int = 1000, newest_first: bool = False) -> list[JobRow]:
        """Jobs in the given states, or in all states if none is given; the oldest first by default."""
        where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        order = "DESC" if newest_first else "ASC"
        rows = self._db.execute(f"SELECT * FROM jobs {where} ORDER BY created {order}, rowid {order} LIMIT ?", (*states, most))
        return [_job(row) for row in rows]

    def count_jobs(self, state: str) -> int:
        """Number of jobs in a state."""
        return int(self._db.execute("SELECT count(*) FROM jobs WHERE state = ?", (state,)).fetchone()[0])

    def queued_before(self, job: JobRow) -> int:
        """Number of queued jobs that are older than a job."""
        query = "SELECT count(*) FROM jobs WHERE state = ? AND (created, rowid) < (?, (SELECT rowid FROM jobs WHERE id = ?))"
        return int(self._db.execute(query, (QUEUED, job.created, job.id)).fetchone()[0])

    def ended_jobs(self) -> list[EndedJob]:
        """All jobs that have ended, the newest first."""
        rows = self._db.execute(
            "SELECT id, ended, bytes FROM jobs LEFT JOIN history ON history.job = jobs.id WHERE state IN (?, ?, ?) "
            "ORDER BY jobs.created DESC, jobs.rowid DESC",
            ENDED,
        )
        return [EndedJob(**row) for row in rows]

    def change_job(self, id: str, **values: Any) -> None:
        """Change columns of a job."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE jobs SET {names} WHERE id = ?", (*values.values(), id))

    def requeue_running(self) -> list[str]:
        """Queue again the jobs that were running when the last server ended; returns their ids."""
        ids = [job.id for job in self.jobs(RUNNING)]
        self._db.execute("UPDATE jobs SET state = ? WHERE state = ?", (QUEUED, RUNNING))
        return ids

    def delete_job(self, id: str) -> None:
        """Delete a job, its events and its entry in the history."""
        with self.transaction():
            for table, key in (("events", "job"), ("history", "job"), ("jobs", "id")):
                self._db.execute(f"DELETE FROM {table} WHERE {key} = ?", (id,))

    def add_event(self, job: str, name: str, data: bytes) -> int:
        """Append an event; returns its number."""
        row = self._db.execute(
            "INSERT INTO events SELECT ?, coalesce(max(number), 0) + 1, ?, ? FROM events WHERE job = ? RETURNING number",
            (job, name, data.decode(), job),
        ).fetchone()
        return int(row[0])

    def events_after(self, job: str, number: int, *, most: int = 500) -> list[EventRow]:
        """Events with higher numbers than `number`."""
        rows = self._db.execute(
            "SELECT number, name, data FROM events WHERE job = ? AND number > ? ORDER BY number LIMIT ?", (job, number, most)
        )
        return [EventRow(**row) for row in rows]

    def last_event(self, job: str, name: str) -> EventRow | None:
        """The last event of a kind."""
        row = self._db.execute(
            "SELECT number, name, data FROM events WHERE job = ? AND name = ? ORDER BY number DESC LIMIT 1", (job, name)
        ).fetchone()
        return None if row is None else EventRow(**row)

    def add_history(self, row: HistoryRow) -> None:
        """Add a result."""
        self._db.execute("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)", msgspec.structs.astuple(row))

    def history(self, *, most: int = 1000) -> list[HistoryRow]:
        """Results, the newest first."""
        return [HistoryRow(**row) for row in self._db.execute("SELECT * FROM history ORDER BY created DESC LIMIT ?", (most,))]

    def history_row(self, job: str) -> HistoryRow | None:
        """The result of a job."""
        row = self._db.execute("SELECT * FROM history WHERE job = ?", (job,)).fetchone()
        return None if row is None else HistoryRow(**row)


def _job(row: sqlite3.Row) -> JobRow:
    return JobRow(**{**dict(row), "stopping": bool(row["stopping"])})
