"""Entry point of the command line: fast startup, one-line errors, exit codes.

Nothing heavy is imported here: `stylenet --version` answers before Typer is loaded, and lists answer before torch is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TypeVar

import stylenet
from stylenet.cli.streams import steady_streams
from stylenet.errors import StylenetError, UsageError, did_you_mean
from stylenet.waiting import let_threads_sleep

_Result = TypeVar("_Result")

INTERRUPTED = 130
"""Exit code after Ctrl-C or a request to end: 128 and the number of the signal, as shells count."""


_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""The terminal was closed; Windows does not tell."""


class Interrupted(BaseException):  # not an Exception, so that no handler on the way catches it
    """The person wants the program to end now."""


def run() -> None:
    """The program: one command, and out. Everything is written by then; to take torch apart in good order costs a fifth of a second."""
    let_threads_sleep()
    os._exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` are those after the program's name."""
    with steady_streams():
        return _ended(list(sys.argv[1:] if arguments is None else arguments))


def _ended(words: list[str]) -> int:
    if words == ["--version"]:
        print(f"stylenet {stylenet.__version__}")
        return 0
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    asked: list[int] = []  # signals that came

    def handler(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        raise Interrupted

    try:
        # By default a request to end kills at once, and half-written files stay.
        with signals_call(handler), warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")  # of other packages; what a person should know comes as a notice
            code = _run(words)
            sys.stdout.flush()
            return code
    except Interrupted:
        return _say("interrupted; nothing was written", INTERRUPTED, kind="")
    except Exception as error:
        if debug:
            import traceback

            traceback.print_exc()
        if asked:  # a package was interrupted while it was loading, and made another error of it
            return _say("interrupted; nothing was written", INTERRUPTED, kind="")
        return _explain(error)


def _run(words: list[str]) -> int:
    from typer.main import get_command

    from stylenet.cli.commands import build

    if not words:
        words = ["--help"]
    result = get_command(build(words)).main(args=words, prog_name="stylenet", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    """Say what went wrong in one line, and return the exit code."""
    if isinstance(error, ModuleNotFoundError):
        from stylenet.extras import explained

        error = explained(error) or error
    if isinstance(error, StylenetError):
        return _say(str(error), error.exit_code)
    if hasattr(error, "format_message"):  # what Typer says of wrong options; its classes have moved between versions
        # A group without a command has shown its help, and that is all.
        return _say(_about_options(error), UsageError.exit_code) if error.format_message() else 0
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return _say("the memory is not enough for this; a smaller --size needs less", StylenetError.exit_code)
    reason = " ".join(str(error).split()) or "no reason given"
    return _say(f"unexpected {type(error).__name__}: {reason}; --debug shows where", StylenetError.exit_code)


def _about_options(error: Exception) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if (word := getattr(error, "option_name", None)) and not getattr(error, "possibilities", None):
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        message += f".{did_you_mean(word, known)}" if did_you_mean(word, known) else ""
    where = context.command_path if context else "stylenet"
    return f"{message[:1].lower()}{message[1:]}{'' if message.endswith('?') else '.'} See '{where} --help'"


def _say(message: str, code: int, *, kind: str = "error: ") -> int:
    print(f"stylenet: {kind}{' '.join(message.split())}", file=sys.stderr)
    return code


@contextlib.contextmanager
def signals_call(handler: object) -> Iterator[None]:
    """`handler(number, frame)` takes Ctrl-C and requests to end; in a thread other than the main one nothing changes.

    That the terminal was closed (SIGHUP) is a request to end too, unless the program was started with `nohup`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
        numbers.append(_HANGUP)
    before = {number: signal.signal(number, handler) for number in numbers}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class Stop:
    """Becomes true at the first Ctrl-C, so that the step in progress is the last; a second one ends the program at once.

    That the terminal was closed counts once: the system and the shell both tell it.

    The first one raises nothing: packages that are interrupted while they load swallow it and go on half loaded.
    """

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    def check(self, result: _Result) -> _Result:
        """`result`, unless the end was asked for before anything was painted."""
        if self._asked:
            raise Interrupted
        return result

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked and number != _HANGUP:
            raise Interrupted
        self._asked = True
