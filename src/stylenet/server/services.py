"""The components of a running server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stylenet.errors import UsageError
from stylenet.requests.serving import ServeRequest
from stylenet.server.jobs import Jobs
from stylenet.server.passes import PassQueue, PreviewCache
from stylenet.server.pictures import Pictures
from stylenet.server.processes import PAINTER, Worker
from stylenet.server.store import Store

_SWEEP_SECONDS = 30.0
_LOCK_SECONDS = 10.0
"""Maximum time to wait for the lock, which a server that was just killed may still hold."""

_LOG = logging.getLogger("stylenet.server")


class Services:
    """The components of a server, which share a data folder.

    Args:
        settings: The settings of the server.
        command: The command that starts a painting process.

    Attributes:
        store: The database.
        previews: Queue of previews, camera frames and checks of uploads.
        passes: Queue of other single passes.
        cache: Recent previews.
        pictures: Uploaded pictures.
        jobs: Paintings.
        live_sessions: Number of cameras that are being painted.
        live_frames: Number of frames painted so far.

    Raises:
        UsageError: the folder cannot be used.
    """

    def __init__(self, settings: ServeRequest, *, command: Sequence[str] = PAINTER) -> None:
        self.settings, self._command = settings, command
        self._folder = Path(settings.folder)
        self._lock = _lock_folder(self._folder)
        self.store = Store(self._folder / "server.sqlite")
        self.previews, self.passes = PassQueue(self._new_worker()), PassQueue(self._new_worker())
        self.cache = PreviewCache()
        self.pictures = Pictures(settings, self.store, self._folder, passes=self.previews)
        self.live_sessions = self.live_frames = 0
        self.jobs = Jobs(settings, self.store, self._folder, workers=[self._new_worker() for _ in range(settings.workers)])

    def background_work(self) -> list[Coroutine[Any, Any, None]]:
        """Tasks to run while the server is running."""
        return [self.previews.run(), self.passes.run(), *(self.jobs.run(worker) for worker in self.jobs.workers), self._sweep()]

    def close(self) -> None:
        """Close the database and release the folder."""
        self.store.close()
        self._lock.release()

    def _new_worker(self) -> Worker:
        settings = self.settings
        return Worker(
            self._folder / "empty",
            memory_bytes=settings.memory_mb * 10**6,
            silent_seconds=settings.silent_seconds,
            command=self._command,
        )

    async def _sweep(self) -> None:
        while True:
            try:
                await self.pictures.sweep()
            except Exception:  # for example a full disk; the next sweep may succeed
                _LOG.exception("old files could not be deleted")
            await asyncio.sleep(min(_SWEEP_SECONDS, self.settings.keep_minutes * 60))


def _lock_folder(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(folder / "server.lock", thread_local=False)
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        raise UsageError(f"another server uses the folder '{folder}'; stop it, or choose another one with --data") from None
    except OSError as error:
        raise UsageError(f"cannot use the folder '{folder}': {error.strerror}; choose another one with --data") from None
    return lock
