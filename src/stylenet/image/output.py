"""Check output files before painting."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from stylenet.errors import OutputError, did_you_mean

PICTURE_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
)
"""Output formats of pictures, by suffix."""

_BYTES_A_PIXEL = 6  # uncompressed size of the largest format: 16 bits of three channels

_LARGEST_SIDE_PX = {"JPEG": 65_500, "WEBP": 16_383, "GIF": 65_535}  # libjpeg's JPEG_MAX_DIMENSION; WebP: 14 bits; GIF: 16 bits


def check_output(
    path: str | os.PathLike[str], *, formats: Mapping[str, str] = PICTURE_SUFFIXES, size: tuple[int, int] | None = None
) -> Path:
    """Check that a result can be written, before painting; returns its path. An existing file may be replaced.

    Args:
        path: The output file.
        formats: Allowed suffixes, lower case with the dot, and their formats.
        size: (width, height) of the result, if known.

    Raises:
        OutputError: The suffix is unknown, the folder is missing or not writable, the path is a folder or a protected file, or
            the format does not support `size`.
    """
    target = Path(os.fsdecode(path))
    if _is_folder(target):
        raise OutputError(f"cannot write '{target}': it is a folder; give the name of a file")
    format_of(target, formats=formats, size=size)
    folder = target.parent
    if not os.path.isdir(folder):
        raise OutputError(f"cannot write '{target}': {_why_no_folder(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write '{target}': you have no permission to write to the folder '{folder}'; choose another one")
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write '{target}': it is a device or a pipe; give the name of a file")
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"cannot write '{target}': the file exists and is write-protected; choose another name")
    if size is not None and (free := shutil.disk_usage(folder).free) < (needed := size[0] * size[1] * _BYTES_A_PIXEL):
        raise OutputError(
            f"cannot write '{target}': {free / 1e6:.0f} MB are free, but {size[0]} x {size[1]} pixels may need {needed / 1e6:.0f}; "
            "free some space, or choose another folder"
        )
    return target


def check_quality(path: Path) -> None:
    """Raise `OutputError` if the format of a picture file has no quality."""
    if format_of(path) not in ("JPEG", "WEBP"):
        raise OutputError(f"quality is for .jpg and .webp, and the output is '{path.name}'; omit it, or write one of these formats")


def format_of(path: Path, *, formats: Mapping[str, str] = PICTURE_SUFFIXES, size: tuple[int, int] | None = None) -> str:
    """The format of `path`, by its suffix.

    Raises:
        OutputError: The suffix is unknown, or the format does not support a picture of `size` (width, height).
    """
    suffix = path.suffix.lower()
    if suffix not in formats:
        given = f"unsupported output format '{path.suffix}'" if suffix else "it has no suffix"
        raise OutputError(f"cannot write '{path}': {given}; allowed are {', '.join(formats)}{did_you_mean(suffix, formats)}")
    largest_px = _LARGEST_SIDE_PX.get(formats[suffix])
    if size is not None and largest_px is not None and max(size) > largest_px:
        raise OutputError(
            f"cannot write '{path}': {size[0]} x {size[1]} pixels are too many for {formats[suffix]}, which supports at most {largest_px} "
            "on a side; write a .png or .tif"
        )
    return formats[suffix]


def _is_folder(target: Path) -> bool:
    try:
        return stat.S_ISDIR(target.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        raise OutputError(f"cannot write '{target}': you have no permission to enter its folder; choose another one") from None
    except (OSError, ValueError) as cause:  # the name is too long, links form a loop, or a null byte
        raise OutputError(f"cannot write '{target}': {getattr(cause, 'strerror', None) or cause}; choose another name") from None


def _why_no_folder(folder: Path) -> str:
    if os.path.exists(folder):
        return f"'{folder}' is a file, not a folder"
    try:
        neighbors = [entry.name for entry in folder.parent.iterdir() if entry.is_dir()]
    except OSError:
        neighbors = []
    return f"there is no folder '{folder}'; create it first{did_you_mean(folder.name, neighbors)}"
