"""Metadata of picture files, and the receipts of paintings."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import PIL.Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import IFDRational

from stylenet.errors import ImageError, OutputError
from stylenet.image.opening import opened, quiet_pillow

RECEIPT_KEY = "stylenet"
"""Keyword of the PNG chunk; in EXIF and TIFF, which other programs also write to, the text starts with it and a colon."""

_CHARACTER_CODE = b"ASCII\0\0\0"  # EXIF 2.32, table 9: the first 8 bytes of UserComment


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """Metadata copied from a photo to its painting.

    Location (GPS), thumbnail, serial numbers and private notes of the camera, and orientation (which is applied to the pixels)
    are not copied.

    Attributes:
        date: When the photo was taken, in EXIF format: "2024:05:31 18:30:00".
        dpi: Horizontal and vertical dots per inch.
    """

    author: str | None = None
    copyright: str | None = None
    date: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    dpi: tuple[float, float] | None = None


def read_metadata(image: PIL.Image.Image) -> tuple[Metadata, int]:
    """The metadata of `image` and its EXIF orientation (1..8); damaged metadata is ignored."""
    try:
        with quiet_pillow():
            exif = image.getexif()
            details = exif.get_ifd(IFD.Exif)
            orientation = exif.get(Base.Orientation, 1)
    except Exception:  # malicious EXIF raises almost anything; the pixels are still usable
        return Metadata(dpi=_dpi_of(image)), 1
    metadata = Metadata(
        author=_text(exif.get(Base.Artist)),
        copyright=_text(exif.get(Base.Copyright)),
        date=_text(details.get(Base.DateTimeOriginal)) or _text(exif.get(Base.DateTime)),
        camera_make=_text(exif.get(Base.Make)),
        camera_model=_text(exif.get(Base.Model)),
        dpi=_dpi_of(image),
    )
    return metadata, orientation if orientation in range(1, 9) else 1


def exif_bytes(metadata: Metadata, receipt: str | None) -> bytes:
    """An EXIF block with `metadata`, the color space, and the receipt as its user comment."""
    exif = PIL.Image.Exif()
    for tag, value in text_tags(metadata).items():
        exif[tag] = value.encode()
    if metadata.dpi:
        horizontal, vertical = (IFDRational(round(1000 * value), 1000) for value in metadata.dpi)
        exif.update({Base.XResolution: horizontal, Base.YResolution: vertical, Base.ResolutionUnit: 2})  # 2: inches
    details: dict[int, Any] = {Base.ColorSpace: 1}  # 1: sRGB
    if metadata.date:
        details[Base.DateTimeOriginal] = metadata.date
    if receipt is not None:
        details[Base.UserComment] = _CHARACTER_CODE + f"{RECEIPT_KEY}:{receipt}".encode()
    exif.get_ifd(IFD.Exif).update(details)
    return exif.tobytes()


def text_tags(metadata: Metadata) -> dict[int, str]:
    """The text tags, which are the same in EXIF and TIFF."""
    tags = {
        Base.Artist: metadata.author,
        Base.Copyright: metadata.copyright,
        Base.Make: metadata.camera_make,
        Base.Model: metadata.camera_model,
        Base.Software: "StyleNet",
    }
    return {int(tag): value for tag, value in tags.items() if value}


def receipt_text(receipt: Mapping[str, Any]) -> str:
    """`receipt` as one line of ASCII JSON.

    Raises:
        OutputError: It contains a value that JSON does not support.
    """
    try:
        return json.dumps(dict(receipt), ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError) as cause:
        raise OutputError(f"the receipt cannot be written as JSON: {cause}; allowed are text, numbers, lists and mappings") from cause


def read_receipt(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The receipt in the picture file `path`; None if there is none.

    Raises:
        ImageError: The file is not a readable picture, or its receipt is damaged.
    """
    with opened(path) as source:
        text = _find_receipt(source.image)
    if text is None:
        return None
    try:
        receipt = json.loads(text)
    except ValueError:
        receipt = None
    if not isinstance(receipt, dict):
        raise ImageError(f"cannot read the receipt of '{os.fspath(path)}': it is damaged; paint the picture again from its photo")
    return receipt


def _find_receipt(image: PIL.Image.Image) -> str | None:
    if isinstance(chunk := image.info.get(RECEIPT_KEY), str):
        return str(chunk)
    try:
        with quiet_pillow():
            exif = image.getexif()
            candidates = [exif.get_ifd(IFD.Exif).get(Base.UserComment), exif.get(Base.ImageDescription)]
    except Exception:  # as in read_metadata
        return None
    for candidate in candidates:
        text = candidate.removeprefix(_CHARACTER_CODE).decode(errors="replace") if isinstance(candidate, bytes) else str(candidate)
        if text.startswith(f"{RECEIPT_KEY}:"):
            return text.removeprefix(f"{RECEIPT_KEY}:").rstrip("\0")
    return None


def _text(value: object) -> str | None:
    """An EXIF string; cameras and editors write UTF-8 instead of ASCII, and Pillow reads Latin-1."""
    if not isinstance(value, str):
        return None
    with contextlib.suppress(UnicodeError):
        value = value.encode("latin-1").decode()
    return value.strip("\0 ") or None


def _dpi_of(image: PIL.Image.Image) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (horizontal, vertical) if 1 <= horizontal <= 1e5 and 1 <= vertical <= 1e5 else None
