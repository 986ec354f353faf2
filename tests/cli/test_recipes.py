"""Recipes from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from stylenet.catalog.recipes import parameters, recipe_names, recipe_text
from tests.cli.conftest import INPUTS, Run, files_in


def test_ls_lists_all(run: Run) -> None:
    assert [line.split()[0] for line in run("recipes", "ls").out.splitlines()] == list(recipe_names())
    assert tuple(json.loads(run("recipes", "ls", "--json").out)) == recipe_names()


def test_show_explains_every_recipe(run: Run) -> None:
    for name in recipe_names():
        told = run("recipes", "show", name).out
        assert told.startswith(f"{name}: ")
        assert all(part in told for part in ("source", "minimizes", "weights", "style.layers", f"--recipe {name}"))


def test_show_as_json_is_the_recipe(run: Run) -> None:
    assert json.loads(run("recipes", "show", "standard", "--json").out)["name"] == "standard"


def test_copy_keeps_the_comments_and_replaces_nothing_unasked(run: Run, folder: Path) -> None:
    assert run("recipes", "copy", "standard", "mine.toml").code == 0
    assert (folder / "mine.toml").read_text() == recipe_text("standard")
    assert run("recipes", "copy", "standard", "-").out == recipe_text("standard")
    (folder / "mine.toml").write_text("mine")
    ended = run("recipes", "copy", "standard", "mine.toml")
    assert (ended.code, (folder / "mine.toml").read_text()) == (7, "mine")
    assert "--overwrite" in ended.error
    assert run("recipes", "copy", "standard", "mine.toml", "--overwrite").code == 0
    assert run("recipes", "copy", "standard").code == 0
    assert files_in(folder) == INPUTS | {"mine.toml", "standard.toml"}


def test_copy_rejects_unknown_recipes(run: Run, folder: Path) -> None:
    assert run("recipes", "copy", "standrd").code == 4
    assert run("recipes", "copy", "mine.toml").code == 2
    assert run("recipes", "copy", "standard", "mine.txt").code == 7
    assert files_in(folder) == INPUTS


def test_check_says_what_is_wrong(run: Run, folder: Path) -> None:
    run("recipes", "copy", "standard", "mine.toml")
    assert run("recipes", "check", "mine.toml").out == "mine.toml: recipe 'mine' is fine\n"
    (folder / "mine.toml").write_text(recipe_text("standard").replace("learning_rate", "lerning_rate"))
    ended = run("recipes", "check", "mine.toml")
    assert (ended.code, "Did you mean 'learning_rate'" in ended.error) == (4, True)
    assert run("recipes", "check", "missing.toml").code == 4
    assert run("recipes", "check").code == 2


def test_check_lists_every_parameter_with_what_is_allowed(run: Run) -> None:
    lines = {line.split()[0]: line for line in run("recipes", "check", "--parameters").out.splitlines()}
    assert list(lines) == [name for name, _, _ in parameters()]
    assert "adam | lbfgs | scipy-lbfgs" in lines["solver.name"]
    assert "0 <= number < 1" in lines["solver.beta1"]
    assert "0 < number" in lines["solver.learning_rate"]
    assert "list of 0 <= integer" in lines["pyramid.steps"]
    assert "| none" in lines["encoder.pooling"]
