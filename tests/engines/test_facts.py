"""Facts about the engine in a receipt."""

from __future__ import annotations

import json
import platform

import msgspec

import stylenet
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.engines.facts import engine_facts


def test_facts_are_plain_values_from_which_the_recipe_comes_back() -> None:
    recipe = load_recipe("standard", {"style.weight": "3"})
    facts = json.loads(json.dumps(engine_facts(recipe, {"device": "cpu"}, {"torch": "2"}, encoder="compact", encoder_sha256="ab")))
    assert msgspec.convert(facts["recipe"], Recipe) == recipe
    assert facts["recipe"]["style"]["weight"] == 3
    assert (facts["stylenet"], facts["python"]) == (stylenet.__version__, platform.python_version())
    assert (facts["device"], facts["torch"], facts["encoder"], facts["encoder_sha256"]) == ("cpu", "2", "compact", "ab")
    assert facts["network_sha256"] is None
