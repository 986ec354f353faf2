"""How far a painting in one pass is, where it is painted in parts."""

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
"""At least so many parts, and those of so many seconds, are what the speed is estimated from."""


class _Stopped(BaseException):  # no error: nothing on the way may take it for one
    """The work ends before it is done."""


def with_progress(work: Callable[[PartDone], _Result], *, should_stop: Callable[[], bool]) -> Generator[Progress, None, _Result | None]:
    """Yields `Progress` while something is done in another thread, and returns what comes of it; None where it was stopped.

    In another thread, since the parts are painted deep inside of networks, from where nothing can be yielded.

    Args:
        work: Takes what it calls after each part.
        should_stop: Asked after each part; true ends the work.
    """
    told: SimpleQueue[tuple[float, float] | BaseException | None] = SimpleQueue()
    results: list[_Result] = []
    abandoned = threading.Event()

    def done(share: float) -> None:
        if abandoned.is_set() or should_stop():
            raise _Stopped
        told.put((time.perf_counter(), share))

    def run() -> None:
        try:
            results.append(work(done))
            told.put(None)
        except BaseException as error:
            told.put(error)

    begun = time.perf_counter()
    rate = _Rate()
    thread = threading.Thread(target=run, name="stylenet-pass", daemon=True)
    thread.start()
    try:
        while not isinstance(message := told.get(), BaseException):
            if message is None:
                return results[0]
            now, share = message
            rate.add(now, share)
            yield Progress(share=rate.share, seconds=now - begun, seconds_left=rate.seconds_left)
    finally:
        abandoned.set()
        thread.join()
    if isinstance(message, _Stopped):
        return None
    raise message


class _Rate:
    """The share that is done, and the time that is left at the speed of the last parts.

    The first part is not counted: before it, styles are looked at, and sessions made.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._known: deque[tuple[float, float]] = deque()

    def add(self, now: float, share: float) -> None:
        """Count a part."""
        self.share = min(1.0, self.share + share)
        self._known.append((now, self.share))
        while len(self._known) > _RATE_PARTS + 1 and now - self._known[1][0] > _RATE_SECONDS:
            self._known.popleft()

    @property
    def seconds_left(self) -> float | None:
        """Estimate until the end; None after the first part."""
        (then, before), (now, share) = self._known[0], self._known[-1]
        return None if share <= before else (1 - share) * (now - then) / (share - before)
