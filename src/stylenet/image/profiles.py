"""Convert pictures with embedded color profiles to sRGB.

Conversions are relative colorimetric with black point compensation, as photo editors do by default. Little CMS works in 8 bits here.
"""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageCms

DAMAGED = "the embedded color profile is damaged and is ignored"
_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


class Profile:
    """An ICC profile that can be applied.

    Attributes:
        space: "RGB", "GRAY", "CMYK" or "Lab".

    Raises:
        ValueError: The data is not an ICC profile, or cannot be converted to sRGB.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
            self.space = self._profile.profile.xcolor_space.strip()
            self._is_srgb = self.space == "RGB" and self._changes_nothing()
        except _ERRORS as cause:
            raise ValueError(DAMAGED) from cause

    @property
    def is_srgb(self) -> bool:
        """Whether no color would change by more than one of 255 steps."""
        return self._is_srgb

    def to_srgb(self, image: PIL.Image.Image) -> PIL.Image.Image:
        """`image`, of mode RGB, L or CMYK according to `space`, converted to sRGB with mode RGB.

        Raises:
            ValueError: The profile is damaged.
        """
        try:
            converted = ImageCms.profileToProfile(
                image,
                self._profile,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except _ERRORS as cause:
            raise ValueError(DAMAGED) from cause
        if converted is None:
            raise ValueError(DAMAGED)
        return converted

    def gray_curve(self) -> NDArray[np.float32]:
        """The sRGB colors of the 256 grays, shape (256, 3), 0..1; for a gray profile, or an RGB profile on a gray picture."""
        ramp = PIL.Image.fromarray(np.arange(256, dtype=np.uint8)[None])
        converted = self.to_srgb(ramp if self.space == "GRAY" else ramp.convert("RGB"))
        curve: NDArray[np.float32] = np.asarray(converted)[0].astype(np.float32) / np.float32(255)
        return curve

    def _changes_nothing(self) -> bool:
        steps = np.linspace(0, 255, 9).round().astype(np.uint8)
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        converted = np.asarray(self.to_srgb(PIL.Image.fromarray(grid)))
        return int(np.abs(converted.astype(int) - grid).max()) <= 1


def lab_to_srgb(image: PIL.Image.Image) -> PIL.Image.Image:
    """A picture of mode LAB (CIE L*a*b*, D50) as an sRGB picture of mode RGB."""
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:  # only an in-place transform returns nothing
        raise ValueError("a Lab picture was not converted")
    return converted
