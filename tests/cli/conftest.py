"""The command line: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from typer.main import get_command

from stylenet.cli import commands
from stylenet.cli.app import main
from stylenet.engines import forecast

_LAYERS = ("--set", "style.layers={relu1_1=1, relu2_1=1}", "--set", "content.layers={relu2_1=1}")
QUICK = ("--size", "48", "--set", "pyramid.steps=[3]", "--set", "pyramid.coarsest_px=0", *_LAYERS)
"""Three steps of one small level, seen by shallow layers: enough to go through everything."""

INPUTS = {"photo.png", "painting.jpg", "drawing.png"}
"""What lies in `folder`."""

PROGRAM = (sys.executable, "-c", "import sys; from stylenet.cli.app import main; sys.exit(main())")
"""The program, in a process of its own."""


@dataclass(frozen=True)
class Ended:
    """Result of a command."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The error, which must be a single line."""
        assert self.err.endswith("\n"), self
        assert self.err.count("\n") == 1, self
        assert self.err.startswith("stylenet: "), self
        return self.err.removeprefix("stylenet: ").removeprefix("error: ").strip()


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def small_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time smaller pictures for forecasts, which otherwise take seconds; `tests/engines/test_forecast.py` tests them."""
    monkeypatch.setattr(forecast, "_PROBE_PX", (16, 32))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a photo and two paintings; only the built-in styles exist."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("STYLENET_STYLES", str(tmp_path / "styles"))
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))
    for name, width, height in (("photo.png", 60, 48), ("painting.jpg", 96, 72), ("drawing.png", 72, 72)):
        _picture(width, height).save(here / name)
    return here


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in `folder`."""

    def run_words(*words: str) -> Ended:
        capsys.readouterr()
        code = main(words)
        return Ended(code, *capsys.readouterr())

    return run_words


def _picture(width: int, height: int) -> PIL.Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(columns / 5 + rows / 11), np.cos(rows / 7), np.sin((rows + columns) / 9)]
    grain = np.random.default_rng(width * height).normal(0, 20, (height, width, 3))
    return PIL.Image.fromarray((128 + 90 * np.stack(waves, axis=2) + grain).clip(0, 255).astype(np.uint8))


def files_in(folder: Path) -> set[str]:
    """Names of all files in a folder, including hidden ones."""
    return {path.name for path in folder.iterdir()}


def all_commands() -> Iterator[tuple[str, Any]]:
    """All commands: `stylize`, `recipes`, `recipes ls`, ..."""

    def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield f"{path}{name}", inner
            yield from walk(inner, f"{path}{name} ")

    yield from walk(get_command(commands.build()), "")


def start_painting(folder: Path) -> subprocess.Popen[str]:
    """A process that paints for minutes and has finished its first step."""
    words = ("stylize", "photo.png", "painting.jpg", "-o", "out.png", *QUICK, "--set", "pyramid.steps=[100000]", "--json")
    process = subprocess.Popen([*PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while '"step"' not in (line := process.stdout.readline()):
        assert line, process.communicate()
    return process


@pytest.fixture
def film(folder: Path) -> str:
    """An animation of two frames."""
    frames = [PIL.Image.new("RGB", (80, 64), color) for color in ("red", "blue")]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    return "film.gif"
