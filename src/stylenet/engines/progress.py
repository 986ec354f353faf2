"""Report progress of one-pass painting with tiles."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from queue import SimpleQueue
from typing import TypeVar

from stylenet.events import Progress
from stylenet.networks.progress import PartDone

_Result = TypeVar("_Result")

_RATE_PARTS, _RATE_SECONDS = 3, 10.0
"""Window for estimating the speed: at least this many tiles, and at least this many seconds."""


class _Stopped(BaseException):  # not an `Exception`, so that no handler in between catches it
    """Raised in the worker thread to cancel the work."""


def with_progress(work: Callable[[PartDone], _Result], *, should_stop: Callable[[], bool]) -> Generator[Progress, None, _Result | None]:
    """Run `work` in another thread, yield `Progress`, and return the result of `work`, or None if it was stopped.

    The thread is needed because tiles are painted deep inside the networks, where this generator cannot yield.

    Args:
        work: Function that takes a progress callback and calls it after each tile.
        should_stop: Called after each tile; True cancels the work.
    """
    messages: SimpleQueue[tuple[float, float] | BaseException | None] = SimpleQueue()
    results: list[_Result] = []
    abandoned = threading.Event()

    def done(share: float) -> None:
        if abandoned.is_set() or should_stop():
            raise _Stopped
        messages.put((time.perf_counter(), share))

    def run() -> None:
        try:
            results.append(work(done))
            messages.put(None)
        except BaseException as error:
            messages.put(error)

    started = time.perf_counter()
    rate = _Rate()
    thread = threading.Thread(target=run, name="stylenet-pass", daemon=True)
    thread.start()
    try:
        while not isinstance(message := messages.get(), BaseException):
            if message is None:
                return results[0]
            now, share = message
            rate.add(now, share)
            yield Progress(share=rate.share, seconds=now - started, seconds_left=rate.seconds_left)
    finally:
        abandoned.set()
        thread.join()
    if isinstance(message, _Stopped):
        return None
    raise message


class _Rate:
    """Share of the work done, and time left at the speed of the last tiles.

    The time of the first tile is ignored, since it includes measuring styles and creating sessions.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, now: float, share: float) -> None:
        """Add a tile."""
        self.share = min(1.0, self.share + share)
        self._recent.append((now, self.share))
        while len(self._recent) > _RATE_PARTS + 1 and now - self._recent[1][0] > _RATE_SECONDS:
            self._recent.popleft()

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds left; None after the first tile."""
        (then, before), (now, share) = self._recent[0], self._recent[-1]
        return None if share <= before else (1 - share) * (now - then) / (share - before)
