"""Robust standard output and standard error: closed, with a limited encoding, or a pipe whose reader has closed it."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_GONE = {errno.EPIPE, errno.EIO, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
"""Errors of writing to a closed pipe or terminal; EINVAL on Windows."""


class Outlet:
    """A text stream whose reader may disconnect; later output is discarded.

    A full disk is still an error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or discard it if the reader has disconnected."""
        with self._until_gone():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
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
            os.dup2(nowhere, self._stream.fileno())  # also discards what the stream has buffered
            os.close(nowhere)


@contextlib.contextmanager
def steady_streams() -> Iterator[None]:
    """Inside, printing never fails: closed streams are replaced, and characters that the encoding lacks become `?`."""
    with contextlib.ExitStack() as stack:
        # In this order, because a new descriptor gets the lowest free number: no picture file may become descriptor 1 or 2.
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
