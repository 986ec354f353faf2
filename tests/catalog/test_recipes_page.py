"""docs/recipes.md says what the recipes say. `PYTHONPATH=src python tests/catalog/test_recipes_page.py` writes it again."""

from __future__ import annotations

from pathlib import Path

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"

HEAD = """# Recipes

A recipe is a way to paint, whole: network, losses, solver, sizes, each number with its source on its line. `stylenet recipes ls` lists
them, `stylenet recipes show NAME` explains one, `stylenet recipes copy NAME mine.toml` gives you the file to change, and
`--set KEY=VALUE` changes a single knob. This page is made from the recipes themselves; a test keeps it true.

The everyday recipes ({everyday}) need no download, nor do those of the literature: the Caffe-trained
VGG-19 that most of them were made for is installed along with StyleNet. Those for VGG-16 paint with VGG-19 until a VGG-16 is fetched or
imported, and those for torchvision's VGG-19 paint with Caffe's until that one is (`stylenet weights ls`); the program says so. `--encoder
compact` paints any of them nearly alike in less time. [Parity](parity.md) shows how
exactly each agrees with the program that it comes from.

In the formulas F are the features of the picture being painted, P (or C) of the photo, G and A (or S) the Gram matrices of the picture
and the painting, N a layer's channels, M its positions, dx and dy the differences of neighboring pixels.

| recipe | what it is | network | long side | starts from | solver | steps |
|---|---|---|--:|---|---|--:|
{rows}
"""


def row(recipe: Recipe) -> str:
    """One line of the table."""
    steps = recipe.pyramid.steps
    rounds = (
        f"{steps[0]} rounds of {recipe.solver.evaluations_per_round}" if recipe.solver.name == "scipy-lbfgs" else ", ".join(map(str, steps))
    )
    pooling = f", {recipe.encoder.pooling} pooling" if recipe.encoder.pooling not in (None, "max") else ""
    size = f"{recipe.picture.largest_px}" if recipe.picture.largest_px else "the photo's"
    square = ", square" if recipe.picture.shape == "square" else ""
    starts = {"content": "the photo", "noise": f"{recipe.picture.noise} noise", "style": "the painting", "network": "`instant`'s picture"}
    optimizes = recipe.method == "optimization"
    cells = (
        f"`{recipe.name}`" if recipe.name in EVERYDAY else f"[`{recipe.name}`](#{recipe.name})",
        recipe.summary,
        recipe.encoder.name + pooling,
        size + square,
        starts[recipe.picture.start],
        recipe.solver.name if optimizes else "none",
        rounds if optimizes else "one pass",
    )
    return f"| {' | '.join(cells)} |"


def section(recipe: Recipe) -> str:
    """What a recipe says of itself."""
    about = recipe.about
    parts = {
        "Source": about.source,
        "Minimizes": about.minimizes,
        "Differs": about.differs,
        "Expect": about.expect,
        "Weights": recipe.encoder.weights,
    }
    lines = [f"- **{title}.** " + " ".join(text.split()) for title, text in parts.items() if text.strip()]
    return f"## {recipe.name}\n\n" + "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    recipes = [load_recipe(name) for name in recipe_names()]
    everyday = ", ".join(f"`{recipe.name}`" for recipe in recipes if recipe.name in EVERYDAY)
    head = HEAD.format(everyday=everyday, rows="\n".join(map(row, recipes)))
    return "\n".join([head, *map(section, (recipe for recipe in recipes if recipe.name not in EVERYDAY))])


def test_the_page_says_what_the_recipes_say() -> None:
    """The everyday recipes are still being tuned: of them only the names must be there."""
    written = PAGE.read_text(encoding="utf-8")
    for name in recipe_names():
        recipe = load_recipe(name)
        assert f"`{name}`" in written
        if name not in EVERYDAY:
            assert row(recipe) in written, f"write docs/recipes.md again: {__doc__}"
            assert section(recipe) in written, f"write docs/recipes.md again: {__doc__}"
    sections = {line.removeprefix("## ") for line in written.splitlines() if line.startswith("## ")}
    assert sections == set(recipe_names()) - set(EVERYDAY)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
