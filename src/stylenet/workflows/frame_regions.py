"""Regions of each frame of a clip: masks, faces and subjects."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

from stylenet.errors import ImageError
from stylenet.image.masks import parse_mask
from stylenet.painting.regions import FINDERS, Region
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.video import VideoRequest
from stylenet.styles.sources import StyleSource
from stylenet.video.flow import Pixels, image_of
from stylenet.video.masks import ClipMask
from stylenet.video.reading import Clip


class FrameRegions:
    """The regions of each frame of a clip.

    Args:
        request: The request with its masks.
        clip: The clip to be painted.
        stylizer: Opens the styles of the masks.

    Attributes:
        files: Files of all masks.

    Raises:
        StylenetError: a mask or its style cannot be used, or the number of masks differs from the number of frames.
    """

    def __init__(self, request: VideoRequest, clip: Clip, stylizer: Stylizer) -> None:
        options = [parse_mask(text, for_clip=True) for text in request.masks]
        self._masks = [ClipMask(option, clip) for option in options]
        self._styles: list[StyleSource | None] = [
            option.style if option.style is None or request.recolors_style else stylizer.open_style(option.style) for option in options
        ]
        self._protected = request.protected
        self.files: list[Path] = [file for mask in self._masks for file in mask.files]

    def at(self, time: Fraction, frame: Pixels) -> list[Region]:
        """The regions of the frame at a time. Faces and subjects may be absent in some frames."""
        regions = [Region(mask=mask.at(time), style=style) for mask, style in zip(self._masks, self._styles, strict=True)]
        for what in self._protected:
            with contextlib.suppress(ImageError):  # no face or subject found
                regions.append(Region(mask=FINDERS[what](image_of(frame)), style=None))
        return regions
