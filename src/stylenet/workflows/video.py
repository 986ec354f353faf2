"""Painting a clip: frames are decoded, painted, steadied, encoded in groups, and joined with the sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec
from msgspec import structs

from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.errors import ImageError, StylenetError
from stylenet.events import Notice, Saved
from stylenet.image.files import save_image
from stylenet.image.loops import LOOP_SUFFIXES
from stylenet.image.masks import parse_mask
from stylenet.image.output import check_output
from stylenet.painting.defaults import default_recipe
from stylenet.requests.video import VideoRequest
from stylenet.storage.hashing import file_sha256
from stylenet.video.coding import OUTPUT_SUFFIXES, WITH_ALPHA, check_loop, coding_for
from stylenet.video.flow import Pixels, image_of
from stylenet.video.groups import Groups
from stylenet.video.joining import join, join_loop
from stylenet.video.reading import Clip, Losses, probe
from stylenet.workflows.clip_in_order import ClipInOrder
from stylenet.workflows.clip_painter import ClipPainter, Progress, frames_to_paint, painted_seconds
from stylenet.workflows.frame_regions import FrameRegions
from stylenet.workflows.frames import FramePainter
from stylenet.workflows.group_painter import keys_of
from stylenet.workflows.jobs import Job
from stylenet.workflows.outputs import keep_apart
from stylenet.workflows.painting import inputs_of, open_for, with_recipe
from stylenet.workflows.scene_list import SceneList, find_scenes, read_scenes, write_scenes
from stylenet.workflows.shared_scenes import SharedScenes

_PARTS_SUFFIX = ".parts"
"""Suffix of the folder next to the output in which groups are stored until they are joined."""

_SCENES = "scenes.json"
"""File in that folder that lists the scenes, if they are painted in parallel."""

_OPTIONS_WITHOUT_EFFECT = ("output", "clip", "styles", "resume", "preview", "workers", "ray", "threads", "device", "precision", "memory")
"""Options that do not affect the frames, or whose files are hashed instead."""


@dataclass(frozen=True, kw_only=True)
class VideoStarted:
    """The first event.

    Attributes:
        clip: Properties of the source.
        frames: Approximate number of frames to paint; None if the length of the clip is unknown.
        painted: Frames painted by earlier runs.
        notices: Notices for the user, one line each.
    """

    clip: Clip
    frames: int | None
    painted: int
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FrameDone:
    """A frame has been painted.

    Attributes:
        frame: Number of frames painted so far, including earlier runs.
        frames: Approximate total number of frames.
        size: (width, height) of the frame.
        scenes: Number of scenes started so far in this run.
        seconds: Time since the start.
        seconds_left: Estimated remaining time.
    """

    frame: int
    frames: int | None
    size: tuple[int, int]
    scenes: int
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class VideoDone:
    """The last event.

    Attributes:
        frames: Number of frames painted, including earlier runs.
        seconds: Duration of this run.
        reason: "finished" or "interrupted".
        output: The painted clip; it is written when the clip is finished.
        folder: The folder from which an interrupted clip is resumed; None for a finished one, whose folder has been removed.
    """

    frames: int
    seconds: float
    reason: str
    output: Path
    folder: Path | None = None


VideoEvent = VideoStarted | FrameDone | Notice | Saved | VideoDone


def paint_video(request: VideoRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[VideoEvent]:
    """Paint a clip and write it.

    Args:
        request: The clip and its options.
        should_stop: Called after each frame; true stops painting, which `resume` continues.

    Raises:
        StylenetError: before or during painting; painted frames are kept for `resume`.
    """
    run = _Run(request, should_stop)
    yield VideoStarted(clip=run.clip, frames=run.frames, painted=run.painted, notices=run.notices)
    try:
        with freed_memory_kept():
            yield from run.paint()
    except StylenetError:
        if not run.painted:
            run.groups.remove()
        raise
    if run.stopped:
        yield VideoDone(frames=run.painted, seconds=run.seconds, reason="interrupted", output=run.output, folder=run.groups.folder)
        return
    yield from (Notice(message=message) for message in run.decoding_notices())
    yield from (Notice(message=message) for message in run.join())
    yield Saved(path=run.output)
    yield VideoDone(frames=run.painted, seconds=run.seconds, reason="finished", output=run.output)


class _Run:
    """One run of `paint_video`. The constructor checks the request and opens everything."""

    def __init__(self, request: VideoRequest, should_stop: Callable[[], bool]) -> None:
        self.request, self._stop_callback = request, should_stop
        self.stopped, self._losses = False, Losses()
        self.output = check_output(request.output, formats={suffix: suffix for suffix in OUTPUT_SUFFIXES})
        self._preview = None if request.preview in (None, "none") else check_output(str(request.preview))
        single = structs.replace(request.single(), styles=request.styles)
        masks = [parse_mask(text, for_clip=True) for text in request.masks]
        masked = [mask.style for mask in masks if mask.style is not None]
        inputs = [Path(request.clip), *inputs_of(single), *(str(mask.mask) for mask in masks), *masked]
        keep_apart([("--output", self.output), ("--preview", self._preview)], inputs)
        if request.recipe is None:
            chosen = default_recipe([*request.styles, *masked])
            single = structs.replace(single, recipe="instant" if chosen == "standard" else chosen)
        single = with_recipe(single)
        self.request = request = structs.replace(request, recipe=single.recipe)
        self.clip = probe(request.clip)
        self._coding = coding_for(self.output, has_alpha=self.clip.has_alpha)
        self.frames = _approximate_frames(request, self.clip)
        self._is_loop = self.output.suffix.lower() in LOOP_SUFFIXES
        if self._is_loop:
            check_loop(self.output, rate=min(float(self.clip.rate), request.fps or 1000.0), frames=self.frames)
        self._start_time = time.perf_counter()
        stylizer = open_for(structs.replace(single, styles=()))
        painter = FramePainter(request, stylizer, should_stop=self._should_stop)
        regions = FrameRegions(request, self.clip, stylizer)
        self._clip_sha256 = file_sha256(self.clip.path)
        job = {
            "clip": self._clip_sha256,
            "masks": [file_sha256(file) for file in regions.files],
            **painter.facts,
            "options": {name: value for name, value in msgspec.to_builtins(request).items() if name not in _OPTIONS_WITHOUT_EFFECT},
        }
        self.groups = Groups(self.output.with_name(self.output.name + _PARTS_SUFFIX), job, self._coding, resume=request.resume)
        self.painted = len(self.groups.times())
        self._list_file = self.groups.folder / _SCENES
        self._keys = keys_of(painter)
        # Workers open their own painters.
        self._painter = None if self._is_shared else ClipPainter(request, self.clip, painter, regions)

    @property
    def _is_shared(self) -> bool:
        """Whether scenes are painted in parallel, by this run or an earlier one."""
        return (self.request.workers or 1) > 1 or self.request.ray is not None or self._list_file.is_file()

    def _should_stop(self) -> bool:
        self.stopped = self.stopped or self._stop_callback()
        return self.stopped

    @property
    def seconds(self) -> float:
        """Time since the start of the run."""
        return time.perf_counter() - self._start_time

    @property
    def notices(self) -> tuple[str, ...]:
        """Notices before the start, one line each."""
        found = list(self.clip.notices)
        if self.clip.has_alpha and not self._coding.has_alpha:
            found.append(f"the clip has transparency, which {self._coding.name} does not support; to keep it, write a {WITH_ALPHA}")
        if self._is_loop and self.clip.has_sound:
            found.append(f"a {self.output.suffix} has no sound; the sound is dropped")
        return tuple(found)

    def join(self) -> list[str]:
        """Write the output and remove the groups; returns notices, one line each."""
        notices: list[str] = []
        if self._is_loop:
            join_loop(self.groups, self.output)
        else:
            begin = self.groups.times()[0][0] if self.request.begin_seconds else Fraction(0)
            notices = join(self.groups, self.clip, self.output, begin=begin, end=self.request.end_seconds)
        self.groups.remove()
        return notices

    def paint(self) -> Iterator[VideoEvent]:
        """Paint all missing frames and save them in groups."""
        scenes, painted_before, next_preview = 0, self.painted, 0.0
        for done in self._paint_in_order(self._painter) if self._painter is not None else self._paint_scenes():
            if isinstance(done, Notice):
                yield done
                continue
            yield from (Notice(message=message) for message in done.notices)
            scenes += done.scenes
            self.painted += done.frames
            yield self._progress(done.pixels, scenes=scenes, painted_before=painted_before)
            if self._preview is not None and self.seconds >= next_preview:
                save_image(image_of(done.pixels), self._preview)
                next_preview = self.seconds + 1.0
        if not self.painted and not self.stopped:
            part = (
                f" between {self.request.begin or 0} and {self.request.end or 'the end'}" if self.request.begin or self.request.end else ""
            )
            raise ImageError(f"cannot paint '{self.clip.path}': no frame can be decoded{part}")

    def _paint_in_order(self, painter: ClipPainter) -> Iterator[Progress]:
        times = self.groups.times()
        frames = frames_to_paint(self.request, self.clip, after=times[-1][0] if times else None, losses=self._losses)
        yield from ClipInOrder(painter, self.groups, self._coding, should_stop=self._should_stop).paint(frames)

    def _paint_scenes(self) -> Iterator[Progress | Notice]:
        """Paint scenes in parallel, after finding them unless an earlier run did."""
        if self._list_file.is_file():
            found: SceneList | None = read_scenes(self._list_file)
        else:
            found = find_scenes(self.request, self.clip, should_stop=self._should_stop)
            if found is not None:
                write_scenes(self._list_file, found)
        if found is None or not found.times:
            return
        self.frames = len(found.times)
        self._losses = Losses(packets=found.lost_packets, ended_early=found.ended_early)
        source = Job(source=self.clip.path, path=self.clip.path.absolute(), sha256=self._clip_sha256)
        painter = SharedScenes(self.request, source, found, self.groups, keys=self._keys, should_stop=self._should_stop)
        if painter.notice:
            yield Notice(message=painter.notice)
        yield from painter.paint()

    def decoding_notices(self) -> Iterator[str]:
        """Notices about parts of the clip that could not be decoded."""
        times = self.groups.times()
        ended = float(times[-1][0] + (times[-1][1] or 1 / self.clip.rate))
        end = self.request.end_seconds
        wanted = self.clip.seconds if end is None or self.clip.seconds is None else min(float(end), self.clip.seconds)
        if wanted is not None and ended < wanted - max(0.25, 3 / min(float(self.clip.rate), self.request.fps or 1000.0)):
            yield f"the clip is truncated: it ends at {ended:.2f} s of {self.clip.seconds:.2f} s; it is painted up to there"
        elif self._losses.ended_early:
            yield f"the clip is damaged and ends at {ended:.2f} s; it is painted up to there"
        if self._losses.packets:
            yield f"{self._losses.packets} damaged packets of the clip could not be decoded and are skipped"

    def _progress(self, painted: Pixels, *, scenes: int, painted_before: int) -> FrameDone:
        expected = None if self.frames is None else max(self.frames, self.painted)
        seconds_per_frame = self.seconds / max(1, self.painted - painted_before)
        return FrameDone(
            frame=self.painted,
            frames=expected,
            size=(painted.shape[1], painted.shape[0]),
            scenes=scenes,
            seconds=self.seconds,
            seconds_left=None if expected is None else seconds_per_frame * (expected - self.painted),
        )


def _approximate_frames(request: VideoRequest, clip: Clip) -> int | None:
    """Approximate number of frames to paint; None if unknown."""
    seconds = painted_seconds(request, clip)
    return None if seconds is None else max(1, round(seconds * min(float(clip.rate), request.fps or 1000.0)))
