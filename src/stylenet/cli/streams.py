"""Standard output and standard error, whatever they are: closed, in an odd encoding, or a pipe that nobody reads any more."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_GONE = {errno.EPIPE, errno.EIO, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
"""What writing fails with once the reader of a pipe has gone or the terminal was closed. Windows says EINVAL."""


class Outlet:
    """A text stream whose reader may go: what is written after that is lost, and the work goes on.

    A full disk is still an error: there, somebody wants to read it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or lose, a text."""
        with self._until_gone():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._until_gone():
            self._stream.flush()

    @contextlib.contextmanager
    def _until_gone(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _GONE:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())  # what is still in the stream's memory goes there, too
            os.close(nowhere)


@contextlib.contextmanager
def steady_streams() -> Iterator[None]:
    """Inside, whatever is printed ends nothing: there is somewhere to print to, and a letter that its encoding lacks becomes `?`."""
    with contextlib.ExitStack() as stack:
        # In this order: a new descriptor gets the lowest free number, so that no picture file becomes the standard output of a library.
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:  # closed by `>&-`, or a program without a console on Windows
                stream = stack.enter_context(open(os.devnull, mode, encoding="utf-8"))
                stack.callback(setattr, sys, name, None)
                setattr(sys, name, stream)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        out, err = Outlet(sys.stdout), Outlet(sys.stderr)
        with contextlib.redirect_stdout(cast(TextIO, out)), contextlib.redirect_stderr(cast(TextIO, err)):
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    out.flush()
                    err.flush()
