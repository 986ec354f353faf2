"""Tables in pipes and terminals."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace

import pytest

from stylenet.cli.tables import color_patch, print_facts, print_table, shows_color
from tests.cli.conftest import Run

ROWS = [("one", "a", "short"), ("three", "bcd", "a last column of many words that do not fit into one line")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 40 columns."""
    monkeypatch.setattr("stylenet.cli.tables.sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 20)))


def test_in_a_pipe_a_row_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(ROWS)
    print_table([])
    assert capsys.readouterr().out.splitlines() == [
        "one    a    short",
        "three  bcd  a last column of many words that do not fit into one line",
    ]


@pytest.mark.usefixtures("terminal")
def test_in_a_terminal_the_last_column_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[1] == "three  bcd  a last column of many words"
    assert lines[2].startswith(" " * 12 + "that")
    assert " ".join(line[12:] for line in lines[1:]) == ROWS[1][2]


@pytest.mark.usefixtures("terminal")
def test_facts_are_aligned_and_empty_ones_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("name", "value"), ("nothing", ""), ("longer", "words " * 12)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name    value"
    assert [line[:8] for line in lines[1:]] == ["longer  ", *["        "] * (len(lines) - 2)]
    assert len(lines) > 2


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"COLORTERM": "truecolor"}, True), ({"COLORTERM": "256"}, False), ({"COLORTERM": "24bit", "NO_COLOR": "1"}, False)],
)
def test_colors_where_the_terminal_has_them(
    variables: dict[str, str], expected: bool, terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shows_color() is expected
    assert color_patch("#0a80ff", 2) == "\x1b[48;2;10;128;255m  \x1b[0m"


def test_columns_of_a_table_stay_columns(run: Run) -> None:
    for words in (("styles", "ls"), ("weights", "ls"), ("recipes", "ls")):
        lines = run(*words).out.splitlines()
        places = {line.index("  ") + len(line[line.index("  ") :]) - len(line[line.index("  ") :].lstrip()) for line in lines[:5]}
        assert len(places) == 1, places
