"""The package as a whole: public names, import costs, and imports between packages."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import stylenet

SOURCE = Path(stylenet.__file__).parent
HEAVY = ("torch", "numpy", "scipy", "PIL", "skimage", "h5py", "httpx")


def run_python(code: str) -> str:
    """Standard output of a fresh interpreter that runs `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """Heavy packages that a fresh interpreter has loaded after running `code`."""
    report = f"import sys\nprint('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    return set(run_python(f"{code}\n{report}").splitlines()[-1].split()[1:])


def command(*arguments: str) -> str:
    """Code that runs a command and continues if it succeeds."""
    return (
        f"import sys; sys.argv = {['stylenet', *arguments]!r}\n"
        "from stylenet.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
    )


@pytest.mark.parametrize("name", stylenet.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(stylenet, name) is not None


def test_all_equals_what_is_exported() -> None:
    for name in stylenet.__all__:
        getattr(stylenet, name)
    # Modules of the standard library and rooms that are loaded by now are no names of ours; `annotations` is the future import.
    plumbing = {"annotations", "TYPE_CHECKING"}
    exported = {name for name, value in vars(stylenet).items() if not name.startswith("_") and not isinstance(value, ModuleType)}
    assert exported - plumbing == set(stylenet.__all__) - {"__version__"}


def test_all_is_sorted_and_listed_by_dir() -> None:
    assert stylenet.__all__ == sorted(stylenet.__all__)
    assert set(stylenet.__all__) <= set(dir(stylenet))


def test_type_checkers_see_the_homes_that_the_interpreter_uses() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    stated = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert stated == {name: f"stylenet.{room}" for name, room in stylenet._HOMES.items()}
    assert set(stated) == set(stylenet.__all__) - {"__version__"}


def test_unknown_name_is_an_attribute_error_that_says_it() -> None:
    with pytest.raises(AttributeError, match="module 'stylenet' has no attribute 'stylise'"):
        stylenet.stylise  # type: ignore[attr-defined]  # noqa: B018


def test_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert re.fullmatch(r"\d+\.\d+\.\d+([abrc.]+\w+)?", stylenet.__version__)
    assert version("stylenet") == stylenet.__version__


def test_importing_loads_nothing_heavy() -> None:
    assert loaded_by("import stylenet") == set()


def test_errors_and_events_come_without_torch() -> None:
    assert "torch" not in loaded_by("from stylenet import StylenetError, Started, Step, Preview, Notice, Done")


WITHOUT_TORCH = [
    "requests.painting",
    "requests.several",
    "requests.training",
    "requests.restoring",
    "requests.task",
    "painting.painting",
    "painting.stylizer",
    "painting.receipts",
    "catalog.recipes",
    "catalog.styles",
    "catalog.networks",
    "styles.sources",
    "engines.protocol",
    "engines.opening",
    "engines.onnx_pass",
    "workflows.painting",
    "workflows.outputs",
    "cli.app",
    "cli.stylize",
]


def test_what_paints_without_torch_loads_nothing_that_takes_long() -> None:
    """Neither torch nor SciPy nor scikit-image is loaded before it is needed."""
    code = f"""
import importlib, sys
for name in {WITHOUT_TORCH!r}:
    importlib.import_module(f"stylenet.{{name}}")
    loaded = {{"torch", "scipy", "skimage"}} & set(sys.modules)
    assert not loaded, f"{{name}} loads {{loaded}}"
"""
    run_python(code)


def test_every_public_name_but_those_of_restoring_comes_without_torch() -> None:
    names = [name for name in stylenet.__all__ if stylenet._HOMES.get(name) != "workflows.restoring"]
    assert len(names) == len(stylenet.__all__) - 2
    assert not loaded_by(f"import stylenet\nfor name in {names}: getattr(stylenet, name)") & {"torch", "scipy", "skimage"}


def test_version_command_prints_the_version() -> None:
    assert stylenet.__version__ in run_python(command("--version"))


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/**/__init__.py")), ids=lambda path: path.parent.relative_to(SOURCE).as_posix())
def test_rooms_are_entered_by_module(path: Path) -> None:
    """The `__init__.py` of a package contains only a docstring: imports through packages lead to cycles."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def test_types_are_shipped() -> None:
    assert (SOURCE / "py.typed").is_file()


def test_tests_cannot_reach_the_network() -> None:
    with socket.socket() as far, pytest.raises(BaseException, match=r"run offline.*192\.0\.2\.1"):
        far.connect(("192.0.2.1", 443))
    with pytest.raises(BaseException, match=r"run offline.*example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_tests_reach_the_loopback_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5) as near:
        assert near.getpeername() == server.getsockname()
