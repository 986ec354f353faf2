"""The door: quick answers, one line for every error, exit codes, documentation that says what there is."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import stylenet
from stylenet.cli import app, commands, completion
from stylenet.errors import StylenetError
from tests.cli.conftest import Run

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"


def all_commands() -> Iterator[tuple[str, Any]]:
    def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield f"{path}{name}", inner
            yield from walk(inner, f"{path}{name} ")

    yield from walk(get_command(commands.build()), "")


def test_version(run: Run) -> None:
    assert run("--version").out == f"stylenet {stylenet.__version__}\n"
    assert run("--debug", "--version").out == f"stylenet {stylenet.__version__}\n"


def test_version_does_not_wait_for_typer() -> None:
    code = (
        "import sys; from stylenet.cli.app import main; main(['--version']); print(sorted({'typer', 'rich', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_lists_and_help_do_not_wait_for_torch() -> None:
    lines = ["recipes ls", "recipes show standard", "recipes check --knobs", "styles ls", "stylize --help", "--help"]
    code = f"""
import sys
from stylenet.cli.app import main
for line in {lines!r}:
    assert main(line.split()) == 0, line
    assert "torch" not in sys.modules, line
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_words_and_a_group_alone_show_help(run: Run) -> None:
    for words in ((), ("recipes",)):
        ended = run(*words)
        assert (ended.code, ended.err) == (0, "")
        assert "Usage" in ended.out


def test_every_exit_code_is_told(run: Run) -> None:
    told = run("--help").out
    table = DOCS.read_text(encoding="utf-8")
    for code in {0, app.INTERRUPTED, *(error.exit_code for error in StylenetError.__subclasses__())}:
        assert f"\n {code}  " in told
        assert f"| {code} |" in table


@pytest.mark.parametrize(("name", "command"), list(all_commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_option_is_documented(name: str, command: Any) -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert f"stylenet {name}" in text
    for parameter in command.params:
        option = next((word for word in parameter.opts if word.startswith("--")), "")
        assert option in text
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


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


@pytest.mark.parametrize(("name", "command"), list(all_commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_flags_stand_in_help_without_a_type(run: Run, name: str, command: Any) -> None:
    told = run(*name.split(), "--help").out
    assert "<bool>" not in told
    assert "--help" in told


DOCUMENTS = [*DOCS.parent.glob("*.md"), DOCS.parents[1] / "README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_documented_command_is_one(document: Path) -> None:
    """Its words are read, and nothing is run."""
    known = dict(all_commands())
    blocks = document.read_text(encoding="utf-8").split("```")[1::2]
    lines = [line.split(" #")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.startswith("stylenet ")]
    for line in lines:
        words = shlex.split(line.split(" > ")[0].split(" | ")[0].split(" && ")[0])[1:]
        depth = 2 if " ".join(words[:2]) in known else 1
        if words[0].startswith("-") or any(word.isupper() and len(word) > 2 and not word.startswith("-") for word in words):
            continue  # the program's own options, and placeholders
        command = known[" ".join(words[:depth])]
        command.make_context(" ".join(words[:depth]), words[depth:])


def test_names_are_completed() -> None:
    assert "starry-night" in completion.complete_style("starry")
    assert "great-wave" not in completion.complete_style("starry")
    assert {"instant", "standard"} <= set(completion.complete_recipe(""))
    assert completion.complete_weights("vgg19-k") == ["vgg19-keras", "vgg19-keras-top"]


def test_columns_of_a_table_stay_columns(run: Run) -> None:
    for words in (("styles", "ls"), ("weights", "ls"), ("recipes", "ls")):
        lines = run(*words).out.splitlines()
        places = {line.index("  ") + len(line[line.index("  ") :]) - len(line[line.index("  ") :].lstrip()) for line in lines[:5]}
        assert len(places) == 1, places


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
    code = "from stylenet.cli.app import main; import sys; sys.exit(main(['recipes', 'check', '--knobs']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0
