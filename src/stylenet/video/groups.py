"""Closed groups of painted frames, each encoded separately and stored in a folder until they are joined.

Groups are written atomically. `00002-00003.mp4` (or `.mkv`) holds the frames of the fourth group of the third scene, and
`00002-00003.npz` their times. `00002-00003.state.npz` holds the state for the next frame; it exists only for the last group of an
unfinished scene.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from stylenet.errors import CheckpointError, OutputError, UsageError
from stylenet.storage.atomic import write_whole, written_whole
from stylenet.video.coding import Coding, add_stream, coded_frame, with_alpha
from stylenet.video.flow import Pixels
from stylenet.video.package import pyav
from stylenet.video.reading import Frame

Times: TypeAlias = tuple[Fraction, Fraction | None]
"""Time and duration of a frame; the duration may be unknown."""

_JOB = "job.json"

_TIMES, _STATE = ".npz", ".state.npz"
"""Suffixes of a group's times, which are written last, and of the state after the group."""

TICKS = 90_000
"""Ticks per second of frame times."""

MAX_FRAMES = 48
"""Maximum number of frames in a group; an interrupted group is painted again."""

_GROUP_BYTES = 256 * 10**6
"""Maximum memory for the frames of an open group."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """State after the last frame of a group, for the next frame.

    Attributes:
        frames: `Past.frames`: the last frame and earlier ones, with their paintings as written.
        count: `Past.count`.
        typical_distance: `CutDetector.typical_distance`.
    """

    frames: Sequence[tuple[Pixels, Pixels]]
    count: int
    typical_distance: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """An encoded group.

    Attributes:
        data: The bytes of the encoded file.
        times: Time and duration of each frame.
    """

    data: bytes
    times: Sequence[Times]


class OpenGroup:
    """A group to which frames are added.

    Attributes:
        times: Time and duration of each frame.
    """

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._frames: list[Pixels] = []
        self.times: list[Times] = []

    @property
    def is_full(self) -> bool:
        """Whether the group has reached its maximum length."""
        return bool(self._frames) and len(self._frames) >= max(4, min(MAX_FRAMES, _GROUP_BYTES // self._frames[0].nbytes))

    def add(self, frame: Frame, painted: Pixels) -> None:
        """Add a frame and its painting, (H, W, 3), which is cropped to even sides.

        Raises:
            UsageError: the painting is too small.
        """
        height, width = painted.shape[0] // 2 * 2, painted.shape[1] // 2 * 2
        if min(height, width) < 2:
            raise UsageError(f"the frames would have {painted.shape[1]} x {painted.shape[0]} pixels; give a larger --size")
        pixels = with_alpha(painted, frame.alpha) if self._coding.has_alpha else painted
        self._frames.append(pixels[:height, :width])
        self.times.append((frame.time, frame.seconds))

    def encoded(self) -> Group:
        """The encoded group. It starts with a key frame and has no B-frames, so that groups can be joined with any time stamps.

        Raises:
            OutputError: the encoder fails.
        """
        height, width = self._frames[0].shape[:2]
        file = io.BytesIO()
        with contextlib.closing(pyav().open(file, mode="w", format=self._coding.group[1])) as container:
            stream = add_stream(container, self._coding, (width, height), group=len(self._frames) + 1)
            for number, pixels in enumerate(self._frames):
                container.mux(stream.encode(coded_frame(pixels, self._coding, number)))
            container.mux(stream.encode())
        return Group(data=file.getvalue(), times=self.times)


class Groups:
    """The folder of groups of one clip.

    Args:
        folder: The folder; it is created.
        job: Everything that affects the frames, as plain values.
        coding: Encoder settings of the groups.
        resume: Keep existing groups.

    Raises:
        CheckpointError: existing groups belong to another request.
        OutputError: the folder cannot be created.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], coding: Coding, *, resume: bool) -> None:
        self.folder, self._coding = folder, coding
        text = json.dumps(job, sort_keys=True, default=str)
        if resume and (folder / _JOB).is_file():
            saved = json.loads((folder / _JOB).read_text(encoding="utf-8"))
            if different := [name for name, value in json.loads(text).items() if saved.get(name) != value]:
                raise CheckpointError(
                    f"cannot resume from '{folder}': it belongs to another request ({', '.join(different)} differ); give the same options, "
                    "or omit --resume to start over"
                )
        else:
            if folder.exists() and not (folder / _JOB).is_file() and (not folder.is_dir() or any(folder.iterdir())):
                raise OutputError(f"'{folder}' exists and does not contain an unfinished clip; move it, or choose another --output")
            shutil.rmtree(folder, ignore_errors=True)
            try:
                folder.mkdir(parents=True)
            except OSError as error:
                raise OutputError(f"cannot create the folder '{folder}': {error.strerror}") from None
            write_whole(folder / _JOB, text.encode())
        self._counts: Counter[int] = Counter()
        for path in folder.glob("*-*.npz"):
            scene, _, number = path.stem.partition("-")
            if number.isdecimal():
                self._counts[int(scene)] += 1

    @property
    def last_scene(self) -> int:
        """Number of the last scene with a group, from 0; -1 without groups."""
        return max(self._counts, default=-1)

    def clips(self) -> list[Path]:
        """The files of all groups, in order."""
        return [self._path(scene, number, self._coding.group[0]) for scene, number in self._numbers()]

    def times(self, scene: int | None = None) -> list[Times]:
        """Time and duration of each stored frame of one scene, or of all scenes."""
        found = []
        for group_scene, number in self._numbers():
            if scene is None or group_scene == scene:
                with np.load(self._path(group_scene, number, _TIMES)) as saved:
                    found += [(Fraction(str(time)), Fraction(str(duration)) if duration else None) for time, duration in saved["times"]]
        return found

    def state(self, scene: int) -> State | None:
        """The state after the last group of a scene; None if the scene has no groups or is finished."""
        path = self._path(scene, self._counts[scene] - 1, _STATE)
        if not path.is_file():
            return None
        with np.load(path) as saved:
            frames = tuple(zip(saved["sources"], saved["paintings"], strict=True))
            return State(frames=frames, count=int(saved["count"]), typical_distance=float(saved["usual"]))

    def add(self, scene: int, group: Group, state: State | None) -> None:
        """Store the next group of a scene and the state after it; `state` is None if the scene is finished.

        Raises:
            OutputError: the disk is full.
        """
        number = self._counts[scene]
        write_whole(self._path(scene, number, self._coding.group[0]), group.data)
        if state is not None:
            with written_whole(self._path(scene, number, _STATE)) as temporary, temporary.open("wb") as file:
                sources, paintings = zip(*state.frames, strict=True)
                np.savez(file, sources=sources, paintings=paintings, count=state.count, usual=state.typical_distance)
        with written_whole(self._path(scene, number, _TIMES)) as temporary, temporary.open("wb") as file:
            np.savez(file, times=np.array([(str(time), str(duration) if duration else "") for time, duration in group.times]))
        self._counts[scene] += 1
        self._path(scene, number - 1, _STATE).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _numbers(self) -> list[tuple[int, int]]:
        """(scene, number) of each group, in order."""
        return [(scene, number) for scene in sorted(self._counts) for number in range(self._counts[scene])]

    def _path(self, scene: int, number: int, suffix: str) -> Path:
        return self.folder / f"{scene:05d}-{number:05d}{suffix}"


def decoded(groups: Groups) -> Iterator[Pixels]:
    """The frames of all groups, (H, W, 3) or (H, W, 4)."""
    for path in groups.clips():
        with pyav().open(str(path)) as container:
            for frame in container.decode(video=0):
                has_alpha = any(component.is_alpha for component in frame.format.components)
                yield frame.reformat(format="rgba" if has_alpha else "rgb24").to_ndarray()


def packets(path: Path) -> Iterator[Any]:
    """The packets of a group, in order."""
    with pyav().open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield packet
