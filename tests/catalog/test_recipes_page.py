"""docs/recipes.md matches the recipe files. Regenerate it with `PYTHONPATH=src python tests/catalog/test_recipes_page.py`."""

from __future__ import annotations

import json
from pathlib import Path

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"

HEAD = """# Recipes

A recipe defines a style transfer method completely: network, losses, solver and sizes, with the source of every number. List the recipes
with `stylenet recipes ls`, explain one with `stylenet recipes show NAME`, copy one for editing with
`stylenet recipes copy NAME mine.toml`, and change a single parameter with `--set KEY=VALUE`. This page is generated from the recipe files.

Neither the everyday recipes ({everyday}) nor those from the literature need a download: the Caffe-trained VGG-19 that most of them were
made for is installed with StyleNet. Recipes for VGG-16 fall back to VGG-19 until a VGG-16 is downloaded or imported, and recipes for
torchvision's VGG-19 fall back to the Caffe-trained one; the program reports this (see `stylenet weights ls`). With `--encoder compact`,
each of them gives nearly the same result in less time. [Parity](parity.md) shows how closely each recipe matches its source.

In the formulas, F are the features of the image being optimized, P (or C) those of the photo, G and A (or S) the Gram matrices of the
image and of the painting, N the number of channels of a layer, M the number of its positions, and dx and dy the differences between
neighboring pixels.

| recipe | what it is | network | long side | starts from | solver | steps |
|---|---|---|--:|---|---|--:|
{rows}

`python benchmarks/literature.py` paints two pairs with the compact encoder and all steps, at 256 px: half-timbered houses (`kodim08`) as
The Starry Night, and a dog at a car window as The Great Wave. Seconds are of the processor, for the houses, with one thread of an AMD EPYC
with AVX2 (`pytorch-tutorial`, `style-transfer-pytorch` and `stylenet-2018-recommended`: with AVX512-bf16); those of VGG-19 are
extrapolated from a twentieth of the steps.

| recipe | compact | VGG-19 | what is seen |
|---|--:|--:|---|
{seen}
"""

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "literature.json"


def row(recipe: Recipe) -> str:
    """One row of the table."""
    steps = recipe.pyramid.steps
    rounds = (
        f"{steps[0]} rounds of {recipe.solver.evaluations_per_round}" if recipe.solver.name == "scipy-lbfgs" else ", ".join(map(str, steps))
    )
    pooling = f", {recipe.encoder.pooling} pooling" if recipe.encoder.pooling not in (None, "max") else ""
    size = f"{recipe.picture.largest_px}" if recipe.picture.largest_px else "the photo's"
    square = ", square" if recipe.picture.shape == "square" else ""
    starts = {"content": "the photo", "noise": f"{recipe.picture.noise} noise", "style": "the painting", "network": "`instant`"}
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


def seen_row(recipe: Recipe) -> str:
    """One row of the table of measured times and pictures."""
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))["figures"]
    compact = next(
        picture["processor_seconds"]
        for picture in figures["pictures"]
        if (picture["recipe"], picture["encoder"], picture["photo"]) == (recipe.name, "compact", "kodim08")
    )
    vgg = figures["estimated processor seconds with vgg19"][recipe.name]
    return f"| `{recipe.name}` | {compact:.0f} s | {vgg:.0f} s | {recipe.about.seen} |"


def section(recipe: Recipe) -> str:
    """The section of one recipe."""
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
    seen = (seen_row(recipe) for recipe in recipes if recipe.about.seen)
    head = HEAD.format(everyday=everyday, rows="\n".join(map(row, recipes)), seen="\n".join(seen))
    return "\n".join([head, *map(section, (recipe for recipe in recipes if recipe.name not in EVERYDAY))])


def test_the_page_says_what_the_recipes_say() -> None:
    """Of the everyday recipes, which are tuned further, only the names are checked."""
    written = PAGE.read_text(encoding="utf-8")
    for name in recipe_names():
        recipe = load_recipe(name)
        assert f"`{name}`" in written
        if name not in EVERYDAY:
            assert row(recipe) in written, f"docs/recipes.md is out of date: {__doc__}"
            assert section(recipe) in written, f"docs/recipes.md is out of date: {__doc__}"
        if recipe.about.seen:
            assert seen_row(recipe) in written, f"docs/recipes.md is out of date: {__doc__}"
    sections = {line.removeprefix("## ") for line in written.splitlines() if line.startswith("## ")}
    assert sections == set(recipe_names()) - set(EVERYDAY)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
