"""Joining groups to one clip with the sound and subtitles of the source, by copying packets without encoding again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from stylenet.image.loops import SHORTEST_MS, save_loop
from stylenet.storage.atomic import written_whole
from stylenet.video.coding import CONTAINERS
from stylenet.video.groups import TICKS, Groups, Times, decoded, packets
from stylenet.video.package import pyav
from stylenet.video.reading import Clip

_SOUND = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be"},
    "webm": {"opus", "vorbis"},
}
"""Sound codecs that players support in each container; Matroska holds all."""

_SUBTITLES = {
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
    "webm": {"webvtt"},
    "matroska": {"subrip", "ass", "ssa", "webvtt", "dvd_subtitle", "hdmv_pgs_subtitle"},
}


@dataclass(frozen=True, kw_only=True)
class _SoundEncoder:
    """An encoder of sound with its sample rates, sample format and frame size."""

    name: str
    codec: str
    rates: tuple[int, ...]
    samples: str
    frame_samples: int


_AAC = _SoundEncoder(
    name="AAC",
    codec="aac",
    rates=(8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    samples="fltp",
    frame_samples=1024,
)
_OPUS = _SoundEncoder(name="Opus", codec="libopus", rates=(48000,), samples="flt", frame_samples=960)

_USUAL_SECONDS = Fraction(1, 25)


def join(groups: Groups, clip: Clip, output: Path, *, begin: Fraction, end: Fraction | None) -> list[str]:
    """Write the clip atomically; returns notices, one line each.

    Args:
        groups: The painted and encoded groups.
        clip: The source of sound, subtitles and pixel aspect ratio.
        output: File with a suffix in `CONTAINERS`.
        begin: Time in the source that becomes zero.
        end: Time in the source at which sound ends; None: the end of the source.

    Raises:
        OutputError: it cannot be written.
    """
    av = pyav()
    kind = CONTAINERS[output.suffix.lower()]
    times, clips = groups.times(), groups.clips()
    end = _end(times) if end is None else end
    notices: list[str] = []
    with written_whole(output) as temporary, contextlib.ExitStack() as stack:
        options = {"movflags": "+faststart"} if kind == "mp4" else {}
        target = stack.enter_context(av.open(str(temporary), mode="w", format=kind, options=options))
        source = stack.enter_context(av.open(str(clip.path), metadata_errors="replace"))
        first = stack.enter_context(av.open(str(clips[0])))
        video = target.add_stream_from_template(first.streams.video[0])
        video.time_base = Fraction(1, TICKS)
        if "1" in _alpha_modes(first):
            video.metadata["alpha_mode"] = "1"
        if clip.shape != 1:
            with contextlib.suppress(AttributeError, ValueError):
                video.sample_aspect_ratio = clip.shape
        others = [_Copied(stream, target, kind, notices) for stream in (*source.streams.audio, *source.streams.subtitles)]
        others = [other for other in others if other.target is not None]
        pictures = _pictures(clips, times, video, begin)
        sounds = _others(source, others, shift=begin + clip.start, end=end + clip.start)
        for _, packet in _by_time(pictures, sounds):
            target.mux(packet)
        for other in others:
            for packet in other.rest():
                target.mux(packet)
    return notices


def join_loop(groups: Groups, output: Path) -> None:
    """Write a repeating GIF, WebP or APNG atomically.

    Raises:
        OutputError: it cannot be written.
    """
    times = groups.times()
    milliseconds = [round(1000 * time) for time in (*(time for time, _ in times), _end(times))]
    shown_ms = [max(SHORTEST_MS, end - begin) for begin, end in pairwise(milliseconds)]
    save_loop(decoded(groups), output, shown_ms=shown_ms)


def _alpha_modes(container: Any) -> set[str]:
    return {str(value) for name, value in container.streams.video[0].metadata.items() if name.lower() == "alpha_mode"}


def _end(times: Sequence[Times]) -> Fraction:
    time, shown = times[-1]
    return time + (shown or (time - times[-2][0] if len(times) > 1 else _USUAL_SECONDS))


def _pictures(clips: Sequence[Path], times: Sequence[Times], video: Any, begin: Fraction) -> Iterator[tuple[float, Any]]:
    ends = [time for time, _ in times[1:]] + [_end(times)]
    number = 0
    for path in clips:
        for packet in packets(path):
            time = times[number][0]
            packet.stream = video
            packet.time_base = Fraction(1, TICKS)
            packet.pts = packet.dts = round((time - begin) * TICKS)
            packet.duration = max(1, round((ends[number] - time) * TICKS))
            number += 1
            yield float(time - begin), packet


class _Copied:
    """A stream of the source and the matching stream of the result; sound that the container does not support is encoded again."""

    def __init__(self, stream: Any, target: Any, kind: str, notices: list[str]) -> None:
        self.stream, self.target, self._encoder, self._resampler = stream, None, False, None
        codec = getattr(stream.codec_context, "name", None) if getattr(stream, "codec_context", None) else None
        is_sound = stream.type == "audio"
        allowed = (_SOUND if is_sound else _SUBTITLES).get(kind)
        what = "sound" if is_sound else "subtitles"
        if codec is None:
            notices.append(f"{what} of a type unknown to FFmpeg are dropped")
        elif allowed is None or codec in allowed:
            self.target = target.add_stream_from_template(stream)
        elif is_sound:
            encoder = _OPUS if kind == "webm" else _AAC
            rate = stream.codec_context.sample_rate
            rate = rate if rate in encoder.rates else 48_000
            layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
            self.target = target.add_stream(encoder.codec, rate=rate, layout=layout)
            self.target.bit_rate = min(96_000, 5 * rate) * (1 if layout == "mono" else 2)
            self._encoder = True
            self._resampler = pyav().AudioResampler(
                format=encoder.samples, layout=self.target.layout.name, rate=self.target.rate, frame_size=encoder.frame_samples
            )
            notices.append(f"the sound ({codec}) is converted to {encoder.name}, because {kind} files do not support it; a .mkv keeps it")
        else:
            notices.append(f"subtitles ({codec}) are dropped, because {kind} files do not support them; a .mkv keeps them")

    def packets(self, packet: Any, shift: Fraction) -> Iterator[Any]:
        """The packets of the result for a packet of the source, moved `shift` seconds earlier."""
        if not self._encoder:
            packet.stream = self.target
            ticks = round(shift / packet.time_base)
            packet.pts -= ticks
            packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
            yield packet
            return
        for frame in packet.decode():
            frame.pts = None if frame.pts is None else frame.pts - round(shift / frame.time_base)
            for fitted in self._resampler.resample(frame):  # type: ignore[union-attr]  # set if there is an encoder
                yield from self.target.encode(fitted)  # type: ignore[union-attr]

    def rest(self) -> Iterator[Any]:
        """The packets that the encoder has buffered."""
        if self._encoder:
            for fitted in self._resampler.resample(None):  # type: ignore[union-attr]
                yield from self.target.encode(fitted)  # type: ignore[union-attr]
            yield from self.target.encode(None)  # type: ignore[union-attr]


def _others(source: Any, others: list[_Copied], *, shift: Fraction, end: Fraction) -> Iterator[tuple[float, Any]]:
    av = pyav()
    if not others:
        return
    by_index = {other.stream.index: other for other in others}
    cut = shift > (source.start_time or 0) * Fraction(1, av.time_base)  # otherwise packets before zero are the priming of the encoder
    if cut:
        with contextlib.suppress(av.error.FFmpegError):
            source.seek(int(shift * av.time_base))
    over: set[int] = set()
    packets_left = source.demux([other.stream for other in others])
    while len(over) < len(others):
        try:
            packet = next(packets_left, None)
        except (av.error.FFmpegError, ValueError):  # the file ends here or is damaged
            return
        if packet is None:
            return
        if packet.pts is None or not packet.size:
            continue
        time = packet.pts * packet.time_base
        if time >= end:
            over.add(packet.stream.index)
        elif (time >= shift or not cut) and packet.stream.index not in over:
            with contextlib.suppress(av.error.InvalidDataError):
                for made in by_index[packet.stream.index].packets(packet, shift):
                    yield float(time - shift), made


def _by_time(first: Iterator[tuple[float, Any]], second: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
    """Merge two streams by time, buffering one packet of each."""
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] <= other[0]):
            yield one  # type: ignore[misc]  # not None here
            one = next(first, None)
        else:
            yield other
            other = next(second, None)
