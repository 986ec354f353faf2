"""Checks of output files, so that no input, no other result and no file that the user did not name is overwritten."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stylenet.catalog.naming import is_name, split_style
from stylenet.catalog.networks import network_files
from stylenet.catalog.styles import style_files
from stylenet.errors import OutputError, UsageError

Source = str | os.PathLike[str] | None
"""An input as given; a `str` may also be the name of a style or network. None: not given."""


def keep_apart(outputs: Sequence[tuple[str, Path | None]], inputs: Iterable[Source]) -> None:
    """Check that no output is also an input and that no two outputs are the same file; call this before painting.

    Links are followed, and case is ignored where the file system ignores it.

    Args:
        outputs: Output files, each with the option that names it.
        inputs: All inputs. Names that are not files are ignored. A folder of paintings, which is a `str` like every style, stands for all
            of its files.

    Raises:
        UsageError: an output is also an input, or two outputs are one file.
    """
    given = list(_files(inputs))
    sources = {_identity(path): path for path, _ in given}
    folders = {_identity(path): path for path, may_be_folder in given if may_be_folder and os.path.isdir(path)}
    written: dict[object, tuple[str, Path]] = {}
    for option, output in outputs:
        if output is None:
            continue
        identity = _identity(output)
        source = sources.get(identity)
        if source is None and os.path.isfile(output) and output.stat().st_size:
            source = folders.get(_identity(output.parent))
        if source is not None:
            where = f"in the folder '{source}'" if os.path.isdir(source) else f"'{source}'"
            raise UsageError(f"the output '{output}' is also an input, {where}; choose another name for {option}")
        if identity in written:
            other_option, other = written[identity]
            both = f"{other_option} '{other}' and {option} '{output}'"
            raise UsageError(f"two outputs, {both}, are the same file; give two files")
        written[identity] = (option, output)


@contextlib.contextmanager
def reserve_output(output: Path | None, stem: str, suffix: str = ".png", *, state: str = "") -> Iterator[Path]:
    """Yield `output`, or, if it is None, a new file in the current directory that is named after `stem`.

    The new file is created empty to reserve its name, and deleted at the end if nothing was written to it.

    Args:
        output: The output file, if given.
        stem: Stem of the generated name.
        suffix: Suffix of the generated name.
        state: Suffix of checkpoint files. If there is a checkpoint of an unfinished result, its name is reused.
    """
    if output is not None:
        yield output
        return
    path = _reserve(stem, suffix, state)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()


def make_folder(folder: Path) -> None:
    """Create an output folder if it does not exist."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = _obstacle(folder) or error.strerror
        raise OutputError(f"cannot create the folder '{folder}': {reason}; choose another one with --output") from None


def _obstacle(folder: Path) -> str | None:
    """What exists in place of a folder or of a folder above it; None if nothing does."""
    for path in (folder, *folder.parents):
        if os.path.lexists(path) and not os.path.isdir(path):
            if path.is_symlink() and not os.path.exists(path):
                return f"'{path}' is a link to '{os.readlink(path)}', which does not exist or leads back to the link"
            return f"'{path}' is a file" if os.path.isfile(path) else f"'{path}' is a device or a pipe"
    return None


def _reserve(stem: str, suffix: str, state: str) -> Path:
    """The name of an unfinished result, or a new empty file."""
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100] or "painting"
    if state and (unfinished := _unfinished(stem, suffix, state)):
        return unfinished
    path, number = Path(f"{stem}{suffix}"), 2
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            path, number = Path(f"{stem}-{number}{suffix}"), number + 1
            continue
        except OSError:  # `check_output` reports the reason
            pass
        return path


def _unfinished(stem: str, suffix: str, state: str) -> Path | None:
    """The generated name of the most recent unfinished result."""
    name = re.compile(rf"{re.escape(stem)}(-[0-9]+)?{re.escape(suffix + state)}")
    found = [path for path in Path().iterdir() if name.fullmatch(path.name)]
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.with_name(newest.name.removesuffix(state))


def _files(inputs: Iterable[Source]) -> Iterator[tuple[Path, bool]]:
    """The inputs that are files or folders, and whether each may be a folder."""
    names = {*style_files(), *network_files()}
    for source in inputs:
        if source is None or is_name(source, names):
            continue
        path = Path(split_style(source)[0])
        if os.path.exists(path):
            yield path, isinstance(source, str)


def _identity(path: Path) -> object:
    """A value that is equal for all paths of one file, which need not exist."""
    try:
        found = path.stat()
    except OSError:
        return os.path.normcase(os.path.realpath(path))
    return found.st_dev, found.st_ino
