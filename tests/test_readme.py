"""Every command and the Python example of the README run as written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.cli.app import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
FENCED = [block.partition("\n") for block in README.split("```")[1::2]]
"""Every block of code as (language, newline, text)."""
COMMANDS = [line for _, _, text in FENCED for line in text.splitlines() if line.startswith("stylenet ")]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the pictures that the README speaks of, small ones."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, size in (("photo.jpg", (72, 56)), ("painting.jpg", (96, 80))):
        PIL.Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize(size, PIL.Image.Resampling.BICUBIC).save(name)
    return tmp_path


def test_readme_has_the_commands() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs_as_written(command: str, pictures: Path) -> None:
    assert main(shlex.split(command)[1:]) == 0
    for output in re.findall(r"-o (\S+)", command):
        assert (pictures / output).stat().st_size > 0


def test_python_example_runs_as_written(pictures: Path) -> None:
    (example,) = [text for language, _, text in FENCED if language == "python"]
    exec(compile(example, "README.md", "exec"), {})
    assert (pictures / "out.png").stat().st_size > 0


def test_linked_files_exist() -> None:
    for link in re.findall(r"\]\(((?:docs/|[A-Z])[^)#]+)\)", README):
        assert (Path(__file__).parents[1] / link).exists(), link
