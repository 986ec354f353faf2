"""Shell completion of names."""

from __future__ import annotations

from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import style_files


def complete_style(incomplete: str) -> list[str]:
    """Names of styles with this prefix."""
    return [name for name in style_files() if name.startswith(incomplete)]


def complete_recipe(incomplete: str) -> list[str]:
    """Names of recipes with this prefix."""
    return [name for name in recipe_names() if name.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Names of weights with this prefix."""
    from stylenet.weights.library import list_weights

    return [line.name for line in list_weights() if line.name.startswith(incomplete)]
