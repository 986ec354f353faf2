"""Files that are written whole or not at all, and files that are deleted by name."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stylenet.errors import OutputError, StylenetError, did_you_mean


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A fresh path beside `path` to write to; at the end of the block it takes the place of `path`, at an error it disappears.

    A reader sees the old file or the new one, never a part, even after a power cut: the data is on the disk before the rename. A
    symbolic link stays a link; an existing file keeps its permissions.

    Raises:
        OutputError: The system refuses: disk full, no permission, folder gone.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".stylenet-{secrets.token_hex(6)}.part")
    try:
        # Opened here, not by tempfile: a new file shall have the permissions that the person's umask gives, not 0600.
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
        with contextlib.suppress(OSError):  # some network folders cannot be flushed; the file is there all the same
            _flush(target.parent)


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Make `data` the content of the file at `path`, as `written_whole` does.

    Raises:
        OutputError: The system refuses.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def delete_by_name(names: Sequence[str], files: Mapping[str, Path], *, missing: str, error: type[StylenetError]) -> list[Path]:
    """Delete some of `files`, all or none as far as their names are concerned; the paths that are gone.

    Args:
        names: Which; a name that is given twice counts once.
        files: All that may be deleted, by name.
        missing: What is said of a name that is not among them, with `{}` for the name.
        error: In which error.

    Raises:
        OutputError: A file cannot be deleted; those before it are gone.
    """
    for name in names:
        if name not in files:
            known = f"there are {', '.join(files)}" if files else "there are none"
            raise error(f"{missing.format(name)}; {known}.{did_you_mean(name, files)}")
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
