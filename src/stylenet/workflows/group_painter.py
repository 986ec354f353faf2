"""Painting the scenes of a clip in a worker, group by group."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.errors import StylenetError
from stylenet.requests.video import VideoRequest
from stylenet.video.coding import coding_for
from stylenet.video.groups import OpenGroup, State, Times
from stylenet.video.reading import Clip, Frame, probe
from stylenet.workflows.clip_painter import ClipPainter, frames_to_paint
from stylenet.workflows.frame_regions import FrameRegions
from stylenet.workflows.frames import FramePainter
from stylenet.workflows.jobs import INTERRUPTED, NEEDS_DATA, PAINTED, Job, Result, has_source, key_of
from stylenet.workflows.painting import open_for
from stylenet.workflows.scene_list import checksum


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupJob(Job):
    """A group of a scene.

    Attributes:
        after: Time of the last frame before the group; None at the start of the clip.
        frames: Number of frames left in the scene; the group may have fewer.
        state: State after the previous group; None at the start of a scene.
        seeks: Whether decoding may start in the middle of the clip.
    """

    after: Fraction | None
    frames: int
    state: State | None
    seeks: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupResult(Result):
    """A painted group; `data` is the encoded file, empty if the frames cannot be decoded.

    Attributes:
        times: Time and duration of each frame.
        checksums: Checksum of each source frame.
        after: State after the group.
        sought: Whether decoding started in the middle of the clip.
    """

    times: Sequence[Times]
    checksums: Sequence[int]
    after: State
    sought: bool


class GroupPainter:
    """Paints groups of a clip.

    Args:
        request: The request, with its recipe resolved.
        given: Ignored, because files are compared by their hashes.

    Raises:
        StylenetError: a style or the recipe cannot be opened, or an option does not apply to it.
    """

    def __init__(self, request: VideoRequest, *, given: VideoRequest | None = None) -> None:
        self._request = request
        self._should_stop = _Stop()
        self._stylizer = open_for(request.single())
        self._frame_painter = FramePainter(request, self._stylizer, should_stop=self._should_stop)
        self.keys = keys_of(self._frame_painter)
        self._opened: tuple[Clip, ClipPainter] | None = None
        self._frames: Iterator[Frame] = iter(())
        self._position: Fraction | None = None  # time of the last painted frame

    def paint(self, job: GroupJob, *, should_stop: Callable[[], bool]) -> Result | StylenetError:
        """Paint a group; errors are returned, never raised."""
        self._should_stop.callback = should_stop
        try:
            if self._opened is None and job.data is None and not has_source(job):
                return Result(state=NEEDS_DATA)
            with freed_memory_kept():
                return self._paint_group(job, *(self._opened or self._open(job)))
        except StylenetError as error:
            return error
        except MemoryError:
            return StylenetError("not enough memory for the frames of this clip; use a smaller --size or fewer --workers")
        except Exception as error:
            return StylenetError(f"unexpected {type(error).__name__}: {' '.join(str(error).split()) or 'no reason given'}")

    def _open(self, job: GroupJob) -> tuple[Clip, ClipPainter]:
        path = job.path
        if job.data is not None:
            folder = tempfile.mkdtemp(prefix="stylenet-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder, job.source.name)
            path.write_bytes(job.data)
        clip = probe(path)
        regions = FrameRegions(self._request, clip, self._stylizer)
        self._opened = clip, ClipPainter(self._request, clip, self._frame_painter, regions)
        return self._opened

    def _paint_group(self, job: GroupJob, clip: Clip, painter: ClipPainter) -> Result:
        if self._position is None or self._position != job.after:
            self._frames = frames_to_paint(self._request, clip, after=job.after, seeks=job.seeks)
        self._position = None
        painter.continue_from(job.state)
        group = OpenGroup(coding_for(Path(self._request.output), has_alpha=clip.has_alpha))
        checksums: list[int] = []
        notices: tuple[str, ...] = ()
        while len(group.times) < job.frames and not group.is_full and (frame := next(self._frames, None)) is not None:
            done = painter.paint(frame)
            if done is None or self._should_stop():
                return Result(state=INTERRUPTED)
            group.add(frame, done.pixels)
            checksums.append(checksum(frame))
            notices += done.notices
        self._position = group.times[-1][0] if group.times else None
        return GroupResult(
            state=PAINTED,
            data=group.encoded().data if group.times else b"",
            times=group.times,
            checksums=checksums,
            after=painter.state(),
            notices=notices,
            sought=job.seeks,
        )


class _Stop:
    """Calls the stop callback of the current job."""

    def __init__(self) -> None:
        self.callback: Callable[[], bool] = lambda: False

    def __call__(self) -> bool:
        return self.callback()


def keys_of(painter: FramePainter) -> Mapping[str, str]:
    """The `Painter.keys` of a frame painter."""
    return {"frames": key_of(painter.facts)}
