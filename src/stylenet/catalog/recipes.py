"""Find, read, change and check recipes."""

from __future__ import annotations

import codecs
import functools
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from stylenet.catalog.encoders import ENCODERS
from stylenet.catalog.recipe import STYLE_DISTANCES, Recipe
from stylenet.errors import RecipeError, UsageError, did_you_mean, shortened

_FOLDER = resources.files("stylenet.catalog") / "recipes"
EVERYDAY = ("instant", "trained", "refined", "draft", "standard", "fine")
"""Recipes for general use; the others reproduce the literature."""


def recipe_names() -> tuple[str, ...]:
    """Names of the included recipes, the everyday ones first."""
    names = {entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml")}
    return (*(name for name in EVERYDAY if name in names), *sorted(names - set(EVERYDAY)))


def recipe_summaries() -> dict[str, str]:
    """Name and summary of each included recipe."""
    return {name: tomllib.loads(recipe_text(name))["summary"] for name in recipe_names()}


def recipe_text(name: str) -> str:
    """The TOML text of an included recipe, with comments that cite the source of each number.

    Raises:
        RecipeError: no recipe has this name.
    """
    return recipe_path(name).read_text(encoding="utf-8")


def recipe_path(name: str) -> Path:
    """The file of an included recipe.

    Raises:
        RecipeError: no recipe has this name.
    """
    if name not in recipe_names():
        raise RecipeError(
            f"no recipe is called '{name}'; `stylenet recipes ls` lists them, and a file ends in .toml{did_you_mean(name, recipe_names())}"
        )
    return Path(str(_FOLDER / f"{name}.toml"))


def load_recipe(source: str | os.PathLike[str] | Recipe, changes: Mapping[str, str] | None = None) -> Recipe:
    """Load a recipe by name or from a TOML file, and change single parameters.

    Args:
        source: Name of an included recipe, a path that ends in `.toml`, or a recipe.
        changes: Values by parameter, both as text: `{"style.weight": "20", "pyramid.steps": "[100, 50]"}`.

    Raises:
        RecipeError: the recipe is unknown or not TOML, or a parameter has an invalid name or value.
        UsageError: an argument has another type.
    """
    _check_types(source, changes)
    if isinstance(source, Recipe):
        name, values = source.name, msgspec.to_builtins(source)
    else:
        name, values = _read(source)
    for key, text in (changes or {}).items():
        _change(values, key, text, recipe=name)
    return _checked(name, values)


def _check_types(source: object, changes: object) -> None:
    if not isinstance(source, (str, os.PathLike, Recipe)):
        raise UsageError(
            f"a recipe is a name, a .toml file, or what load_recipe returns; got {type(source).__name__} {shortened(repr(source), 60)}"
        )
    if changes is not None and not (isinstance(changes, Mapping) and all(isinstance(key, str) for key in changes)):
        raise UsageError(f"changes are values by parameter, such as {{'style.weight': '20'}}; got {type(changes).__name__} {changes!r:.60}")


def parameters(struct: type[msgspec.Struct] = Recipe, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """All parameters as (`section.name`, help, default), in the order of the records."""
    for field in msgspec.structs.fields(struct):
        inner = msgspec.inspect.type_info(field.type)
        if isinstance(inner, msgspec.inspect.StructType):
            yield from parameters(inner.cls, f"{prefix}{field.name}.")
        elif prefix and not prefix.startswith("about"):
            help = getattr(field.type, "__metadata__", (None,))[0]
            yield f"{prefix}{field.name}", getattr(help, "description", ""), field.default


@functools.cache
def _names() -> tuple[str, ...]:
    return tuple(name for name, _, _ in parameters())


def _read(source: str | os.PathLike[str]) -> tuple[str, dict[str, Any]]:
    path = Path(source)
    if path.suffix != ".toml":
        name = os.fspath(source)
        return name, tomllib.loads(recipe_text(name))
    try:
        return path.stem, tomllib.loads(path.read_text(encoding=_encoding(path)))
    except FileNotFoundError:
        raise RecipeError(f"no recipe file '{path}'; give the path of a .toml file, or a name of `stylenet recipes ls`") from None
    except UnicodeError as error:
        raise RecipeError(f"recipe file '{path}' cannot be read: it is not UTF-8 text ({error}); save it as UTF-8") from None
    except RecursionError:
        raise RecipeError(f"recipe file '{path}' cannot be read: its lists are nested too deep") from None
    except (OSError, ValueError) as error:  # ValueError: not TOML, or a null byte in the path
        raise RecipeError(f"recipe file '{path}' cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _encoding(path: Path) -> str:
    """The encoding of a file: by its byte-order mark, UTF-16 if it starts with zero bytes, otherwise UTF-8."""
    with path.open("rb") as file:
        start = file.read(4)
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    unmarked = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be" if start[:1] == b"\0" else "utf-8-sig"
    return next((encoding for mark, encoding in marks.items() if start.startswith(mark)), unmarked)


def _change(values: dict[str, Any], key: str, text: str, *, recipe: str) -> None:
    known = _names()
    *sections, last = key.split(".")
    parent = ".".join(key.split(".")[:2])
    if key not in known and not (parent in known and parent.endswith(".layers")):
        raise RecipeError(
            f"recipe '{recipe}': no parameter is called '{key}'; `stylenet recipes check --parameters` lists them{did_you_mean(key, known)}"
        )
    if len(sections) > 1:  # content.layers.relu4_2=1: layer names are keys of a table
        sections, last = [*sections[:1], "layers"], key.split(".", 2)[2]
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word
    table = values
    for section in sections:
        table = table.setdefault(section, {})
    table[last] = value


def _checked(name: str, values: dict[str, Any]) -> Recipe:
    values = {**values, "name": name}
    if place := _infinite(values):
        raise RecipeError(f"recipe '{name}': {place} is infinite or not a number; give a finite one")
    try:
        recipe = msgspec.convert(values, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(f"recipe '{name}': {_explain(str(error), values)}") from None
    encoder = ENCODERS.get(recipe.encoder.name)
    if encoder is None:
        raise RecipeError(
            f"recipe '{name}': encoder.name is '{recipe.encoder.name}'; allowed are {', '.join(ENCODERS)}"
            f"{did_you_mean(recipe.encoder.name, ENCODERS)}"
        )
    for section, layers in (("content", recipe.content.layers), ("style", recipe.style.layers)):
        for layer in layers:
            if layer not in encoder.layers:
                raise RecipeError(
                    f"recipe '{name}': {section}.layers has '{layer}'; encoder '{encoder.name}' has {encoder.layers[0]} ... "
                    f"{encoder.layers[-1]}{did_you_mean(layer, encoder.layers)}"
                )
    distances = STYLE_DISTANCES[recipe.style.statistic]
    if recipe.style.distance not in distances:
        raise RecipeError(
            f"recipe '{name}': style.distance is '{recipe.style.distance}', which statistic '{recipe.style.statistic}' does not have; "
            f"allowed are {', '.join(distances)}"
        )
    if not recipe.style.layers and not recipe.content.layers:
        raise RecipeError(f"recipe '{name}': content.layers and style.layers are both empty; name at least one layer")
    if not recipe.pyramid.steps:
        raise RecipeError(f"recipe '{name}': pyramid.steps is empty; give the steps of at least one level, such as [200, 100]")
    return recipe


def _explain(message: str, values: Mapping[str, Any]) -> str:
    """Rewrite a message of msgspec: the parameter first, then what is allowed."""
    text, _, place = message.partition(" - at `$.")
    place = place.rstrip("`")
    if "unknown field" in text:
        word = text.split("`")[1]
        section = place or "recipe"
        sections = {field.name for field in msgspec.structs.fields(Recipe)}
        known = [name.split(".", 1)[1] for name, _, _ in parameters() if name.startswith(f"{section}.")] if place else sorted(sections)
        return f"[{section}] has no parameter '{word}'; it has {', '.join(known)}{did_you_mean(word, known)}"
    if "missing required field" in text:
        return f"[{place or 'recipe'}] lacks '{text.split('`')[1]}'; add it"
    given: Any = values
    for part in re.findall(r"[^.\[\]]+", place.replace("[...]", "")):
        if isinstance(given, Mapping):
            given = given.get(part)
        elif isinstance(given, list) and part.isdigit():
            given = given[int(part)]
    if "enum value" in text:
        allowed = _choices(place)
        return f"{place} is {given!r}; allowed are {', '.join(allowed)}{did_you_mean(str(given), allowed)}"
    for word, meaning in _KINDS.items():
        text = text.replace(f"`{word}`", meaning)
    return f"{place.removesuffix('[...]') or 'recipe'} is {given!r}; {text[0].lower()}{text[1:]}"


_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
"""Descriptions of msgspec's type names."""


def _choices(place: str) -> tuple[str, ...]:
    """The strings that the parameter `section.name` allows."""
    struct: Any = Recipe
    for part in place.split("."):
        kind: Any = msgspec.inspect.type_info(next(field.type for field in msgspec.structs.fields(struct) if field.name == part))
        while isinstance(kind, msgspec.inspect.Metadata):
            kind = kind.type
        struct = getattr(kind, "cls", None)
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return tuple(str(value) for one in kinds if isinstance(one, msgspec.inspect.LiteralType) for value in one.values)


def _infinite(values: Any, place: str = "") -> str | None:
    """The path of the first number that is infinite or NaN; None if all are finite."""
    if isinstance(values, float) and not math.isfinite(values):
        return place
    items = values.items() if isinstance(values, Mapping) else enumerate(values) if isinstance(values, (list, tuple)) else ()
    return next((found for key, value in items if (found := _infinite(value, f"{place}.{key}" if place else str(key)))), None)
