"""Entry point of the command line: fast startup, one-line errors, exit codes.

Nothing heavy is imported here: `stylenet --version` runs without Typer, and commands that list things run without torch.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TypeVar

import stylenet
from stylenet.cli.streams import ignore_unusable_width, robust_streams
from stylenet.errors import StylenetError, UsageError, did_you_mean
from stylenet.waiting import set_up_threads

_Result = TypeVar("_Result")

INTERRUPTED = 130
"""Exit code after Ctrl-C or SIGTERM: 128 plus the signal number, as in shells."""


_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""Sent when the terminal closes; Windows has no such signal."""


class Interrupted(BaseException):  # not an Exception, so that no `except Exception` catches it
    """The program was interrupted and must end now."""


def run() -> None:
    """Run one command and exit without tearing down torch, which takes 0.2 s; all files are written by then."""
    set_up_threads()
    os._exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` are those after the program's name."""
    ignore_unusable_width()
    with robust_streams():
        return _exit_code(list(sys.argv[1:] if arguments is None else arguments))


def _exit_code(words: list[str]) -> int:
    """Run one command, and convert errors and signals to exit codes."""
    if words == ["--version"]:
        print(f"stylenet {stylenet.__version__}")
        return 0
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    received: list[int] = []  # signals received

    def handler(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise Interrupted

    try:
        # By default SIGTERM kills the process immediately, which leaves partial files.
        with signals_call(handler), warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")  # from other packages; StyleNet reports through notices
            code = _run(words)
            sys.stdout.flush()
            return code
    except Interrupted:
        return _print_error("interrupted; nothing was written", INTERRUPTED, kind="")
    except Exception as error:
        if debug:
            import traceback

            traceback.print_exc()
        if received:  # a package that was interrupted during import has raised another error
            return _print_error("interrupted; nothing was written", INTERRUPTED, kind="")
        return _explain(error)


def _run(words: list[str]) -> int:
    from typer.main import get_command

    from stylenet.cli.commands import build

    if not words:
        words = ["--help"]
    result = get_command(build(words)).main(args=words, prog_name="stylenet", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    """Print a one-line error message and return the exit code."""
    if isinstance(error, ModuleNotFoundError):
        from stylenet.extras import explained

        error = explained(error) or error
    if isinstance(error, StylenetError):
        return _print_error(str(error), error.exit_code)
    if hasattr(error, "format_message"):  # Typer's usage errors; their classes moved between versions
        # A group without a command has already shown its help.
        return _print_error(_about_options(error), UsageError.exit_code) if error.format_message() else 0
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return _print_error("not enough memory; use a smaller --size", StylenetError.exit_code)
    reason = " ".join(str(error).split()) or "no reason given"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        file = f"'{error.filename}'" if error.filename else "the output"
        return _print_error(f"cannot write {file}: {error.strerror}; make room, or choose another disk", StylenetError.exit_code)
    return _print_error(f"unexpected {type(error).__name__}: {reason}; --debug shows where", StylenetError.exit_code)


def _about_options(error: Exception) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if (word := getattr(error, "option_name", None)) and not getattr(error, "possibilities", None):
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        message += did_you_mean(word, known)
    where = context.command_path if context else "stylenet"
    return f"{message[:1].lower()}{message[1:]}{'' if message.endswith('?') else '.'} See '{where} --help'"


def _print_error(message: str, code: int, *, kind: str = "error: ") -> int:
    print(f"stylenet: {kind}{' '.join(message.split())}", file=sys.stderr)
    return code


@contextlib.contextmanager
def signals_call(handler: object) -> Iterator[None]:
    """Let `handler(number, frame)` handle SIGINT and SIGTERM in the block; has no effect outside the main thread.

    SIGHUP (the terminal was closed) is handled too, unless the program was started with `nohup`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
        numbers.append(_HANGUP)
    previous = {number: signal.signal(number, handler) for number in numbers}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, previous_handler in previous.items():
            signal.signal(number, previous_handler)


class Stop:
    """Becomes true at the first Ctrl-C, which makes the current step the last; a second one ends the program immediately.

    A second SIGHUP is ignored, because the system and the shell both send it.

    The first signal raises no exception, because a package that is being imported may catch it and remain partly loaded.
    """

    def __init__(self) -> None:
        self._received = False

    def __call__(self) -> bool:
        return self._received

    def check(self, result: _Result) -> _Result:
        """Return `result`; raise if the program was interrupted before anything was painted."""
        if self._received:
            raise Interrupted
        return result

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self._received and number != _HANGUP:
            raise Interrupted
        self._received = True
