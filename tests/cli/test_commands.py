"""The command tree: every command has help, and the documentation describes them all."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from stylenet.cli import app
from stylenet.errors import StylenetError
from tests.cli.conftest import Run, all_commands

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"


def test_every_exit_code_is_reported(run: Run) -> None:
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


DOCUMENTS = [*DOCS.parent.glob("*.md"), DOCS.parents[1] / "README.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_documented_command_is_one(document: Path) -> None:
    """Parse documented commands without running them."""
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
