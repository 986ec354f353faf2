"""Fast random crops of picture files for training."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

from stylenet.errors import ImageError
from stylenet.image.files import load_image, to_pil
from stylenet.image.opening import damaged, opened
from stylenet.image.tiff import TiffPicture

_PLAIN = frozenset(("RGB", "L", "P", "CMYK", "YCbCr"))
"""Modes that Pillow converts to RGB correctly."""

_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif"))


def find_pictures(folder: Path) -> list[Path]:
    """All picture files in a folder and its subfolders, sorted by path, except hidden ones.

    Raises:
        ImageError: the folder does not exist, or contains no picture.
    """
    if not folder.is_dir():
        raise ImageError(f"'{folder}' is not a folder; give a folder of training photos")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        raise ImageError(f"folder '{folder}' contains no picture ({', '.join(sorted(_SUFFIXES))}); give a folder of training photos")
    return found


def read_crop(path: Path, size_px: int, rng: random.Random, *, zooms: tuple[float, float], enlarge: bool = True) -> NDArray[np.float32]:
    """A random square of a picture, flipped with probability 1/2: (3, size_px, size_px), RGB, 0..1.

    Args:
        path: Any file that Pillow reads.
        size_px: Side of the crop.
        rng: Random generator for position, zoom and flip; the number of draws is always the same.
        zooms: Shortest and longest side of the square in the picture, in units of `size_px`. Limited by the picture: crops of smaller
            pictures are enlarged.
        enlarge: False: a picture smaller than the square is not enlarged by more than half, but continued by reflection.

    Raises:
        ImageError: the file cannot be read.
    """
    zoom, across, down, flipped = rng.random(), rng.random(), rng.random(), rng.random() < 0.5
    picture = _decoded(path, size_px * 2)
    shortest = min(picture.size)
    low, high = (min(shortest, zoom * size_px) for zoom in zooms)
    side = low + zoom * (high - low)
    left, top = across * (picture.width - side), down * (picture.height - side)
    box = (left, top, left + side, top + side)
    kept_px = size_px if enlarge else min(size_px, max(round(side), -(-size_px // 2)))
    crop = _pixels(picture.resize((kept_px, kept_px), PIL.Image.Resampling.BICUBIC, box=box, reducing_gap=2.0), flipped)
    rim = ((size_px - kept_px) // 2, size_px - kept_px - (size_px - kept_px) // 2)
    return np.pad(crop, ((0, 0), rim, rim), "symmetric") if kept_px < size_px else crop


def read_strip(path: Path, height_px: int, max_width_px: int) -> NDArray[np.uint8]:
    """A picture scaled to a height, (3, height_px, W), RGB, as bytes: the middle of a wide one, the top of a tall one as a square.

    Args:
        path: Any file that Pillow reads.
        height_px: Smaller pictures are enlarged.
        max_width_px: Wider pictures are cropped on both sides.

    Raises:
        ImageError: the file cannot be read.
    """
    picture = _decoded(path, 2 * height_px)
    height = min(picture.width, picture.height)
    width = min(max_width_px, round(picture.width * height_px / height))
    share = min(picture.width, width * height / height_px)
    left = (picture.width - share) / 2
    scaled = picture.resize((width, height_px), PIL.Image.Resampling.BICUBIC, box=(left, 0, left + share, height))
    return np.array(scaled).transpose(2, 0, 1)


def _decoded(path: Path, min_px: int) -> PIL.Image.Image:
    """The picture, upright and RGB; a large JPEG is decoded at reduced size."""
    with opened(path) as file:
        image = file.image
        try:
            if image.mode in _PLAIN and "transparency" not in image.info and not isinstance(image, TiffPicture):
                image.draft("RGB", (min_px, min_px))
                image.load()
                return ImageOps.exif_transpose(image).convert("RGB")
            return to_pil(load_image(path).pixels)  # slower, but supports transparency, 16 bits and floats
        except ImageError:
            raise
        except Exception as cause:  # Pillow's decoders raise almost anything for malicious data
            raise damaged(file.name, cause) from cause


def _pixels(picture: PIL.Image.Image, flipped: bool) -> NDArray[np.float32]:
    pixels = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
    return np.ascontiguousarray(pixels[:, :, ::-1] if flipped else pixels)
