"""Closed groups of painted frames, each encoded by itself and kept in a folder until all are joined.

A group is whole or not there: `00003.mp4` holds its frames, `00003.npz` their times and what the next frame needs to know.
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

from stylenet.errors import CheckpointError, OutputError, UsageError
from stylenet.storage.atomic import write_whole, written_whole
from stylenet.video.flow import Pixels
from stylenet.video.package import pyav

_QUALITY = "18"  # of x264's constant rate factor: no difference is seen; brush strokes are all fine detail

_JOB = "job.json"

TICKS = 90_000
"""Of a second, in which the times of frames are written."""

MOST_FRAMES = 48
"""Of a group: what is painted again after an interruption."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What the next frame needs to know of the last one of a group.

    Attributes:
        source: The frame before it was painted, (H, W, 3), uint8.
        painted: The frame as it was written.
        usual: Of the cut detector.
    """

    source: Pixels
    painted: Pixels
    usual: float = 0.0


class Groups:
    """The folder of the groups of one clip.

    Args:
        folder: It is made.
        job: All that the frames depend on, in plain values.
        resume: Keep the groups that are there.

    Raises:
        CheckpointError: the groups that are there belong to another request.
        OutputError: the folder cannot be made.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], *, resume: bool) -> None:
        self.folder = folder
        text = json.dumps(job, sort_keys=True, default=str)
        if resume and (folder / _JOB).is_file():
            saved = json.loads((folder / _JOB).read_text(encoding="utf-8"))
            if different := [name for name, value in json.loads(text).items() if saved.get(name) != value]:
                raise CheckpointError(
                    f"cannot resume from '{folder}': it belongs to another request ({', '.join(different)} differ); give the same options, "
                    "or omit --resume to begin anew"
                )
        else:
            if folder.exists() and not (folder / _JOB).is_file() and (not folder.is_dir() or any(folder.iterdir())):
                raise OutputError(f"'{folder}' is there and does not hold a clip that was begun; move it, or choose another --output")
            shutil.rmtree(folder, ignore_errors=True)
            try:
                folder.mkdir(parents=True)
            except OSError as error:
                raise OutputError(f"cannot make the folder '{folder}': {error.strerror}") from None
            write_whole(folder / _JOB, text.encode())
        self.count = 0
        while self._notes(self.count).is_file() and self.clip(self.count).is_file():
            self.count += 1

    def clip(self, number: int) -> Path:
        """The file of a group."""
        return self.folder / f"{number:05d}.mp4"

    def times(self) -> list[tuple[Fraction, Fraction | None]]:
        """Time and duration of every frame that is there."""
        found = []
        for number in range(self.count):
            with np.load(self._notes(number)) as notes:
                found += [(Fraction(str(time)), Fraction(str(shown)) if shown else None) for time, shown in notes["times"]]
        return found

    def state(self) -> State | None:
        """Of the last group; None where there is none."""
        if not self.count:
            return None
        with np.load(self._notes(self.count - 1)) as notes:
            return State(source=notes["source"], painted=notes["painted"], usual=float(notes["usual"]))

    def add(self, frames: Sequence[Pixels], times: Sequence[tuple[Fraction, Fraction | None]], state: State) -> None:
        """Encode a group, and keep it with its state.

        Raises:
            OutputError: the disk is full, or the encoder fails.
        """
        with written_whole(self.clip(self.count)) as temporary:
            _encode(frames, temporary)
        with written_whole(self._notes(self.count)) as temporary, temporary.open("wb") as file:
            words = np.array([(str(time), str(shown) if shown else "") for time, shown in times])
            np.savez_compressed(file, times=words, source=state.source, painted=state.painted, usual=state.usual)
        self.count += 1

    def remove(self) -> None:
        """Delete the folder, once its groups are joined."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _notes(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"


def packets(path: Path) -> Iterator[Any]:
    """The packets of a group, in their order."""
    with pyav().open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield packet


def check_encoder() -> None:
    """Raise `UsageError` where H.264 cannot be written."""
    av = pyav()
    try:
        av.Codec("libx264", "w")
    except (av.error.FFmpegError, ValueError):
        raise UsageError(
            'this build of PyAV has no H.264 encoder; install the official one with: pip install --force-reinstall "av>=14"'
        ) from None


def _encode(frames: Sequence[Pixels], path: Path) -> None:
    """Frames of even sides as H.264: one closed group without bidirectional frames, so that groups can be joined at any times."""
    av = pyav()
    height, width = frames[0].shape[:2]
    options = {"crf": _QUALITY, "preset": "medium", "bf": "0", "g": str(len(frames) + 1), "sc_threshold": "0", "threads": "1"}
    with contextlib.closing(av.open(str(path), mode="w", format="mp4")) as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 1  # BT.709, limited
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
