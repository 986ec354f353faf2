"""Descriptions of recipe parameters."""

from __future__ import annotations

import tomllib

import pytest

from stylenet.catalog.parameters import as_toml, changed_parameters, parameter_rows
from stylenet.catalog.recipes import load_recipe


def test_every_parameter_has_its_default_its_range_and_its_meaning() -> None:
    rows = {name: (default, allowed, help) for name, default, allowed, help in parameter_rows()}
    assert all(allowed and help for _, allowed, help in rows.values())
    assert rows["style.weight"][1] == "0 <= number"
    assert set(rows["style.distance"][1].split(" | ")) >= {"relative", "mean", "gatys"}
    assert rows["content.layers"][1] == "table of 0 <= number"
    assert "none" in rows["encoder.padding"][1]


def test_what_a_recipe_changes() -> None:
    plain = {name: value for name, value, _ in changed_parameters(load_recipe("standard"))}
    changed = {
        name: value for name, value, _ in changed_parameters(load_recipe("standard", {"style.weight": "12.5", "pyramid.steps": "[7]"}))
    }
    assert changed["style.weight"] == "12.5"
    assert changed["pyramid.steps"] == "[7]"
    assert {name for name in changed if plain.get(name) != changed[name]} == {"style.weight", "pyramid.steps"}


@pytest.mark.parametrize("value", [True, False, 3, 0.5, "a word", [1, 2.5], {"relu1_1": 1.0, "relu2_1": 0.5}, [], ["a"]])
def test_values_are_toml(value: object) -> None:
    assert tomllib.loads(f"value = {as_toml(value)}")["value"] == value


def test_values_that_toml_has_not() -> None:
    assert (as_toml(None), as_toml(object())) == ("none", "(must be given)")
