"""Where results go: never over an input, never two of them into one file, and never over a file that nobody named."""

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
"""An input as a person gave it. A `str` may be the name of something that ships; a path is a path. None was not given."""


def keep_apart(outputs: Sequence[tuple[str, Path | None]], inputs: Iterable[Source]) -> None:
    """Refuse to write over an input, and to write two results into one file; to be called before the first step.

    Links are followed: two names of one file are one file, and so are `a.png` and `A.png` where the file system says so.

    Args:
        outputs: Every file that will be written, with the option that a person would change to name it otherwise.
        inputs: Whatever is read. A name that is none of a file is left out. Of a folder of paintings, which is given as a `str` like every
            style, each file in it counts; an empty one is none.

    Raises:
        UsageError: an output is also an input, or two outputs are one file.
    """
    given = list(_files(inputs))
    sources = {_identity(path): path for path, _ in given}
    folders = {_identity(path): path for path, may_be_folder in given if may_be_folder and path.is_dir()}
    written: dict[object, tuple[str, Path]] = {}
    for option, output in outputs:
        if output is None:
            continue
        identity = _identity(output)
        source = sources.get(identity)
        if source is None and output.is_file() and output.stat().st_size:
            source = folders.get(_identity(output.parent))
        if source is not None:
            where = f"in the folder '{source}'" if source.is_dir() else f"'{source}'"
            raise UsageError(f"the output '{output}' is also an input, {where}; choose another name for {option}")
        if identity in written:
            other_option, other = written[identity]
            both = f"{other_option} '{other}' and {option} '{output}'"
            raise UsageError(f"two outputs, {both}, are the same file; give two files")
        written[identity] = (option, output)


@contextlib.contextmanager
def place(output: Path | None, stem: str, suffix: str = ".png", *, state: str = "") -> Iterator[Path]:
    """`output`, or where it was left out a new file in the current folder, called after `stem`.

    The new file is made at once, empty, so that no other process takes its name; it is gone in the end if nothing was written into it.

    Args:
        output: What a person named.
        stem: The name to invent, without its suffix.
        suffix: Of the name to invent.
        state: Suffix of the file or folder that an unfinished result is resumed from. Where one exists, the result keeps its name.
    """
    if output is not None:
        yield output
        return
    path = _claimed(stem, suffix, state)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder for results, where there is none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder '{folder}': {error.strerror}; choose another one with --output") from None


def _claimed(stem: str, suffix: str, state: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100] or "painting"
    if state and (begun := _begun(stem, suffix, state)):
        return begun
    path, number = Path(f"{stem}{suffix}"), 2
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            path, number = Path(f"{stem}-{number}{suffix}"), number + 1
            continue
        except OSError:  # `check_output` says why
            pass
        return path


def _begun(stem: str, suffix: str, state: str) -> Path | None:
    """The name that was invented for what is not finished; of several the one that was worked on last."""
    name = re.compile(rf"{re.escape(stem)}(-[0-9]+)?{re.escape(suffix + state)}")
    found = [path for path in Path().iterdir() if name.fullmatch(path.name)]
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.with_name(newest.name.removesuffix(state))


def _files(inputs: Iterable[Source]) -> Iterator[tuple[Path, bool]]:
    """Of the inputs, those that are files or folders, each with whether a folder is allowed there."""
    names = {*style_files(), *network_files()}
    for source in inputs:
        if source is None or is_name(source, names):
            continue
        path = Path(split_style(source)[0])
        if path.exists():
            yield path, isinstance(source, str)


def _identity(path: Path) -> object:
    """The same for two paths of one file, whether it is there already or not."""
    try:
        found = path.stat()
    except OSError:
        return os.path.normcase(os.path.realpath(path))
    return found.st_dev, found.st_ino
