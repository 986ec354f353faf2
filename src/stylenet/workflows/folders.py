"""The photos of a batch and their output files: folders are mirrored, and output names are unique."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from stylenet.catalog.naming import split_style
from stylenet.errors import ImageError, UsageError

PICTURE_FILES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".gif", ".bmp", ".ico"}
    | {".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi"}
)
"""Suffixes of the files in a folder that are painted. Files given by name may have any suffix."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One picture to paint.

    Attributes:
        photo: The photo file.
        style: The style as given.
        output: The output file.
    """

    photo: Path
    style: str
    output: Path


@dataclass(frozen=True, kw_only=True)
class FoundPhotos:
    """Photos found in files and folders.

    Attributes:
        photos: Each file with its path in the output folder.
        left_out: Number of skipped files, which do not have the suffix of a picture.
    """

    photos: tuple[tuple[Path, PurePath], ...]
    left_out: int


def find_photos(words: Sequence[str], output: Path) -> FoundPhotos:
    """Find the photos, in the order of the arguments, then of their names.

    A single folder is mirrored directly into the output folder. If there are several arguments, each folder is mirrored under its own
    name. Hidden files and links to folders are skipped.

    Raises:
        ImageError: a file or folder does not exist, or there are no pictures.
        UsageError: the output folder is inside a folder of photos.
    """
    found: dict[Path, PurePath] = {}
    left_out = 0
    for word in dict.fromkeys(words):
        path = Path(word)
        if os.path.isdir(path):
            _check_outside(path, output)
            inside = PurePath() if len(words) == 1 else PurePath(path.resolve().name)
            for file in _files_below(path):
                if file.suffix.lower() in PICTURE_FILES:
                    found.setdefault(file, inside / file.relative_to(path))
                else:
                    left_out += 1
        elif os.path.exists(path) or path.is_symlink():
            found.setdefault(path, PurePath(path.name))
        else:
            raise ImageError(f"there is no file or folder '{word}'; the photos come first, then the style, or --style for each style")
    if not found:
        raise ImageError(f"there is no picture in {', '.join(repr(word) for word in words)}; it has {left_out} other files")
    return FoundPhotos(photos=tuple(found.items()), left_out=left_out)


def lay_out_pairs(found: FoundPhotos, styles: Sequence[str], output: Path, suffix: str) -> list[Pair]:
    """Pair every photo with every style, photo by photo.

    Raises:
        UsageError: two results would have the same name, ignoring case.
    """
    folders = [PurePath()] if len(styles) == 1 else [PurePath(style_name(style)) for style in styles]
    pairs = [
        Pair(photo=photo, style=style, output=output / folder / path.with_suffix(suffix))
        for photo, path in found.photos
        for style, folder in zip(styles, folders, strict=True)
    ]
    names: dict[str, Pair] = {}
    for pair in pairs:
        other = names.setdefault(_comparable(pair.output), pair)
        if other is not pair:
            both = f"'{other.photo}' and '{pair.photo}'" if other.photo != pair.photo else f"the styles '{other.style}' and '{pair.style}'"
            raise UsageError(f"{both} would both be written to '{pair.output}'; rename one, or paint them into two folders")
    for pair in pairs:
        for folder in pair.output.parents:
            if taken := names.get(_comparable(folder)):
                raise UsageError(f"'{taken.photo}' would be written to '{folder}', which is a folder of results; rename the photo")
    return pairs


def style_name(style: str) -> str:
    """The folder name of a style: its name, or its file name without the suffix."""
    file, one = split_style(style)
    return one or Path(file).resolve().stem


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent, name)


def _check_outside(folder: Path, output: Path) -> None:
    target, source = output.resolve(), folder.resolve()
    if target == source or source in target.parents:
        raise UsageError(
            f"the output folder '{output}' is inside the folder of photos '{folder}', so the next run would paint the results, too; "
            "choose a folder outside it for --output"
        )


def _comparable(path: Path) -> str:
    """A path normalized for file systems that ignore case."""
    return unicodedata.normalize("NFC", str(path)).casefold()
