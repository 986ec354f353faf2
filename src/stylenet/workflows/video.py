"""Painting a clip: frames are decoded, painted, steadied, encoded in groups, and joined with the sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec
from msgspec import structs

from stylenet.encoders.freed_memory import freed_memory_kept
from stylenet.errors import ImageError, UsageError
from stylenet.events import Notice, Saved
from stylenet.image.files import save_image
from stylenet.image.loops import LOOP_SUFFIXES
from stylenet.image.masks import parse_mask
from stylenet.image.output import check_output
from stylenet.painting.defaults import default_recipe
from stylenet.painting.receipts import NOT_OF_THE_INPUTS
from stylenet.requests.video import VideoRequest
from stylenet.storage.hashing import file_sha256
from stylenet.video.coding import OUTPUT_SUFFIXES, WITH_ALPHA, check_loop, coding_for, with_alpha
from stylenet.video.flow import Pixels, image_of
from stylenet.video.groups import MOST_FRAMES, Groups, State
from stylenet.video.joining import join, join_loop
from stylenet.video.reading import Clip, Frame, Losses, probe, read_frames
from stylenet.workflows.frame_regions import FrameRegions
from stylenet.workflows.frames import FramePainter
from stylenet.workflows.outputs import keep_apart
from stylenet.workflows.painting import inputs_of, open_for, with_recipe

_PARTS_SUFFIX = ".parts"
"""Suffix of the folder next to the output that holds the groups until they are joined."""

_GROUP_BYTES = 256 * 10**6
"""Maximum size of the frames of an open group."""

_NOT_OF_THE_FRAMES = ("output", "clip", "styles", "resume", "preview", "threads", "device", "precision", "memory")


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
    """A frame is painted.

    Attributes:
        frame: Frames painted so far, including earlier runs.
        frames: Approximate number of all frames.
        size: (width, height).
        scenes: Scenes started so far in this run.
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
        frames: Frames painted, including earlier runs.
        seconds: Duration of this run.
        reason: "finished" or "interrupted".
        folder: The folder that an interrupted clip is resumed from.
    """

    frames: int
    seconds: float
    reason: str
    folder: Path


VideoEvent = VideoStarted | FrameDone | Notice | Saved | VideoDone


def paint_video(request: VideoRequest, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[VideoEvent]:
    """Paint a clip and write it.

    Args:
        request: The clip and its options.
        should_stop: Called after every frame; true stops, and `resume` continues.

    Raises:
        StylenetError: before or during painting; painted frames are kept for `resume`.
    """
    run = _Run(request, should_stop)
    yield VideoStarted(clip=run.clip, frames=run.expected, painted=run.painted, notices=run.notices)
    with freed_memory_kept():
        yield from run.paint()
    if run.stopped:
        yield VideoDone(frames=run.painted, seconds=run.seconds, reason="interrupted", folder=run.groups.folder)
        return
    yield from (Notice(message=message) for message in run.decoding_notices())
    yield from (Notice(message=message) for message in run.join())
    yield Saved(path=run.output)
    yield VideoDone(frames=run.painted, seconds=run.seconds, reason="finished", folder=run.groups.folder)


class _Run:
    """One run; the constructor checks and opens everything."""

    def __init__(self, request: VideoRequest, should_stop: Callable[[], bool]) -> None:
        self.request, self._should_stop = request, should_stop
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
        self._length = self._checked_length()
        self._is_loop = self.output.suffix.lower() in LOOP_SUFFIXES
        if self._is_loop:
            check_loop(self.output, rate=min(float(self.clip.rate), request.fps or 1000.0), frames=self.expected)
        self._begun = time.perf_counter()
        stylizer = open_for(structs.replace(single, styles=()))
        self._painter = FramePainter(request, stylizer, should_stop=should_stop)
        self._regions = FrameRegions(request, self.clip, stylizer)
        facts = {name: value for name, value in stylizer.engine.facts().items() if name not in NOT_OF_THE_INPUTS}
        job = {
            "clip": file_sha256(self.clip.path),
            "styles": self._painter.fingerprints,
            "masks": [file_sha256(file) for file in self._regions.files],
            "recipe": facts,
            "options": {name: value for name, value in msgspec.to_builtins(request).items() if name not in _NOT_OF_THE_FRAMES},
        }
        self.groups = Groups(self.output.with_name(self.output.name + _PARTS_SUFFIX), job, self._coding, resume=request.resume)
        times = self.groups.times()
        self.painted, self._last = len(times), times[-1][0] if times else None
        self._times: list[tuple[Fraction, Fraction | None]] = []
        self._open: list[Pixels] = []
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        self._writing: Future[None] | None = None
        self.stopped, self._losses = False, Losses()

    @property
    def seconds(self) -> float:
        """Time since the start of the run."""
        return time.perf_counter() - self._begun

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

    @property
    def expected(self) -> int | None:
        """Approximate number of frames to paint."""
        if self._length is None:
            return None
        return max(1, round(self._length * min(float(self.clip.rate), self.request.fps or 1000.0)))

    def paint(self) -> Iterator[VideoEvent]:
        """Paint all missing frames, and save them in groups."""
        if (state := self.groups.state()) is not None:
            self._painter.continue_from(state)
        scenes, before = 0, self.painted
        next_preview = 0.0
        for frame in self._frames():
            if self._should_stop():
                self.stopped = True
                break
            regions = self._regions.at(frame.time, frame.pixels)
            done = self._painter.paint(frame.pixels, self._share(frame.time), regions)
            if done is None:
                self.stopped = True
                break
            yield from (Notice(message=message) for message in done.notices)
            scenes += done.begins_scene
            state = self._kept(frame, done.pixels, state, begins_scene=done.begins_scene)
            yield self._progress(done.pixels, scenes=scenes, before=before)
            if self._preview is not None and self.seconds >= next_preview:
                save_image(image_of(done.pixels), self._preview)
                next_preview = self.seconds + 1.0
        if self._open and state is not None:
            self._close(state)
        self._written()
        if not self.painted and not self.stopped:
            part = (
                f" between {self.request.begin or 0} and {self.request.end or 'the end'}" if self.request.begin or self.request.end else ""
            )
            self.groups.remove()
            raise ImageError(f"cannot paint '{self.clip.path}': no frame can be decoded{part}")

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

    def _frames(self) -> Iterator[Frame]:
        """The frames to paint, without those already painted, and thinned to `--fps`."""
        begin = self.request.begin_seconds
        fps = None if self.request.fps is None else Fraction(self.request.fps).limit_denominator(10_000)
        tick = -1 if self._last is None or fps is None else int((self._last - begin) * fps)
        for frame in read_frames(
            self.clip, begin=begin if self._last is None else self._last, end=self.request.end_seconds, losses=self._losses
        ):
            if self._last is not None and frame.time <= self._last:
                continue
            if fps is not None:
                now = int((frame.time - begin) * fps)
                if now <= tick:
                    continue
                tick = now
                frame = Frame(time=frame.time, seconds=None, pixels=frame.pixels)
            yield frame

    def _kept(self, frame: Frame, painted: Pixels, state: State | None, *, begins_scene: bool) -> State:
        """Add a frame to the open group, which ends before a new scene or at its maximum length."""
        height, width = painted.shape[0] // 2 * 2, painted.shape[1] // 2 * 2
        if min(height, width) < 2:
            raise UsageError(f"the frames would have {painted.shape[1]} x {painted.shape[0]} pixels; give a larger --size")
        if (
            self._open
            and state is not None
            and (begins_scene or len(self._open) >= max(4, min(MOST_FRAMES, _GROUP_BYTES // painted.nbytes)))
        ):
            self._close(state)
        shown = painted[:height, :width]
        if self._coding.has_alpha:
            shown = with_alpha(painted, frame.alpha)[:height, :width]
        self._open.append(shown)
        self._times.append((frame.time, frame.seconds))
        self.painted += 1
        return self._painter.state()

    def _close(self, state: State) -> None:
        """Start encoding the open group in the background."""
        self._written()
        self._writing = self._writer.submit(self.groups.add, self._open, self._times, state)
        self._open, self._times = [], []

    def _written(self) -> None:
        """Wait for the group that is being encoded."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _progress(self, painted: Pixels, *, scenes: int, before: int) -> FrameDone:
        expected = None if self.expected is None else max(self.expected, self.painted)
        each = self.seconds / max(1, self.painted - before)
        return FrameDone(
            frame=self.painted,
            frames=expected,
            size=(painted.shape[1], painted.shape[0]),
            scenes=scenes,
            seconds=self.seconds,
            seconds_left=None if expected is None else each * (expected - self.painted),
        )

    def _checked_length(self) -> float | None:
        begin, end = float(self.request.begin_seconds), self.request.end_seconds
        if self.clip.seconds is not None and begin >= self.clip.seconds:
            raise UsageError(f"--from is {begin:g} s, and the clip lasts {self.clip.seconds:.2f} s; give an earlier time")
        last = self.clip.seconds if end is None else float(end) if self.clip.seconds is None else min(float(end), self.clip.seconds)
        changes = bool(self.request.strengths) or (len(self.request.styles) > 1 and not self.request.blend)
        if last is None and changes:
            raise UsageError(f"'{self.clip.path}' has no known length, and strength or styles change over time; give --to")
        return None if last is None else last - begin

    def _share(self, time: Fraction) -> float:
        return 0.0 if not self._length else float(time - self.request.begin_seconds) / self._length
