"""Standard output that is closed, has another encoding or loses its reader, and a closed terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from tests.cli.conftest import INPUTS, files_in, start_painting

STYLENET = (sys.executable, "-m", "stylenet")
INSTANT = ("stylize", "photo.png", "senecio", "-o", "out.png", "--recipe", "instant", "--size", "64", "--threads", "1")


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Result of a shell command in which "$@" is the program."""
    words = ("bash", "-c", f"set -o pipefail; {line}", "bash", *STYLENET)
    return subprocess.run(words, cwd=folder, env={**os.environ, **environment}, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("columns", ["0", "1", "5", "-1", "abc", "\N{SUPERSCRIPT TWO}", ""])
def test_the_help_is_printed_at_any_width(folder: Path, columns: str) -> None:
    ended = shell('"$@" --help', folder, COLUMNS=columns, PYTHONUTF8="1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert "StyleNet paints a photo in the manner of a painting." in ended.stdout.decode()


def whole(path: Path) -> bool:
    with PIL.Image.open(path) as picture:
        picture.load()
        return picture.size == (64, 51)


@pytest.mark.parametrize(
    ("closed", "more"),
    [
        (">&-", ""),
        ("2>&-", ""),
        (">&- 2>&-", "--preview now.png"),
        ("<&- >&- 2>&-", ""),
        (">&-", "--json"),
        ("<&- >&- 2>&-", "--json --preview now.png"),
    ],
)
def test_without_standard_streams_it_paints_quietly(folder: Path, closed: str, more: str) -> None:
    ended = shell(f'"$@" {" ".join(INSTANT)} {more} {closed}', folder)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert whole(folder / "out.png")


def test_an_error_without_standard_error_is_not_put_among_the_results(folder: Path) -> None:
    ended = shell('"$@" recipes show standrd 2>&-', folder)
    assert (ended.returncode, ended.stdout) == (4, b"")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_letters_that_an_encoding_lacks_are_replaced(folder: Path, encoding: str) -> None:
    ended = shell('"$@" styles ls', folder, PYTHONIOENCODING=encoding)
    assert (ended.returncode, ended.stderr) == (0, b"")
    (folder / "зима.png").write_bytes((folder / "photo.png").read_bytes())
    ended = shell('"$@" stylize зима.png senecio --recipe instant --size 64', folder, PYTHONIOENCODING=encoding)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ("зима-senecio.png" if encoding == "utf-8" else "????-senecio.png") in ended.stdout.decode(encoding)
    assert whole(folder / "зима-senecio.png")
    ended = shell('"$@" stylize нет.png painting.jpg', folder, PYTHONIOENCODING=encoding)
    assert (ended.returncode, ended.stderr.count(b"\n"), b"Traceback" in ended.stderr) == (3, 1, False)


def test_a_file_name_in_no_encoding_is_painted(folder: Path) -> None:
    name = os.fsencode(folder) + b"/caf\xe9.png"
    with open(name, "wb") as file:
        file.write((folder / "photo.png").read_bytes())
    for more in ("", "--json"):
        ended = shell(f'"$@" stylize caf*.png senecio -o out.png --recipe instant --size 64 {more}', folder)
        assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("more", ["--json", "", "--set pyramid.steps=[3] --recipe draft --json"])
def test_a_reader_that_goes_stops_nothing(folder: Path, more: str) -> None:
    ended = shell(f'"$@" {" ".join(INSTANT)} {more} 2>&1 | head -1', folder)
    assert ended.returncode == 0
    assert (ended.stdout.count(b"\n"), ended.stderr) == (1, b"")
    assert whole(folder / "out.png")


@pytest.mark.parametrize("line", ["recipes check --parameters", "styles ls --json", "stylize --help"])
def test_lists_end_quietly_without_their_reader(folder: Path, line: str) -> None:
    ended = shell(f'"$@" {line} | true', folder)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no disk that is always full")
def test_a_full_disk_is_said(folder: Path) -> None:
    ended = shell('"$@" recipes ls > /dev/full', folder)
    assert (ended.returncode, b"No space left" in ended.stderr) == (1, True)
    assert ended.stderr.startswith(b"stylenet: error: cannot write the output: ")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the platform has no such signal")
def test_a_terminal_that_is_closed_ends_with_the_picture_kept(folder: Path) -> None:
    # Where the tests themselves run under nohup the signal would be ignored.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        process = start_painting(folder)
    finally:
        signal.signal(signal.SIGHUP, before)
    for _ in range(2):  # by the system, and by the shell
        process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    with PIL.Image.open(folder / "out.png") as picture:
        picture.load()
    assert files_in(folder) == INPUTS | {"out.png", "out.png.resume"}


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the platform has no such signal")
def test_nohup_is_respected(folder: Path) -> None:
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start_painting(folder)
    finally:
        signal.signal(signal.SIGHUP, ignored)
    process.send_signal(signal.SIGHUP)
    assert process.stdout is not None
    for _ in range(3):
        assert '"interrupted"' not in process.stdout.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
