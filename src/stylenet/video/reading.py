"""Reading clips frame by frame: upright, 8-bit RGB, each frame with its time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from stylenet.errors import ImageError
from stylenet.video.flow import Pixels
from stylenet.video.package import pyav
from stylenet.video.tones import HLG, PQ, toned_down

_PICTURES = ("image2", "_pipe")
"""Parts of the names of FFmpeg's formats for still pictures."""

_ONLY_FILES = {"protocol_whitelist": "file"}
"""Keeps playlists from accessing the network."""

_BT709, _UNKNOWN_COLORS, _HD_ROWS = 1, 2, 720

_ZERO = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Properties of a clip.

    Attributes:
        path: The file.
        width: Width of the upright frames.
        height: Height of the upright frames.
        seconds: Duration; None if unknown.
        rate: Average frames per second.
        shape: Pixel aspect ratio (width by height).
        start: Start time in the file, from which times are counted.
        has_alpha: Whether frames have transparency.
        has_sound: Whether the clip has a sound stream.
        notices: Notices for the user, one line each.
    """

    path: Path
    width: int
    height: int
    seconds: float | None
    rate: Fraction
    shape: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    has_alpha: bool = False
    has_sound: bool = False
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A frame.

    Attributes:
        time: Seconds from the start of the clip.
        seconds: Duration; None if unknown.
        pixels: (H, W, 3), uint8, RGB, upright.
        alpha: (H, W), uint8; None if the clip has no transparency.
    """

    time: Fraction
    seconds: Fraction | None
    pixels: Pixels
    alpha: Pixels | None = None


@dataclass
class Losses:
    """What could not be decoded.

    Attributes:
        packets: Number of packets.
        ended_early: Whether reading stopped before the end of the file.
    """

    packets: int = 0
    ended_early: bool = False


def probe(path: str | os.PathLike[str]) -> Clip:
    """Properties of a clip; decodes its first frame.

    Raises:
        ImageError: the file does not exist, is not a clip, or has no frame.
        UsageError: PyAV is not installed.
    """
    av, file = pyav(), Path(path)
    with _opened(file) as container:
        stream = _stream(container, file)
        frame = next(_decoded(container, stream, Losses()), None)
        if frame is None:
            raise ImageError(f"cannot read '{file}': its video stream has no frame that can be decoded")
        height, width = _upright(frame, _without_channels(frame)).shape[:2]
        is_rotated = (width, height) != (frame.width, frame.height)
        shape = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        start = Fraction(container.start_time or 0, av.time_base)
        seconds = float(stream.duration * stream.time_base) if stream.duration else None
        if seconds is None and container.duration:
            seconds = container.duration / av.time_base
        return Clip(
            path=file,
            width=width,
            height=height,
            seconds=seconds,
            rate=rate if 0 < rate <= 1000 else Fraction(25),
            shape=1 / shape if is_rotated else shape,
            start=start,
            has_alpha=_has_alpha(frame),
            has_sound=bool(container.streams.audio),
            notices=tuple(_notices(frame)),
        )


def read_frames(clip: Clip, *, begin: Fraction = _ZERO, end: Fraction | None = None, losses: Losses | None = None) -> Iterator[Frame]:
    """The frames with times in [begin, end), in display order.

    Args:
        clip: The result of `probe`.
        begin: Start time in seconds.
        end: End time in seconds; None: the end of the decodable part.
        losses: Updated with what could not be decoded.

    Raises:
        ImageError: the file can no longer be opened, or the frame size changes.
    """
    av, losses = pyav(), losses if losses is not None else Losses()
    last: Fraction | None = None
    with _opened(clip.path) as container:
        stream = _stream(container, clip.path)
        stream.thread_type = "NONE"  # with threads, damaged frames are not always concealed in the same way
        if begin > 0:
            with contextlib.suppress(av.error.FFmpegError):
                container.seek(int((begin + clip.start) / stream.time_base), stream=stream)
        for number, frame in enumerate(_decoded(container, stream, losses)):
            time = number / clip.rate if frame.pts is None else frame.pts * stream.time_base - clip.start
            if last is not None and time <= last:
                continue  # duplicate time: a damaged or edited file
            last = time
            if end is not None and time >= end:
                return
            if time < begin:
                continue
            pixels = _upright(frame, _rgb(frame))
            if pixels.shape[:2] != (clip.height, clip.width):
                raise ImageError(
                    f"cannot paint '{clip.path}': its frames are {clip.width} x {clip.height}, and {pixels.shape[1]} x {pixels.shape[0]} "
                    f"at {float(time):.2f} s; cut it there with --to {float(time):.2f}"
                )
            duration = Fraction(frame.duration) * stream.time_base if frame.duration else None
            alpha = _upright(frame, frame.reformat(format="rgba").to_ndarray()[..., 3]) if clip.has_alpha and _has_alpha(frame) else None
            yield Frame(time=time, seconds=duration, pixels=pixels, alpha=alpha)


def frame_times(clip: Clip) -> list[Fraction]:
    """The time of each frame, in order, without decoding.

    Raises:
        ImageError: the file can no longer be opened.
    """
    times = set()
    with _opened(clip.path) as container:
        stream = _stream(container, clip.path)
        for number, packet in enumerate(packet for packet in container.demux(stream) if packet.size):
            times.add(number / clip.rate if packet.pts is None else packet.pts * stream.time_base - clip.start)
    return sorted(times)


def is_clip(path: Path) -> bool:
    """Whether a file is a clip rather than a picture.

    Raises:
        ImageError: it is neither.
    """
    with _opened(path) as container:
        return not any(word in container.format.name for word in _PICTURES)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av = pyav()
    if not os.path.isfile(path):
        reason = "it is a pipe or a device" if os.path.exists(path) else "there is no such file"
        reason = "it is a folder" if os.path.isdir(path) else reason
        raise ImageError(f"cannot read '{path}': {reason}; give a clip")
    if not path.stat().st_size:
        raise ImageError(f"cannot read '{path}': it is empty (0 bytes)")
    try:
        container = av.open(os.path.abspath(path), options=_ONLY_FILES, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        is_invalid = "invalid data" in str(error).lower()
        reason = "it is not a clip, or its index is missing, as in an interrupted recording" if is_invalid else _reason(error)
        raise ImageError(f"cannot read '{path}': {reason}") from None
    with container:
        yield container


def _stream(container: Any, path: Path) -> Any:
    if any(word in container.format.name for word in _PICTURES):
        raise ImageError(f"'{path}' is a picture, not a clip; paint it with: stylenet stylize {path} STYLE")
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        sound = "it contains only sound" if container.streams.audio else "it has no video stream"
        raise ImageError(f"cannot paint '{path}': {sound}; give a clip with a video stream")
    stream = streams[0]
    if getattr(stream, "codec_context", None) is None:
        raise ImageError(f"cannot paint '{path}': FFmpeg cannot decode its video stream; convert it to H.264 first")
    return stream


def _is_cover(stream: Any) -> bool:
    flags = pyav().stream.Disposition
    return bool(stream.disposition & flags.attached_pic)


def _decoded(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """All frames that can be decoded; packets that cannot are counted and skipped."""
    av, decoder = pyav(), _decoder(stream)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, ValueError):
            losses.ended_early = True
            packet = None
        try:
            frames = decoder.decode(packet)
        except av.error.EOFError:
            frames = []
        except (av.error.FFmpegError, ValueError):
            losses.packets += 1
            frames = []
        for frame in frames:
            if not getattr(frame, "is_corrupt", False) or losses.packets == 0:
                yield frame
        if packet is None:
            return


def _decoder(stream: Any) -> Any:
    """The decoder of a stream; libvpx for VP9, because FFmpeg's own decoder drops transparency."""
    av = pyav()
    if "1" in {value for name, value in stream.metadata.items() if name.lower() == "alpha_mode"} and stream.codec_context.name == "vp9":
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            return av.CodecContext.create("libvpx-vp9", "r")
    return stream


def _has_alpha(frame: Any) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def _rgb(frame: Any) -> Pixels:
    if frame.color_trc in (PQ, HLG):
        return toned_down(frame.to_ndarray(format="rgb48le"), frame.color_trc)
    source: int | None = frame.colorspace
    if source == _UNKNOWN_COLORS and frame.height >= _HD_ROWS:
        source = _BT709  # the default of players
    return frame.reformat(format="rgb24", src_colorspace=source).to_ndarray()


def _without_channels(frame: Any) -> Pixels:
    """An array with the height and width of a frame, and no data."""
    return np.empty((frame.height, frame.width, 0), np.uint8)


def _upright(frame: Any, pixels: Pixels) -> Pixels:
    """Rotate pixels upright; PyAV reports degrees counterclockwise."""
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))


def _notices(frame: Any) -> Iterator[str]:
    if frame.color_trc in (PQ, HLG):
        name = "PQ" if frame.color_trc == PQ else "HLG"
        yield f"the clip is HDR ({name}) and is tone-mapped to standard dynamic range"
    elif max((component.bits for component in frame.format.components), default=8) > 8:
        yield f"the clip has {max(component.bits for component in frame.format.components)} bits per channel; the result has 8"
    if frame.interlaced_frame:
        yield "the clip is interlaced, so moving edges are combed; deinterlace it first"
    if round(frame.rotation) % 90:
        yield f"the clip is rotated by {frame.rotation} degrees; it is painted rotated to the nearest quarter turn"


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", "") or error).split()) or type(error).__name__
