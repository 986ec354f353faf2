"""Finding the scenes of a clip before it is painted."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import msgspec

from stylenet.requests.video import VideoRequest
from stylenet.storage.atomic import write_whole
from stylenet.video.reading import Clip, Frame, Losses
from stylenet.video.scenes import CutDetector
from stylenet.workflows.clip_painter import frames_to_paint


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A scene.

    Attributes:
        number: Number of the scene, from 0.
        before: Time of the last frame of the previous scene; None for the first scene.
        times: Time of each frame.
        checksums: Checksum of each frame.
    """

    number: int
    before: Fraction | None
    times: Sequence[Fraction]
    checksums: Sequence[int]


class SceneList(msgspec.Struct, frozen=True, kw_only=True):
    """The scenes of a clip.

    Attributes:
        times: Time of each frame, as text.
        checksums: Checksum of each frame.
        cuts: Index of the first frame of each scene.
        lost_packets: Number of packets that could not be decoded.
        ended_early: Whether reading stopped before the end of the file.
    """

    times: list[str]
    checksums: list[int]
    cuts: list[int]
    lost_packets: int = 0
    ended_early: bool = False

    def scenes(self) -> list[Scene]:
        """The scenes, in order."""
        times = [Fraction(time) for time in self.times]
        ends = pairwise([*self.cuts, len(times)])
        return [
            Scene(number=number, before=times[begin - 1] if begin else None, times=times[begin:end], checksums=self.checksums[begin:end])
            for number, (begin, end) in enumerate(ends)
        ]


def find_scenes(request: VideoRequest, clip: Clip, *, should_stop: Callable[[], bool]) -> SceneList | None:
    """The scenes of the frames to paint; None if interrupted.

    Args:
        request: The request.
        clip: The clip of the request, which is decoded once.
        should_stop: Called for every frame.

    Raises:
        ImageError: see `read_frames`.
    """
    losses, detector = Losses(), CutDetector()
    times: list[str] = []
    checksums: list[int] = []
    cuts: list[int] = []
    for frame in frames_to_paint(request, clip, after=None, losses=losses):
        if should_stop():
            return None
        if detector.is_cut(frame.pixels):
            cuts.append(len(times))
        times.append(str(frame.time))
        checksums.append(checksum(frame))
    return SceneList(times=times, checksums=checksums, cuts=cuts, lost_packets=losses.packets, ended_early=losses.ended_early)


def checksum(frame: Frame) -> int:
    """Checksum of the pixels of a frame."""
    return zlib.crc32(frame.pixels.tobytes())


def write_scenes(path: Path, scenes: SceneList) -> None:
    """Write a scene list for later runs.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, msgspec.json.encode(scenes))


def read_scenes(path: Path) -> SceneList:
    """Read a scene list."""
    return msgspec.json.decode(path.read_bytes(), type=SceneList)
