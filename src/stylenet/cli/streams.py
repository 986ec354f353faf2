"""Standard streams that may be closed, have a limited encoding, or be pipes whose reader has exited."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_DISCONNECTED = {errno.EPIPE, errno.EIO, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
"""Errors raised by writing to a closed pipe or terminal."""

_MIN_COLUMNS = 20  # narrower help is unreadable, and at 0 columns Rich prints nothing


class RobustStream:
    """A text stream that discards output once its reader has disconnected. Other errors, such as a full disk, are still raised."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or discard it if the reader has disconnected."""
        with self._discarding_if_disconnected():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        with self._discarding_if_disconnected():
            self._stream.flush()

    @contextlib.contextmanager
    def _discarding_if_disconnected(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _DISCONNECTED:
                raise
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())  # also discards buffered output
            os.close(null)


def ignore_unusable_width() -> None:
    """Remove COLUMNS from the environment if nothing can be printed at that width; the width of the terminal is used instead."""
    columns = os.environ.get("COLUMNS")
    if columns is not None and not (columns.isdecimal() and int(columns) >= _MIN_COLUMNS):
        del os.environ["COLUMNS"]


@contextlib.contextmanager
def robust_streams() -> Iterator[None]:
    """Make printing safe in the block: closed streams are replaced, and characters missing from the encoding become `?`."""
    with contextlib.ExitStack() as stack:
        # In this order, because a new descriptor gets the lowest free number, and no picture file may get 1 or 2.
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:  # closed by `>&-`, or a program without a console on Windows
                stream = stack.enter_context(open(os.devnull, mode, encoding="utf-8"))
                stack.callback(setattr, sys, name, None)
                setattr(sys, name, stream)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        out, err = RobustStream(sys.stdout), RobustStream(sys.stderr)
        with contextlib.redirect_stdout(cast(TextIO, out)), contextlib.redirect_stderr(cast(TextIO, err)):
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    out.flush()
                    err.flush()
