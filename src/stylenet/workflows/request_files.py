"""Files named in a request (styles, recipe, encoder, palette, masks), to send to machines that do not have them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from stylenet.catalog.naming import is_name, split_style
from stylenet.catalog.networks import network_files
from stylenet.catalog.styles import added_styles, style_files
from stylenet.image.masks import MaskOption, parse_mask
from stylenet.requests.video import VideoRequest
from stylenet.requests.workers import WorkerOptions
from stylenet.storage.hashing import file_sha256
from stylenet.workflows.folders import PICTURE_FILES

_Options = TypeVar("_Options", bound=WorkerOptions)


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file or folder named in a request.

    Attributes:
        path: Absolute path.
        data: Bytes of each file, by file name.
        hashes: SHA-256 of each file, by file name.
        is_folder: Whether `path` is a folder.
    """

    path: Path
    data: Mapping[str, bytes]
    hashes: Mapping[str, str]
    is_folder: bool


@dataclass(frozen=True, kw_only=True)
class NamedFiles:
    """All files named in a request.

    Attributes:
        files: The files, by the words that name them in the request. Built-in styles and recipes are omitted.
        masks: The masks, by their text in the request, with absolute paths.
    """

    files: Mapping[str, NamedFile]
    masks: Mapping[str, MaskOption]


def read_named_files(request: WorkerOptions) -> NamedFiles:
    """Read the files named in a request."""
    options = {text: parse_mask(text, for_clip=True) for text in _masks_of(request)}
    masks = {text: replace(option, mask=option.mask.absolute()) for text, option in options.items()}
    files = {str(option.mask): _read(option.mask) for option in masks.values()}
    words = [*request.styles, request.recipe, request.encoder, request.palette, *(option.style for option in masks.values())]
    for word in words:
        path = _path_of(word) if isinstance(word, str) else None
        if isinstance(word, str) and path is not None:
            files[word] = _read(path)
    return NamedFiles(files=files, masks=masks)


def with_local_files(request: _Options, named: NamedFiles, folder: Path) -> _Options:
    """The request with the paths of its files on this machine.

    Args:
        request: The original request.
        named: The files of the request.
        folder: Files that are missing on this machine, or differ, are written to subfolders of this folder.
    """
    local = {word: _local_word(word, file, folder / str(number)) for number, (word, file) in enumerate(named.files.items())}

    def translated(word: str | None) -> str | None:
        return None if word is None else local.get(word, word)

    palette = translated(request.palette) if isinstance(request.palette, str) else request.palette
    masks = (named.masks[text] for text in _masks_of(request))
    local_masks = [replace(mask, mask=Path(local[str(mask.mask)]), style=translated(mask.style)) for mask in masks]
    changes = {"masks": tuple(str(mask) for mask in local_masks)} if local_masks else {}
    return structs.replace(
        request,
        styles=tuple(local.get(style, style) for style in request.styles),
        recipe=translated(request.recipe),
        encoder=translated(request.encoder),
        palette=palette,
        **changes,
    )


def _masks_of(request: WorkerOptions) -> tuple[str, ...]:
    return request.masks if isinstance(request, VideoRequest) else ()


def _read(path: Path) -> NamedFile:
    is_folder = path.is_dir()
    files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in PICTURE_FILES] if is_folder else [path]
    data = {file.name: file.read_bytes() for file in files}
    hashes = {file.name: file_sha256(file) for file in files}
    return NamedFile(path=path.absolute(), data=data, hashes=hashes, is_folder=is_folder)


def _path_of(word: str) -> Path | None:
    """The file or folder that a word names; None for built-in names, which every machine has."""
    names = {*style_files(), *network_files()}
    if is_name(word, names):
        return added_styles().get(word) if style_files().get(word) == added_styles().get(word) else None
    path = Path(split_style(word)[0])
    return path if os.path.exists(path) else None


def _local_word(word: str, named: NamedFile, folder: Path) -> str:
    """The word that names a file on this machine; the file is written to `folder` if it is missing."""
    style = split_style(word)[1]
    path = named.path
    if not _is_same(path, named):
        path = folder / named.path.name
        parent = path if named.is_folder else folder
        parent.mkdir(parents=True)
        for name, data in named.data.items():
            (parent / name).write_bytes(data)
    return f"{path}:{style}" if style else str(path)


def _is_same(path: Path, named: NamedFile) -> bool:
    files: Sequence[Path] = [path / name for name in named.hashes] if named.is_folder else [path]
    try:
        return all(file.is_file() and file_sha256(file) == named.hashes[file.name] for file in files)
    except OSError:
        return False
