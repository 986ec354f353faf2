"""Printers for each kind of output: a progress bar, plain lines, JSON or nothing."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from pathlib import Path

import pytest

from stylenet.cli import printers
from tests.cli.conftest import PROGRAM, QUICK


def test_the_display_suits_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert type(printers.open_printer(quiet=False, as_json=False)) is printers.LinePrinter
    assert type(printers.open_printer(quiet=True, as_json=False)) is printers.Printer
    assert type(printers.open_printer(quiet=True, as_json=True)) is printers.JsonPrinter


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (60, "1:00"),
        (185, "3:05"),
        (3599, "59:59"),
        (3599.6, "1:00 h"),
        (3600, "1:00 h"),
        (4800, "1:20 h"),
        (90000, "25:00 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert printers.clock(seconds) == text


def test_time_that_is_left_is_shown_once_it_is_known() -> None:
    assert printers.time_left(None) == ""
    assert printers.time_left(90, separator="  ") == "  1:30 left"


def test_parts_are_counted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printers, "LINE_SECONDS", 0.0)
    with printers.LinePrinter() as printer:
        printer.count(0, 0, details="", seconds_left=None)
        printer.count(2, 4, details="", seconds_left=5)
        printer.count(3, 4, details="a.png", seconds_left=5)
    assert capsys.readouterr().out.splitlines() == ["0 of 0", "2 of 4, 5 s left", "3 of 4, a.png, 5 s left"]


def test_between_lines_of_progress_there_is_time(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    with printers.LinePrinter() as printer:
        for second in range(1, 26):
            now[0] = 100.0 + second
            printer.advance(f"{second} s", label="", share=None, details="")
    assert capsys.readouterr().out.splitlines() == ["10 s", "20 s"]


def test_beside_a_result_on_standard_output_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json, line in ((False, "a line\n"), (True, '{"event": "saved", "path": "a.png"}\n')):
        with printers.open_printer(quiet=False, as_json=as_json, to_stderr=True) as printer:
            printer.report("a line")
            printer.event("saved", {"path": Path("a.png")})
        assert capsys.readouterr() == ("", line)


def test_a_terminal_shows_bar_and_picture(folder: Path) -> None:
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100", "LINES": "40"}
    environment = {name: value for name, value in environment.items() if name not in ("NO_COLOR", "_TYPER_FORCE_DISABLE_TERMINAL")}
    words = ("stylize", "photo.png", "painting.jpg", "-o", "out.png", *QUICK, "--set", "pyramid.steps=[20]", "--save-every", "5")
    process = subprocess.Popen([*PROGRAM, *words], cwd=folder, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while chunk := _read(controller):
        shown += chunk
    os.close(controller)
    assert process.wait(60) == 0
    text = shown.decode()
    assert "▀" in text
    assert re.search(r"loss \d.*(steps/s|s/step).* left", text)
    assert "saved out-0005.png" in text
    assert "out.png  (48 x 38, 20 steps in " in text.splitlines()[-1]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other end was closed
        return b""
