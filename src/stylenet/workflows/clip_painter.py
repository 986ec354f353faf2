"""Selecting and painting the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from stylenet.errors import UsageError
from stylenet.requests.video import VideoRequest
from stylenet.video.flow import Pixels
from stylenet.video.groups import State
from stylenet.video.reading import Clip, Frame, Losses, read_frames
from stylenet.workflows.frame_regions import FrameRegions
from stylenet.workflows.frames import FramePainter, PaintedFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """One or several frames have been painted.

    Attributes:
        frames: Number of frames.
        pixels: The last painted frame, (H, W, 3), uint8.
        scenes: Number of scenes that start in these frames.
        notices: Notices for the user, one line each.
    """

    frames: int
    pixels: Pixels
    scenes: int
    notices: tuple[str, ...]


class ClipPainter:
    """Paints the frames of a clip.

    Args:
        request: The request.
        clip: The clip of the request.
        painter: Paints the frames.
        regions: The regions of each frame.

    Raises:
        UsageError: the request does not fit the length of the clip.
    """

    def __init__(self, request: VideoRequest, clip: Clip, painter: FramePainter, regions: FrameRegions) -> None:
        self._painter, self._regions = painter, regions
        self._begin, self._length = request.begin_seconds, painted_seconds(request, clip)

    def paint(self, frame: Frame) -> PaintedFrame | None:
        """Paint the next frame; returns None if it was interrupted."""
        share = 0.0 if not self._length else float(frame.time - self._begin) / self._length
        return self._painter.paint(frame.pixels, share, self._regions.at(frame.time, frame.pixels))

    def state(self) -> State:
        """The state after the last painted frame."""
        return self._painter.state()

    def continue_from(self, state: State | None) -> None:
        """Continue from the state after a group; None: start a new scene."""
        self._painter.continue_from(state)


def painted_seconds(request: VideoRequest, clip: Clip) -> float | None:
    """Duration of the part of a clip to paint; None if unknown.

    Raises:
        UsageError: the part is empty, or its length is unknown but needed.
    """
    begin, end = float(request.begin_seconds), request.end_seconds
    if clip.seconds is not None and begin >= clip.seconds:
        raise UsageError(f"--from is {begin:g} s, and the clip lasts {clip.seconds:.2f} s; give an earlier time")
    last = clip.seconds if end is None else float(end) if clip.seconds is None else min(float(end), clip.seconds)
    changes = bool(request.strengths) or (len(request.styles) > 1 and not request.blend)
    if last is None and changes:
        raise UsageError(f"'{clip.path}' has no known length, and strength or styles change over time; give --to")
    return None if last is None else last - begin


def frames_to_paint(
    request: VideoRequest, clip: Clip, *, after: Fraction | None, losses: Losses | None = None, seeks: bool = True
) -> Iterator[Frame]:
    """The frames that a request selects, reduced to its frame rate.

    Args:
        request: The request.
        clip: The clip of the request.
        after: Time of the last painted frame; only later ones are returned. None: all.
        losses: Updated with what could not be decoded.
        seeks: Whether to decode from the key frame before `after` instead of from the start.

    Raises:
        ImageError: see `read_frames`.
    """
    begin = request.begin_seconds
    fps = None if request.fps is None else Fraction(request.fps).limit_denominator(10_000)
    tick = -1 if after is None or fps is None else int((after - begin) * fps)
    for frame in read_frames(clip, begin=begin if after is None or not seeks else after, end=request.end_seconds, losses=losses):
        if after is not None and frame.time <= after:
            continue
        if fps is not None:
            frame_tick = int((frame.time - begin) * fps)
            if frame_tick <= tick:
                continue
            tick = frame_tick
            frame = Frame(time=frame.time, seconds=None, pixels=frame.pixels, alpha=frame.alpha)
        yield frame
