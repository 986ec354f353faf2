"""Painting a clip in order in this process while it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from stylenet.video.coding import Coding
from stylenet.video.groups import Groups, OpenGroup, State
from stylenet.video.reading import Frame
from stylenet.workflows.clip_painter import ClipPainter, Progress


class ClipInOrder:
    """Paints frames one after another and stores them in groups.

    Args:
        painter: Paints the frames.
        groups: Stored groups, including those of earlier runs.
        coding: Encoder settings of the groups.
        should_stop: Called before each frame.
    """

    def __init__(self, painter: ClipPainter, groups: Groups, coding: Coding, *, should_stop: Callable[[], bool]) -> None:
        self._painter, self._groups, self._coding, self._should_stop = painter, groups, coding, should_stop
        self._scene = groups.last_scene
        self._open = OpenGroup(coding)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        self._writing: Future[None] | None = None

    def paint(self, frames: Iterable[Frame]) -> Iterator[Progress]:
        """Paint the frames that follow the stored groups, until `should_stop` returns true."""
        state = self._groups.state(self._scene)
        self._painter.continue_from(state)
        for frame in frames:
            if self._should_stop() or (done := self._painter.paint(frame)) is None:
                break
            if done.begins_scene or self._open.is_full:
                self._close(None if done.begins_scene else state)
            self._scene += done.begins_scene
            self._open.add(frame, done.pixels)
            state = self._painter.state()
            yield Progress(frames=1, pixels=done.pixels, scenes=int(done.begins_scene), notices=done.notices)
        self._close(state)
        self._wait_for_writing()

    def _close(self, state: State | None) -> None:
        """Start encoding the open group in the background."""
        if self._open.times:
            self._wait_for_writing()
            self._writing = self._writer.submit(self._store, self._scene, self._open, state)
            self._open = OpenGroup(self._coding)

    def _store(self, scene: int, group: OpenGroup, state: State | None) -> None:
        self._groups.add(scene, group.encoded(), state)

    def _wait_for_writing(self) -> None:
        """Wait until the previous group is encoded and stored."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None
