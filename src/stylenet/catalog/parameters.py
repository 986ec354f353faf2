"""Descriptions of recipe parameters: defaults, allowed values and meanings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import parameters


def parameter_rows() -> Iterator[tuple[str, str, str, str]]:
    """Name, default, allowed values and meaning of each parameter."""
    definitions = msgspec.json.schema(Recipe)["$defs"]
    sections = {field.name: getattr(field.type, "__name__", "") for field in msgspec.structs.fields(Recipe)}
    for name, help, default in parameters():
        section, parameter = name.split(".")
        schema = definitions[sections[section]]["properties"][parameter]
        yield name, as_toml(default), _allowed(schema), help


def changed_parameters(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Name, value and meaning of the parameters of a recipe that differ from their defaults."""
    values = msgspec.to_builtins(recipe)
    for name, help, default in parameters():
        section, parameter = name.split(".")
        value = as_toml(values[section][parameter])
        if value != as_toml(default):
            yield name, value, help


def _allowed(schema: Mapping[str, Any]) -> str:
    """A short description of the values that a JSON schema allows."""
    if "anyOf" in schema:
        return " | ".join(_allowed(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = {"null": "none", "array": "list", "object": "table"}.get(str(schema.get("type")), str(schema.get("type", "")))
    if kind in ("list", "table"):
        inner = schema.get("items") or schema.get("additionalProperties") or {}
        return f"{kind} of {_allowed(inner)}"
    lower = (
        f"{schema['minimum']:g} <= "
        if "minimum" in schema
        else f"{schema['exclusiveMinimum']:g} < "
        if "exclusiveMinimum" in schema
        else ""
    )
    upper = (
        f" <= {schema['maximum']:g}"
        if "maximum" in schema
        else f" < {schema['exclusiveMaximum']:g}"
        if "exclusiveMaximum" in schema
        else ""
    )
    return f"{lower}{kind}{upper}"


def as_toml(value: Any) -> str:
    """The value of a parameter in TOML."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {as_toml(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_toml(inner) for inner in value)}]"
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return f'"{value}"' if isinstance(value, str) else "(must be given)"
