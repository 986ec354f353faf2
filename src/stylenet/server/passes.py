"""Single passes in a process of their own: previews, of which only the latest of each client counts, and whole pictures."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from stylenet.server.processes import Answer, LostError, Worker
from stylenet.server.refusals import RefusedError, busy

_MOST_WAITING = 256
_SECONDS = 120.0
"""For one pass."""

_CACHE_BYTES = 64 * 2**20


@dataclass(eq=False)
class _Ticket:
    call: str
    values: dict[str, Any]
    client: str | None
    future: asyncio.Future[tuple[Answer, bytes]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Passes:
    """A line of calls to one process.

    Args:
        worker: Does them, one at a time.

    Attributes:
        superseded: Calls that were dropped for a later one of the same client.
        lost: Processes that ended under a call.
        done: Calls that were answered.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._waiting: list[_Ticket] = []
        self._wake = asyncio.Event()
        self.superseded = self.lost = self.done = 0

    @property
    def waiting(self) -> int:
        """Calls in the line."""
        return len(self._waiting)

    async def do(self, call: str, *, client: str | None = None, **values: Any) -> tuple[Answer, bytes]:
        """The answer of the process, and its bytes.

        Args:
            call: Its name.
            client: Whose earlier call is dropped if it still waits; None: nobody's.
            values: Its arguments.

        Raises:
            RefusedError: it was superseded, or the line is full.
            WorkError: the process says what is wrong.
        """
        if client is not None:
            for other in [ticket for ticket in self._waiting if ticket.client == client]:
                self._waiting.remove(other)
                self.superseded += 1
                if not other.future.done():
                    other.future.set_exception(
                        RefusedError(409, "a newer preview of the same client has superseded this one", remedy="use the newer one")
                    )
        if len(self._waiting) >= _MOST_WAITING:
            raise busy(f"{_MOST_WAITING} pictures are waiting for their pass, which is the most", seconds=2)
        ticket = _Ticket(call, values, client)
        self._waiting.append(ticket)
        self._wake.set()
        try:
            return await ticket.future
        finally:
            with contextlib.suppress(ValueError):  # the client has gone, and nobody waits for this any more
                self._waiting.remove(ticket)

    async def run(self) -> None:
        """Work on the line until cancelled."""
        try:
            while True:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                await self._serve(self._waiting.pop(0))
        finally:
            await self.worker.kill()

    async def _serve(self, ticket: _Ticket) -> None:
        for attempt in range(2):
            try:
                answer = await self.worker.call(ticket.call, seconds=_SECONDS, **ticket.values)
            except LostError as error:
                self.lost += 1
                if attempt and not ticket.future.done():
                    ticket.future.set_exception(RefusedError(422, str(error), remedy="give a smaller size, or another picture"))
            except Exception as error:
                if not ticket.future.done():
                    ticket.future.set_exception(error)
                return
            else:
                self.done += 1
                if not ticket.future.done():
                    ticket.future.set_result(answer)
                return


class Cache:
    """The bytes of the previews that were used last."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self.hits = 0

    def get(self, key: str) -> bytes | None:
        """The bytes, if they are there."""
        if key not in self._values:
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: str, data: bytes) -> None:
        """Keep them; the oldest go."""
        self._bytes += len(data) - len(self._values.pop(key, b""))
        self._values[key] = data
        while self._bytes > _CACHE_BYTES:
            self._bytes -= len(self._values.popitem(last=False)[1])
