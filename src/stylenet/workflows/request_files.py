"""Files named in a request (styles, recipe, encoder, palette), for machines that do not have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from stylenet.catalog.naming import is_name, split_style
from stylenet.catalog.networks import network_files
from stylenet.catalog.styles import added_styles, style_files
from stylenet.requests.workers import WorkerOptions
from stylenet.storage.hashing import file_sha256
from stylenet.workflows.folders import PICTURE_FILES

_Options = TypeVar("_Options", bound=WorkerOptions)


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file or folder that a request names.

    Attributes:
        path: Absolute path.
        data: The bytes of each file, by its name.
        hashes: SHA-256 of each file, by its name.
        is_folder: Whether `path` is a folder.
    """

    path: Path
    data: Mapping[str, bytes]
    hashes: Mapping[str, str]
    is_folder: bool


def read_named_files(request: WorkerOptions) -> dict[str, NamedFile]:
    """The files named in a request, by their names in it. Included styles and recipes are omitted."""
    found = {}
    words = [*request.styles, request.recipe, request.encoder, request.palette]
    for word in words:
        path = _path_of(word) if isinstance(word, str) else None
        if isinstance(word, str) and path is not None:
            is_folder = path.is_dir()
            files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in PICTURE_FILES] if is_folder else [path]
            data = {file.name: file.read_bytes() for file in files}
            hashes = {file.name: file_sha256(file) for file in files}
            found[word] = NamedFile(path=path.absolute(), data=data, hashes=hashes, is_folder=is_folder)
    return found


def with_local_files(request: _Options, named: Mapping[str, NamedFile], folder: Path) -> _Options:
    """The request with names of the same files on this machine.

    Args:
        request: The original request.
        named: Files of the request.
        folder: Files that are missing here, or differ, are written to its subfolders.
    """
    local = {word: _local_word(word, file, folder / str(number)) for number, (word, file) in enumerate(named.items())}

    def translated(word: str | None) -> str | None:
        return None if word is None else local.get(word, word)

    palette = translated(request.palette) if isinstance(request.palette, str) else request.palette
    return structs.replace(
        request,
        styles=tuple(local.get(style, style) for style in request.styles),
        recipe=translated(request.recipe),
        encoder=translated(request.encoder),
        palette=palette,
    )


def _path_of(word: str) -> Path | None:
    names = {*style_files(), *network_files()}
    if is_name(word, names):
        return added_styles().get(word) if style_files().get(word) == added_styles().get(word) else None
    path = Path(split_style(word)[0])
    return path if path.exists() else None


def _local_word(word: str, named: NamedFile, folder: Path) -> str:
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
