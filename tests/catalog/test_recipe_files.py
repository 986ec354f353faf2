"""Built-in recipe files: each is complete, describes itself, and cites the sources of its numbers."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from stylenet.catalog.encoders import ENCODERS
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names, recipe_summaries, recipe_text

LITERATURE = [name for name in recipe_names() if name not in EVERYDAY]
PROMISED = {
    "cnn-stylenet",
    "gatys-2016",
    "gatys-2016-average",
    "gatys-2016-code",
    "gatys-2016-content-start",
    "gatys-2016-style-start",
    "keras-2016",
    "keras-2016-improved",
    "neural-style",
    "neural-style-anishathalye",
    "novak-nikulin-2016",
    "pytorch-tutorial",
    "style-transfer-pytorch",
    "stylenet-2018",
    "stylenet-2018-recommended",
    "stylenet-cookbook",
    "stylenet-cookbook-meant",
    "tensorflow-tutorial",
}


def has_number(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(has_number(part) for part in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def settings(name: str) -> list[tuple[str, str]]:
    """(section, line) of every setting in the file, except those in `about`."""
    section, lines = "", []
    for line in recipe_text(name).splitlines():
        if line.startswith("["):
            section = line.split("]")[0].strip("[")
        elif section not in ("", "about") and "=" in line.split("#")[0]:
            lines.append((section, line))
    return lines


def test_all_promised_recipes_ship() -> None:
    assert set(LITERATURE) == PROMISED


@pytest.mark.parametrize("name", recipe_names())
def test_loads_and_explains_itself(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.about.source
    assert recipe.about.minimizes
    assert recipe.encoder.name in ENCODERS
    assert 20 <= len(recipe.summary) <= 120
    assert "\n" not in recipe.summary


@pytest.mark.parametrize("name", LITERATURE)
def test_literature_says_how_it_differs_and_what_to_expect(name: str) -> None:
    about = load_recipe(name).about
    assert about.differs
    assert about.expect


@pytest.mark.parametrize("name", LITERATURE)
def test_every_number_has_its_source_on_its_line(name: str) -> None:
    numbers = [(section, line) for section, line in settings(name) if has_number(tomllib.loads(line))]
    assert len(numbers) > 5
    for section, line in numbers:
        assert len(line.partition("#")[2].strip()) >= 4, f"[{section}] {line}"


@pytest.mark.parametrize("name", recipe_names())
def test_lines_are_short(name: str) -> None:
    assert max(map(len, recipe_text(name).splitlines())) <= 140


def test_summaries_come_without_building_recipes() -> None:
    assert recipe_summaries() == {name: load_recipe(name).summary for name in recipe_names()}


def differences(one: str, other: str) -> set[str]:
    """Parameters in which two recipes differ."""
    import msgspec

    def flat(recipe: Recipe) -> dict[str, Any]:
        values = msgspec.to_builtins(recipe)
        return {
            f"{section}.{parameter}": value
            for section, parameters in values.items()
            if isinstance(parameters, dict)
            for parameter, value in parameters.items()
        }

    first, second = flat(load_recipe(one)), flat(load_recipe(other))
    return {parameter for parameter in first if first[parameter] != second[parameter] and not parameter.startswith("about.")}


def test_variants_differ_in_what_their_names_say() -> None:
    assert differences("gatys-2016", "gatys-2016-average") == {"encoder.pooling"}
    assert differences("gatys-2016", "gatys-2016-content-start") <= {"picture.start", "picture.noise_scale"}
    assert differences("gatys-2016", "gatys-2016-style-start") <= {"picture.start", "picture.noise_scale"}
    assert differences("stylenet-cookbook", "stylenet-cookbook-meant") == {"content.layers", "smoothness.distance"}
    schedule = {"solver.learning_rate", "pyramid.steps", "pyramid.exact_steps", "pyramid.save_every"}
    assert differences("stylenet-2018", "stylenet-2018-recommended") == schedule
    assert differences("stylenet-2018", "cnn-stylenet") == schedule


def test_the_recipe_as_printed_warns_and_names_the_recommended_one() -> None:
    recipe = load_recipe("stylenet-2018")
    assert (recipe.solver.learning_rate, recipe.pyramid.steps) == (0.001, (20,))
    assert "stays gray noise" in recipe.summary
    assert "stylenet-2018-recommended" in recipe.summary
    farthest = recipe.solver.learning_rate * recipe.pyramid.steps[0]
    assert farthest < 0.5, "of 255: less than a byte"
    companion = load_recipe("stylenet-2018-recommended")
    assert companion.solver.learning_rate * companion.pyramid.steps[0] > 255


def test_numbers_of_the_tensorflow_tutorial() -> None:
    """Spot checks against the published numbers."""
    recipe = load_recipe("tensorflow-tutorial")
    assert (recipe.content.weight, recipe.style.weight, recipe.smoothness.weight) == (1e4, 1e-2, 30)
    assert (recipe.solver.learning_rate, recipe.solver.beta1, recipe.solver.epsilon) == (0.02, 0.99, 0.1)
    assert list(recipe.content.layers) == ["relu5_2"]
    assert sum(recipe.style.layers.values()) == pytest.approx(1)
    assert recipe.picture.clip


def test_numbers_of_keras() -> None:
    example, improved, chained = (load_recipe(name) for name in ("keras-2016", "keras-2016-improved", "novak-nikulin-2016"))
    assert [recipe.content.weight for recipe in (example, improved, chained)] == [0.025, 1, 0.025]
    assert [recipe.style.weight for recipe in (example, improved, chained)] == [1, 0.01, 1]
    assert [recipe.smoothness.weight for recipe in (example, improved, chained)] == [1, 1e-3, 1e-5]
    assert [recipe.encoder.pooling for recipe in (example, improved, chained)] == ["max", "average", "average"]
    assert {recipe.solver.evaluations_per_round for recipe in (example, improved, chained)} == {20}
    assert len(chained.style.layers) == 13
    assert chained.style.chain
    assert chained.style.shift == 1


def test_numbers_of_style_transfer_pytorch() -> None:
    recipe = load_recipe("style-transfer-pytorch")
    assert recipe.style.weight * sum(recipe.style.layers.values()) == pytest.approx(1, rel=1e-12)
    assert recipe.pyramid.factor**2 == pytest.approx(2)
