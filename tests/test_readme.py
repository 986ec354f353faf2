"""Every command and the Python example of the README run as written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import stylenet
from stylenet.catalog import recipes
from stylenet.cli.app import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
FENCED = [block.partition("\n") for block in README.split("```")[1::2]]
"""Every block of code as (language, newline, text)."""
COMMANDS = [line for _, _, text in FENCED for line in text.splitlines() if line.startswith("stylenet ")]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce recipes given by name to two steps per level."""
    text = recipes.recipe_text
    monkeypatch.setattr(recipes, "recipe_text", lambda name: re.sub(r"(?m)^steps = \[.*?\]", "steps = [2]", text(name)))


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small versions of the pictures named in the README."""
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


def examples(page: str) -> list[str]:
    """The Python blocks of a page of the documentation."""
    text = (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_training_example_runs_as_written(pictures: Path) -> None:
    (example,) = examples("training.md")
    (pictures / "photo.jpg").rename(pictures / "starry.jpg")
    (pictures / "holiday").mkdir()
    (pictures / "painting.jpg").rename(pictures / "holiday" / "beach.jpg")
    short = example.replace("Plan(steps=2000, patience=8)", "Plan(steps=1, batch=1, crop_px=64)").replace('"auto"', '"cpu"', 1)
    assert short != example
    exec(compile(short, "docs/training.md", "exec"), {})
    assert (pictures / "starry.safetensors").stat().st_size > 0


def test_export_examples_run_as_written(pictures: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert main(shlex.split("export instant starry-night.onnx --style starry-night")) == 0
    paint, files, describe = examples("networks-export.md")
    names: dict[str, object] = {}
    # First the description, of the painting that the other example writes over.
    for example in (describe.replace("painting.jpg", "photo.jpg"), paint, files):
        exec(compile(example, "docs/networks-export.md", "exec"), names)
    assert np.load("painting.npy").shape == (1, 3994)
    with PIL.Image.open("painting.png") as painting, PIL.Image.open("photo.jpg") as photo:
        assert painting.size == photo.size
        assert np.abs(np.asarray(painting, np.float32) - np.asarray(photo.convert("RGB"), np.float32)).mean() > 10


@pytest.mark.parametrize("page", ["restoration.md"])
def test_other_examples_name_what_there_is(page: str) -> None:
    for example in examples(page):
        for name in re.findall(r"stylenet\.(\w+)", example):
            assert name in stylenet.__all__


def test_linked_files_exist() -> None:
    for link in re.findall(r"\]\(((?:docs/|[A-Z])[^)#]+)\)", README):
        assert (Path(__file__).parents[1] / link).exists(), link
