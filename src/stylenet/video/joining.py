"""Joining groups into one clip with the sound and subtitles of the source, by copying packets without reencoding."""

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
"""Audio codecs that players support in each container; Matroska supports all."""

_SUBTITLES = {
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
    "webm": {"webvtt"},
    "matroska": {"subrip", "ass", "ssa", "webvtt", "dvd_subtitle", "hdmv_pgs_subtitle"},
}


@dataclass(frozen=True, kw_only=True)
class _SoundEncoder:
    """An audio encoder with its sample rates, sample format and frame size."""

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

_DEFAULT_FRAME_SECONDS = Fraction(1, 25)


def join(groups: Groups, clip: Clip, output: Path, *, begin: Fraction, end: Fraction | None) -> list[str]:
    """Write the clip atomically; returns notices for the user, one line each.

    Args:
        groups: The painted and encoded groups.
        clip: The source of sound, subtitles and pixel aspect ratio.
        output: Path with a suffix in `CONTAINERS`.
        begin: Time in the source that becomes zero.
        end: Time in the source at which sound and subtitles end; None: the end of the painted frames.

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
        tracks = [_Track(stream, target, kind, notices) for stream in (*source.streams.audio, *source.streams.subtitles)]
        tracks = [track for track in tracks if track.target is not None]
        video_packets = _video_packets(clips, times, video, begin)
        track_packets = _track_packets(source, tracks, shift=begin + clip.start, end=end + clip.start)
        for _, packet in _merged_by_time(video_packets, track_packets):
            target.mux(packet)
        for track in tracks:
            for packet in track.flush():
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
    """The time at which the last frame ends."""
    time, duration = times[-1]
    return time + (duration or (time - times[-2][0] if len(times) > 1 else _DEFAULT_FRAME_SECONDS))


def _video_packets(clips: Sequence[Path], times: Sequence[Times], video: Any, begin: Fraction) -> Iterator[tuple[float, Any]]:
    """The packets of all groups with their times in the result."""
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


class _Track:
    """A stream of the source and the matching stream of the result; audio that the container does not support is reencoded."""

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
        """The packets of the result for a packet of the source, shifted `shift` seconds earlier."""
        if not self._encoder:
            packet.stream = self.target
            ticks = round(shift / packet.time_base)
            packet.pts -= ticks
            packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
            yield packet
            return
        for frame in packet.decode():
            frame.pts = None if frame.pts is None else frame.pts - round(shift / frame.time_base)
            for resampled in self._resampler.resample(frame):  # type: ignore[union-attr]  # set if there is an encoder
                yield from self.target.encode(resampled)  # type: ignore[union-attr]

    def flush(self) -> Iterator[Any]:
        """The packets that remain in the encoder."""
        if self._encoder:
            for resampled in self._resampler.resample(None):  # type: ignore[union-attr]
                yield from self.target.encode(resampled)  # type: ignore[union-attr]
            yield from self.target.encode(None)  # type: ignore[union-attr]


def _track_packets(source: Any, tracks: list[_Track], *, shift: Fraction, end: Fraction) -> Iterator[tuple[float, Any]]:
    """The packets of sound and subtitles with their times in the result."""
    av = pyav()
    if not tracks:
        return
    by_index = {track.stream.index: track for track in tracks}
    trims_start = shift > (source.start_time or 0) * Fraction(1, av.time_base)  # otherwise, packets before zero are encoder priming
    if trims_start:
        with contextlib.suppress(av.error.FFmpegError):
            source.seek(int(shift * av.time_base))
    finished: set[int] = set()
    demuxed = source.demux([track.stream for track in tracks])
    while len(finished) < len(tracks):
        try:
            packet = next(demuxed, None)
        except (av.error.FFmpegError, ValueError):  # the file is truncated or damaged
            return
        if packet is None:
            return
        if packet.pts is None or not packet.size:
            continue
        time = packet.pts * packet.time_base
        if time >= end:
            finished.add(packet.stream.index)
        elif (time >= shift or not trims_start) and packet.stream.index not in finished:
            with contextlib.suppress(av.error.InvalidDataError):
                for converted in by_index[packet.stream.index].packets(packet, shift):
                    yield float(time - shift), converted


def _merged_by_time(first: Iterator[tuple[float, Any]], second: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
    """Merge two streams by time, buffering one packet of each."""
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] <= other[0]):
            yield one  # type: ignore[misc]  # not None here
            one = next(first, None)
        else:
            yield other
            other = next(second, None)
