"""Masks for a clip: one picture for all frames, or a folder or clip with one mask per frame."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.errors import UsageError, counted
from stylenet.image.files import Picture
from stylenet.image.masks import MaskOption, load_mask
from stylenet.video.flow import image_of
from stylenet.video.reading import Clip, Frame, frame_times, is_clip, probe, read_frames

if TYPE_CHECKING:
    from stylenet.shapes import Mask

MASK_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".gif"})
"""Suffixes of masks in a folder."""


class ClipMask:
    """The mask of each frame of a clip.

    A mask that changes over time may be empty in some frames.

    Args:
        option: A picture, a folder of pictures in the order of their file names, or a clip.
        clip: The clip to be painted.

    Attributes:
        files: All files of the mask.

    Raises:
        ImageError: a file cannot be read, or a single picture is empty.
        UsageError: the number of masks differs from the number of frames.
    """

    def __init__(self, option: MaskOption, clip: Clip) -> None:
        self._inverted = option.inverted
        self._still: Mask | None = None
        self._clip: _MaskClip | None = None
        self.files = [option.mask]
        if option.mask.is_dir():
            self.files = sorted(path for path in option.mask.iterdir() if path.suffix.lower() in MASK_SUFFIXES)
            count = len(self.files)
        elif is_clip(option.mask):
            self._clip = _MaskClip(option.mask)
            count = len(self._clip.times)
        else:
            self._still = load_mask(option.mask, inverted=option.inverted)
            return
        self._times = frame_times(clip)
        if count != len(self._times):
            raise UsageError(
                f"the mask '{option.mask}' has {counted(count, 'frame' if self._clip else 'picture')}, "
                f"the clip has {counted(len(self._times), 'frame')}; "
                "give one mask for each frame of the whole clip, or a single picture for all"
            )

    def at(self, time: Fraction) -> Mask:
        """The mask of the frame at a time, shape (1, 1, H, W), 0..1. Sequential access is fastest."""
        if self._still is not None:
            return self._still
        index = max(0, bisect.bisect_right(self._times, time) - 1)
        picture = self._clip.picture(index) if self._clip else self.files[index]
        return load_mask(picture, inverted=self._inverted, may_be_empty=True)


class _MaskClip:
    """A clip whose frames are masks."""

    def __init__(self, path: Path) -> None:
        self._source = probe(path)
        self.times = frame_times(self._source)
        self._frames: Iterator[Frame] | None = None
        self._next_index = 0

    def picture(self, index: int) -> Picture:
        """The frame at an index."""
        wanted = self.times[index]
        if self._frames is None or index < self._next_index:
            self._frames = read_frames(self._source, begin=wanted)
        for frame in self._frames:
            if frame.time >= wanted - self._time_tolerance():
                self._next_index = index + 1
                return Picture(pixels=image_of(frame.pixels), source=str(self._source.path))
        raise UsageError(f"the mask '{self._source.path}' cannot be decoded after {float(wanted):.2f} s; encode it again")

    def _time_tolerance(self) -> Fraction:
        """Half of the shortest interval between two frames."""
        return min((later - earlier for earlier, later in pairwise(self.times)), default=Fraction(1)) / 2
