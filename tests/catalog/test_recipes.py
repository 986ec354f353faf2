"""Finding, changing and rejecting recipes: every error names the parameter, the allowed values, and the closest match."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import EVERYDAY, load_recipe, parameters, recipe_names, recipe_text
from stylenet.errors import RecipeError, UsageError

MINIMAL = """
summary = "Mine"
[about]
source = "me"
minimizes = "style"
[content]
layers = { relu4_1 = 1.0 }
[style]
layers = { relu1_1 = 1.0 }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everyday_recipes_come_first() -> None:
    names = recipe_names()
    everyday = [name for name in EVERYDAY if name in names]
    assert list(names[: len(everyday)]) == everyday
    assert list(names[len(everyday) :]) == sorted(names[len(everyday) :])


def test_from_a_file(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, MINIMAL))
    assert recipe.name == "mine"
    assert recipe.solver.name == "adam"


def test_a_recipe_loads_as_itself() -> None:
    recipe = load_recipe("tensorflow-tutorial")
    assert load_recipe(recipe) == recipe
    assert load_recipe(recipe, {"style.weight": "3"}).style.weight == 3
    assert recipe.style.weight == 1e-2


def test_single_parameters_change() -> None:
    changes = {
        "style.weight": "20",
        "pyramid.steps": "[100, 50]",
        "picture.start": "noise",
        "picture.clip": "false",
        "content.layers.relu3_1": "0.5",
        "style.layers": "{ relu2_1 = 1.0 }",
    }
    recipe = load_recipe("standard", changes)
    assert recipe.style.weight == 20
    assert recipe.pyramid.steps == (100, 50)
    assert recipe.picture.start == "noise"
    assert not recipe.picture.clip
    assert recipe.content.layers["relu3_1"] == 0.5
    assert recipe.style.layers == {"relu2_1": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"style.wieght": "1"}, r"no parameter is called 'style\.wieght'.* Did you mean 'style\.weight'\?"),
        ({"style": "1"}, "no parameter is called 'style'"),
        ({"about.source": "x"}, r"no parameter is called 'about\.source'"),
        ({"style.weight": "-1"}, r"style\.weight is -1; expected a number >= 0"),
        ({"style.weight": "much"}, r"style\.weight is 'much'; expected a number, got text"),
        ({"style.weight": "inf"}, r"style\.weight is infinite or not a number; give a finite one"),
        ({"pyramid.content_weights": "[1.0, nan]"}, r"pyramid\.content_weights\.1 is infinite or not a number"),
        ({"solver.beta1": "1"}, r"solver\.beta1 is 1; expected a number < 1"),
        ({"solver.learning_rate": "0"}, r"solver\.learning_rate is 0; expected a number > 0"),
        ({"pyramid.factor": "1"}, r"pyramid\.factor is 1; expected a number > 1"),
        ({"pyramid.steps": "[1.5]"}, r"pyramid\.steps\[0\] is 1\.5; expected a whole number, got a number"),
        ({"pyramid.steps": "[]"}, r"pyramid\.steps is empty; give the steps of at least one level"),
        ({"pyramid.steps": "5"}, r"pyramid\.steps is 5; expected a list, got a whole number"),
        ({"picture.clip": "yes"}, r"picture\.clip is 'yes'; expected true or false, got text"),
        ({"style.statistic": "gramm"}, r"style\.statistic is 'gramm'; allowed are .*gram.*\. Did you mean 'gram'\?"),
        ({"encoder.pooling": "avg"}, r"encoder\.pooling is 'avg'; allowed are average, l2, max\. Did you mean 'average'\?"),
        ({"encoder.name": "vg19"}, r"encoder\.name is 'vg19'; allowed are .*\. Did you mean 'vgg19'\?"),
        ({"style.layers.relu6_1": "1"}, r"style\.layers has 'relu6_1'; encoder 'compact' has conv1_1 \.\.\. .*Did you mean 'relu"),
        ({"style.layers.relu5_1": "-1"}, r"style\.layers is .*; expected a number >= 0"),
        ({"style.layers": "3"}, r"style\.layers is 3; expected a table"),
        ({"style.layers": "{}", "content.layers": "{}"}, r"content\.layers and style\.layers are both empty"),
        (
            {"style.statistic": "mean-std", "style.distance": "gatys"},
            r"distance is 'gatys', which statistic 'mean-std' does not have",
        ),
        ({"style.statistic": "wasserstein", "style.distance": "keras"}, r"does not have; allowed are relative, mean$"),
    ],
    ids=str,
)
def test_wrong_parameters_are_rejected_by_name(change: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as refusal:
        load_recipe("standard", change)
    assert str(refusal.value).startswith("recipe 'standard': ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "strength = 3\n", r"\[style\] has no parameter 'strength'; it has layers, "),
        (MINIMAL + "wieght = 3\n", r"\[style\] has no parameter 'wieght'; it has .*\. Did you mean 'weight'\?"),
        ("color = 1\n" + MINIMAL, r"\[recipe\] has no parameter 'color'; it has about, content, "),
        (MINIMAL.replace("minimizes", "does"), "about"),
        (MINIMAL.replace('source = "me"\n', ""), r"\[about\] lacks 'source'; add it"),
        (MINIMAL.replace("[content]\n", "[contents]\n"), r"\[recipe\] has no parameter 'contents'.*Did you mean 'content'\?"),
        ("summary =", r"recipe file '.*mine\.toml' cannot be read: "),
    ],
)
def test_wrong_files_are_rejected_by_parameter(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(written(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"no recipe file '.*none\.toml'; give the path of a \.toml file, or a name of `stylenet recipes ls`"
    ):
        load_recipe(tmp_path / "none.toml")


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(path)


def test_no_such_name() -> None:
    with pytest.raises(
        RecipeError, match=r"no recipe is called 'gatys'; `stylenet recipes ls` lists them, .*\. Did you mean 'gatys-2016'\?"
    ):
        load_recipe("gatys")
    with pytest.raises(RecipeError, match=r"no recipe is called '\.\./secrets'"):
        recipe_text("../secrets")


def test_every_parameter_has_help_and_a_default() -> None:
    for name, help, default in parameters():
        assert len(help) > 8, name
        if not name.endswith(".layers"):
            assert default is not msgspec.NODEFAULT, name


def test_recipes_are_immutable() -> None:
    recipe = load_recipe("standard")
    with pytest.raises(AttributeError):
        recipe.summary = "mine"  # type: ignore[misc]
    assert isinstance(recipe, Recipe)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_recipe_file_is_read_whatever_marks_its_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "mine.toml").write_bytes(recipe_text("draft").encode(encoding))
    assert load_recipe(tmp_path / "mine.toml").solver == load_recipe("draft").solver


def test_a_recipe_file_in_another_encoding_is_reported(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(MINIMAL.replace("Mine", "Größe").encode("cp1252"))
    with pytest.raises(RecipeError, match=r"mine\.toml' cannot be read: it is not UTF-8 text .*; save it as UTF-8"):
        load_recipe(tmp_path / "mine.toml")


def test_lists_without_end_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("a = " + "[" * 5000)
    with pytest.raises(RecipeError, match=r"deep\.toml' cannot be read: its lists are nested too deep"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        (5, None, "a recipe is a name, .*; got int 5"),
        (None, None, "got NoneType None"),
        ("draft", ["a=1"], "changes are values by parameter, .*; got list"),
        ("draft", {None: "1"}, "changes are values by parameter, .*; got dict"),
    ],
)
def test_arguments_of_other_types(source: Any, changes: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load_recipe(source, changes)


def test_a_file_name_that_is_too_long() -> None:
    with pytest.raises(RecipeError, match="cannot be read: File name too long"):
        load_recipe("x" * 300 + ".toml")
