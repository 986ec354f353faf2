"""Atomic writing of files, and deleting files by name."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stylenet.errors import OutputError, StylenetError, did_you_mean


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path next to `path` to write to; it replaces `path` at the end of the block, and is deleted after an error.

    A reader sees the old file or the new one, never a part, even after a power failure: the data is flushed before the rename. A
    symbolic link stays a link; an existing file keeps its permissions.

    Raises:
        OutputError: The file cannot be written: disk full, no permission, folder deleted.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".stylenet-{secrets.token_hex(6)}.part")
    try:
        # Not created by tempfile, so that a new file gets the permissions of the umask and not 0600.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o777)
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
    except OSError as cause:
        raise OutputError(f"cannot write '{os.fspath(path)}': {cause.strerror or cause}; nothing was changed") from cause
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    if os.name == "posix":
        with contextlib.suppress(OSError):  # some network folders cannot be flushed
            _flush(target.parent)


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` atomically; see `written_whole`.

    Raises:
        OutputError: The file cannot be written.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def delete_by_name(names: Sequence[str], files: Mapping[str, Path], *, missing: str, error: type[StylenetError]) -> list[Path]:
    """Delete some of `files` by name; returns the deleted paths. If a name is unknown, nothing is deleted.

    Args:
        names: Names of files to delete; duplicates are ignored.
        files: All files that may be deleted, by name.
        missing: Message for an unknown name, with `{}` for the name.
        error: Class of that error.

    Raises:
        OutputError: A file cannot be deleted; those before it are deleted.
    """
    for name in names:
        if name not in files:
            known = f"available: {', '.join(files)}" if files else "there are none"
            raise error(f"{missing.format(name)}; {known}{did_you_mean(name, files)}")
    paths = [files[name] for name in dict.fromkeys(names)]
    for path in paths:
        try:
            path.unlink()
        except OSError as cause:
            raise OutputError(f"cannot delete '{path}': {cause.strerror}") from cause
    return paths


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
