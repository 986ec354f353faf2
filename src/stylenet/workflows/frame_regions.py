"""The regions of every frame of a clip: masks that move, and what is protected."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

from stylenet.errors import ImageError
from stylenet.image.masks import parse_mask_wish
from stylenet.painting.regions import FINDERS, Region
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.video import VideoRequest
from stylenet.styles.sources import StyleSource
from stylenet.video.flow import Pixels, image_of
from stylenet.video.masks import ClipMask
from stylenet.video.reading import Clip


class FrameRegions:
    """The regions of every frame.

    Args:
        request: Names masks, and what is protected.
        clip: That is painted.
        stylizer: Opens the styles of the masks.

    Attributes:
        files: The files of all masks.

    Raises:
        StylenetError: a mask or its style cannot be used, or there are not as many masks as frames.
    """

    def __init__(self, request: VideoRequest, clip: Clip, stylizer: Stylizer) -> None:
        wishes = [parse_mask_wish(text, for_clip=True) for text in request.masks]
        self._masks = [ClipMask(wish, clip) for wish in wishes]
        self._styles: list[StyleSource | None] = [
            wish.style if wish.style is None or request.recolors_style else stylizer.open_style(wish.style) for wish in wishes
        ]
        self._protected = request.protected
        self.files: list[Path] = [file for mask in self._masks for file in mask.files]

    def at(self, time: Fraction, frame: Pixels) -> list[Region]:
        """The regions of the frame that is shown at a time. What is to be protected need not be seen in every frame."""
        regions = [Region(mask=mask.at(time), style=style) for mask, style in zip(self._masks, self._styles, strict=True)]
        for what in self._protected:
            with contextlib.suppress(ImageError):  # no face, or no subject
                regions.append(Region(mask=FINDERS[what](image_of(frame)), style=None))
        return regions
