"""Every module `stylenet/<package>/<module>.py` has tests in `tests/<package>/test_<module>.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

import stylenet

SOURCE = Path(stylenet.__file__).parent
TESTS = Path(__file__).parent
PACKAGES = ("", *sorted({path.relative_to(SOURCE).parts[0] for path in SOURCE.glob("*/**/*.py") if path.name != "__init__.py"}))
"""Folders with modules; the first one is that of the modules beside the packages."""

RECORDS_ONLY = (
    "engines/protocol.py",
    "events.py",
    "networks/descriptions.py",
    "optimization/terms/base.py",
    "requests/machine.py",
    "requests/restoring.py",
    "requests/task.py",
    "requests/workers.py",
)
"""Records, constants and interfaces: what uses them is tested."""

ELSEWHERE = {
    "__main__.py": "cli/test_streams.py",  # starts the program
    "catalog/recipe.py": "catalog/test_recipes.py",  # the record, and reading it from a file
    "engines/onnx_pass.py": "engines/test_one_pass.py",  # both engines of one pass run the same tests
    "weights/encoder_weights.py": "weights/test_reading.py",  # what every reader returns
    "weights/probe.py": "encoders/test_vgg.py",  # the probe computes what the encoder does, in NumPy
    "networks/slim_graph.py": "networks/test_export.py",  # operators without meaning outside of a whole graph
}

TOGETHER = {"weights/formats/": "weights/test_reading.py"}
"""Readers of one kind of file each, which all pass the same tests."""


def mirror(module: str) -> Path:
    path = TESTS / module
    return path.with_name(f"test_{path.name}")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_tests(package: str) -> None:
    found = (SOURCE / package).glob("**/*.py" if package else "*.py")
    modules = [path.relative_to(SOURCE).as_posix() for path in found if path.name != "__init__.py"]
    assert modules
    known = {*RECORDS_ONLY, *ELSEWHERE}
    missing = [name for name in modules if not mirror(name).is_file() and name not in known and not name.startswith(tuple(TOGETHER))]
    assert sorted(missing) == []


@pytest.mark.parametrize("module", [*RECORDS_ONLY, *ELSEWHERE])
def test_exceptions_are_needed(module: str) -> None:
    assert (SOURCE / module).is_file()
    assert not mirror(module).exists()


@pytest.mark.parametrize(("module", "tests"), [*ELSEWHERE.items(), *TOGETHER.items()])
def test_tests_elsewhere_are_there(module: str, tests: str) -> None:
    assert (SOURCE / module).exists()
    assert (TESTS / tests).is_file()
