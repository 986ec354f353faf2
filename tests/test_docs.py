"""Generated pages are up to date, and the examples in the documentation run."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import stylenet

ROOT = Path(__file__).parents[1]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_api_reference_is_up_to_date() -> None:
    """If this fails, run: python tools/docs/write_api.py --write"""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == tool("write_api").page()
    for name in stylenet.__all__:
        assert name.startswith("__") or f"### `{name}`" in page, name


def test_the_diagram_of_the_packages_is_up_to_date() -> None:
    """If this fails, run: python tools/docs/draw_layers.py --write"""
    pytest.importorskip("grimp")
    assert tool("draw_layers").diagram() in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_examples_of_the_architecture_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 2
    exec(compile("\n".join(blocks), "architecture.md", "exec"), {"__name__": "example"})


def test_the_examples_of_docstrings_run() -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    tried = 0
    for name in stylenet.__all__:
        for example in finder.find(getattr(stylenet, name), name, module=stylenet):
            if example.examples:
                tried += runner.run(example).attempted
    assert tried
    assert not runner.failures
