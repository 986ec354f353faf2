"""Names that the shell completes."""

from __future__ import annotations

from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import style_files


def complete_style(incomplete: str) -> list[str]:
    """Names of styles that begin so, for the shell."""
    return [name for name in style_files() if name.startswith(incomplete)]


def complete_recipe(incomplete: str) -> list[str]:
    """Names of recipes that begin so, for the shell."""
    return [name for name in recipe_names() if name.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Names of weights that begin so, for the shell."""
    from stylenet.weights.library import list_weights

    return [line.name for line in list_weights() if line.name.startswith(incomplete)]
