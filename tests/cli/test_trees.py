"""Help pages of commands and groups."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from stylenet.cli.trees import Commands
from tests.cli.conftest import Run, all_commands


@pytest.mark.parametrize(("name", "command"), list(all_commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_flags_stand_in_help_without_a_type(run: Run, name: str, command: Any) -> None:
    told = run(*name.split(), "--help").out
    assert "<bool>" not in told
    assert "--help" in told


def test_a_group_shows_its_flags_like_a_command() -> None:
    tree = Commands(name="tree")

    @tree.callback()
    def group(loud: Annotated[bool, typer.Option("--loud")] = False, depth: Annotated[int, typer.Option("--depth")] = 1) -> None:
        """A group."""

    @tree.command()
    def leaf(quiet: Annotated[bool, typer.Option("--quiet")] = False) -> None:
        """A command."""

    command: Any = get_command(tree)
    for each, flag in ((command, "loud"), (command.commands["leaf"], "quiet")):
        shown = {parameter.name: parameter.metavar for parameter in each.get_params(each.make_context("tree", [], resilient_parsing=True))}
        assert shown[flag] == ""
    assert {parameter.metavar for parameter in command.params if parameter.name == "depth"} == {None}
