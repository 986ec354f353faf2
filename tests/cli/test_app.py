"""The entry point: startup time, one-line errors, exit codes, and signals."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

import stylenet
from stylenet.cli import app
from stylenet.cli.app import Interrupted, Stop
from tests.cli.conftest import Run


def test_version(run: Run) -> None:
    assert run("--version").out == f"stylenet {stylenet.__version__}\n"
    assert run("--debug", "--version").out == f"stylenet {stylenet.__version__}\n"


def test_version_does_not_wait_for_typer() -> None:
    code = (
        "import sys; from stylenet.cli.app import main; main(['--version']); print(sorted({'typer', 'rich', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_lists_help_and_a_missing_photo_do_not_wait_for_torch() -> None:
    lines = ["recipes ls", "recipes show standard", "recipes check --parameters", "styles ls", "stylize --help", "--help"]
    code = f"""
import sys
from stylenet.cli.app import main
for line in {lines!r}:
    assert main(line.split()) == 0, line
    assert "torch" not in sys.modules, line
assert main(["stylize", "missing.png", "senecio", "--recipe", "standard"]) == 3
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_words_and_a_group_alone_show_help(run: Run) -> None:
    for words in ((), ("recipes",)):
        ended = run(*words)
        assert (ended.code, ended.err) == (0, "")
        assert "Usage" in ended.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("stylise", "photo.png"), "no such command 'stylise'. Did you mean 'stylize'"),
        (("stylize", "photo.png"), "missing argument 'STYLE'"),
        (("stylize", "photo.png", "painting.jpg", "--siez", "64"), "no such option: --siez"),
        (("stylize", "photo.png", "painting.jpg", "--strength", "much"), "--strength"),
        (("stylize", "photo.png", "painting.jpg", "--size"), "--size"),
    ],
)
def test_wrong_words_are_one_line_that_names_the_help(run: Run, words: tuple[str, ...], told: str) -> None:
    ended = run(*words)
    assert ended.code == 2
    assert told in ended.error
    assert ended.error.endswith("--help'")


def test_an_unexpected_error_is_one_line_and_with_debug_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(words: list[str]) -> int:
        raise RuntimeError("wires\ncrossed")

    monkeypatch.setattr(app, "_run", broken)
    ended = run("recipes", "ls")
    assert (ended.code, ended.error) == (1, "unexpected RuntimeError: wires crossed; --debug shows where")
    assert "Traceback" in run("recipes", "ls", "--debug").err


def test_memory_that_is_not_enough_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(words: list[str]) -> int:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99999999999 bytes.")

    monkeypatch.setattr(app, "_run", greedy)
    assert "use a smaller --size" in run("recipes", "ls").error


def test_a_pipe_that_closes_early_is_not_complained_about() -> None:
    code = "from stylenet.cli.app import main; import sys; sys.exit(main(['recipes', 'check', '--parameters']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the platform has no such signal")
def test_a_closed_terminal_counts_once_and_a_second_request_to_end_at_once() -> None:
    stop = Stop()
    stop.handle(signal.SIGHUP, None)
    stop.handle(signal.SIGHUP, None)
    assert stop()
    with pytest.raises(Interrupted):
        stop.handle(signal.SIGTERM, None)
