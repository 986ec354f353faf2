"""Masks for a clip: one picture for all frames, or a folder or a clip with one mask for each frame."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.errors import UsageError
from stylenet.image.files import Picture
from stylenet.image.masks import MaskWish, load_mask
from stylenet.video.flow import image_of
from stylenet.video.reading import Clip, Frame, frame_times, is_clip, probe, read_frames

if TYPE_CHECKING:
    from stylenet.shapes import Mask

MASK_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".gif"})
"""Of the files that are masks in a folder."""


class ClipMask:
    """The mask of each frame of a clip.

    A mask that changes may be empty in some frames: what it marks has left the picture.

    Args:
        wish: Names a picture, a folder of pictures in the order of their names, or a clip.
        clip: That is painted.

    Attributes:
        files: All that is read.

    Raises:
        ImageError: a file cannot be read, or a single picture is empty.
        UsageError: there are not as many masks as frames.
    """

    def __init__(self, wish: MaskWish, clip: Clip) -> None:
        self._inverted = wish.inverted
        self._still: Mask | None = None
        self._clip: _MaskClip | None = None
        self.files = [wish.mask]
        if wish.mask.is_dir():
            self.files = sorted(path for path in wish.mask.iterdir() if path.suffix.lower() in MASK_SUFFIXES)
            count = len(self.files)
        elif is_clip(wish.mask):
            self._clip = _MaskClip(wish.mask)
            count = len(self._clip.times)
        else:
            self._still = load_mask(wish.mask, inverted=wish.inverted)
            return
        self._times = frame_times(clip)
        if count != len(self._times):
            raise UsageError(
                f"the mask '{wish.mask}' has {count} {'frames' if self._clip else 'pictures'}, and the clip has {len(self._times)} frames; "
                "give one mask for each frame of the whole clip, or a single picture for all"
            )

    def at(self, time: Fraction) -> Mask:
        """The mask of the frame that is shown at a time, shape (1, 1, H, W), 0..1; to be asked in the order of the frames."""
        if self._still is not None:
            return self._still
        number = max(0, bisect.bisect_right(self._times, time) - 1)
        picture = self._clip.picture(number) if self._clip else self.files[number]
        return load_mask(picture, inverted=self._inverted, may_be_empty=True)


class _MaskClip:
    def __init__(self, path: Path) -> None:
        self._source = probe(path)
        self.times = frame_times(self._source)
        self._frames: Iterator[Frame] | None = None

    def picture(self, number: int) -> Picture:
        """The frame of a number; those before it are decoded no more."""
        wanted = self.times[number]
        if self._frames is None:
            self._frames = read_frames(self._source, begin=wanted)
        for frame in self._frames:
            if frame.time >= wanted - self._half():
                return Picture(pixels=image_of(frame.pixels), source=str(self._source.path))
        raise UsageError(f"the mask '{self._source.path}' cannot be decoded beyond {float(wanted):.2f} s; encode it again")

    def _half(self) -> Fraction:
        """Half of the shortest time between two frames."""
        return min((later - earlier for earlier, later in pairwise(self.times)), default=Fraction(1)) / 2
