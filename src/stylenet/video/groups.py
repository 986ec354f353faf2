"""Closed groups of painted frames, each encoded separately and stored in a folder until all are joined.

Groups are written atomically: `00003.mp4` (or `.mkv`) contains the frames, `00003.npz` their times. `00003.state.npz`, the
state for the next frame, exists only for the last group.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from stylenet.errors import CheckpointError, OutputError
from stylenet.storage.atomic import write_whole, written_whole
from stylenet.video.coding import Coding, add_stream, coded_frame
from stylenet.video.flow import Pixels
from stylenet.video.package import pyav

_JOB = "job.json"

TICKS = 90_000
"""Time base of the frames."""

MOST_FRAMES = 48
"""Maximum frames of a group, which are painted again after an interruption."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """State after the last frame of a group, for the next frame.

    Attributes:
        frames: `Past.frames`: the last frame with its painting as written, and earlier ones.
        count: `Past.count`.
        usual: `CutDetector.usual`.
    """

    frames: Sequence[tuple[Pixels, Pixels]]
    count: int
    usual: float = 0.0


class Groups:
    """The folder of groups of one clip.

    Args:
        folder: The folder, which is created.
        job: Everything that the frames depend on, as plain values.
        coding: Coding of the groups.
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
        self.count = 0
        while self._times(self.count).is_file() and self.clip(self.count).is_file():
            self.count += 1

    def clip(self, number: int) -> Path:
        """The file of a group."""
        return self.folder / f"{number:05d}{self._coding.group[0]}"

    def times(self) -> list[tuple[Fraction, Fraction | None]]:
        """Time and duration of each stored frame."""
        found = []
        for number in range(self.count):
            with np.load(self._times(number)) as saved:
                found += [(Fraction(str(time)), Fraction(str(shown)) if shown else None) for time, shown in saved["times"]]
        return found

    def state(self) -> State | None:
        """State of the last group; None without groups."""
        if not self.count:
            return None
        with np.load(self._state(self.count - 1)) as saved:
            frames = tuple(zip(saved["sources"], saved["paintings"], strict=True))
            return State(frames=frames, count=int(saved["count"]), usual=float(saved["usual"]))

    def add(self, frames: Sequence[Pixels], times: Sequence[tuple[Fraction, Fraction | None]], state: State) -> None:
        """Encode a group, and store it with its state.

        Raises:
            OutputError: the disk is full, or the encoder fails.
        """
        with written_whole(self.clip(self.count)) as temporary:
            _encode(frames, temporary, self._coding)
        with written_whole(self._state(self.count)) as temporary, temporary.open("wb") as file:
            sources, paintings = zip(*state.frames, strict=True)
            np.savez(file, sources=sources, paintings=paintings, count=state.count, usual=state.usual)
        with written_whole(self._times(self.count)) as temporary, temporary.open("wb") as file:
            np.savez(file, times=np.array([(str(time), str(shown) if shown else "") for time, shown in times]))
        self.count += 1
        if self.count > 1:
            self._state(self.count - 2).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder after joining the groups."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _times(self, number: int) -> Path:
        """The file with the times of a group, which is written last."""
        return self.folder / f"{number:05d}.npz"

    def _state(self, number: int) -> Path:
        return self.folder / f"{number:05d}.state.npz"


def decoded(groups: Groups) -> Iterator[Pixels]:
    """The frames of all groups, (H, W, 3) or (H, W, 4)."""
    for number in range(groups.count):
        with pyav().open(str(groups.clip(number))) as container:
            for frame in container.decode(video=0):
                has_alpha = any(component.is_alpha for component in frame.format.components)
                yield frame.reformat(format="rgba" if has_alpha else "rgb24").to_ndarray()


def packets(path: Path) -> Iterator[Any]:
    """The packets of a group, in order."""
    with pyav().open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield packet


def _encode(frames: Sequence[Pixels], path: Path, coding: Coding) -> None:
    """Encode frames with even sides as one closed group without B-frames, so that groups can be joined at any times."""
    height, width = frames[0].shape[:2]
    with contextlib.closing(pyav().open(str(path), mode="w", format=coding.group[1])) as container:
        stream = add_stream(container, coding, (width, height), group=len(frames) + 1)
        for number, pixels in enumerate(frames):
            container.mux(stream.encode(coded_frame(pixels, coding, number)))
        container.mux(stream.encode())
