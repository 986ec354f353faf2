"""Single passes in a separate process: a bounded queue in which a new preview replaces an older one of the same client."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from stylenet.server.api_errors import ApiError, too_busy
from stylenet.server.processes import Result, Worker, WorkerLostError

_MAX_WAITING = 256
_CALL_SECONDS = 120.0
_TRIES = 2
_CACHE_BYTES = 64 * 2**20


@dataclass(eq=False)
class _Call:
    name: str
    values: dict[str, Any]
    client: str | None
    seconds: float
    result: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: Exception) -> None:
        if not self.result.done():  # the client may have disconnected
            self.result.set_exception(error)


class PassQueue:
    """A queue of calls to one worker.

    Args:
        worker: Handles one call at a time.

    Attributes:
        superseded: Number of calls replaced by a newer call of the same client.
        lost: Number of processes lost during a call.
        done: Number of finished calls.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._waiting: list[_Call] = []
        self._has_work = asyncio.Event()
        self.superseded = self.lost = self.done = 0

    @property
    def waiting(self) -> int:
        """Number of waiting calls."""
        return len(self._waiting)

    async def call(
        self, name: str, *, client: str | None = None, is_first: bool = False, seconds: float = _CALL_SECONDS, **values: Any
    ) -> Result:
        """Queue a call and return its result.

        Args:
            name: The name of the call; see `Worker.call`.
            client: Identifies the client, whose older waiting call is replaced.
            is_first: Whether the call goes to the front of the queue.
            seconds: Time limit, after which the worker is killed.
            values: Arguments, as for `Worker.call`.

        Raises:
            ApiError: the call was replaced, the queue is full, or the worker was lost.
            WorkerError: the worker reports an error.
        """
        if client is not None:
            self._replace(client)
        if len(self._waiting) >= _MAX_WAITING:
            raise too_busy("server-busy", f"{_MAX_WAITING} pictures are waiting for their pass, which is the limit", seconds=2)
        call = _Call(name, values, client, seconds)
        self._waiting.insert(0 if is_first else len(self._waiting), call)
        self._has_work.set()
        try:
            return await call.result
        finally:
            with contextlib.suppress(ValueError):  # still in the queue if it was cancelled while waiting
                self._waiting.remove(call)

    async def run(self) -> None:
        """Handle calls until cancelled."""
        try:
            while True:
                if self._waiting:
                    await self._handle(self._waiting.pop(0))
                else:
                    self._has_work.clear()
                    await self._has_work.wait()
        finally:
            await self.worker.kill()

    def _replace(self, client: str) -> None:
        for call in [call for call in self._waiting if call.client == client]:
            self._waiting.remove(call)
            self.superseded += 1
            error = "a newer preview of the same client has superseded this one"
            call.fail(ApiError(409, "superseded", error, remedy="use the newer one"))

    async def _handle(self, call: _Call) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                result = await self.worker.call(call.name, seconds=call.seconds, **call.values)
            except WorkerLostError as error:
                self.lost += 1
                if attempt == _TRIES:
                    call.fail(ApiError(422, error.code, str(error), remedy="give a smaller size, or another picture"))
            except Exception as error:
                call.fail(error)
                return
            else:
                self.done += 1
                if not call.result.done():
                    call.result.set_result(result)
                return


class PreviewCache:
    """Recent previews in memory.

    Attributes:
        hits: Number of previews found in the cache.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self.hits = 0

    def get(self, key: str) -> bytes | None:
        """A preview, if it is in the cache."""
        if key not in self._values:
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: str, data: bytes) -> None:
        """Add a preview; the least recently used ones are dropped."""
        self._bytes += len(data) - len(self._values.pop(key, b""))
        self._values[key] = data
        while self._bytes > _CACHE_BYTES:
            self._bytes -= len(self._values.popitem(last=False)[1])
