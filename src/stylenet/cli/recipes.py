"""`stylenet recipes`: list, explain, copy and check recipes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.cli.completion import complete_recipe
from stylenet.cli.trees import Commands
from stylenet.errors import OutputError, StylenetError, UsageError

_SOURCE = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE", help="A recipe listed by 'recipes ls', or a .toml file.", autocompletion=complete_recipe, show_default=False
    ),
]


app = Commands(help="List, explain, copy and check recipes.", no_args_is_help=True)


@app.command("ls")
def list_all(json: options.JsonList = False) -> None:
    """List the included recipes."""
    from stylenet.catalog.recipes import recipe_summaries
    from stylenet.cli.tables import print_table

    summaries = recipe_summaries()
    if json:
        import msgspec

        print(msgspec.json.encode(summaries).decode())
    else:
        print_table(summaries.items())


@app.command("show")
def show(recipe: _SOURCE, json: options.JsonList = False) -> None:
    """Explain a recipe: its source, what it minimizes, what to expect, and which weights it uses."""
    import msgspec

    from stylenet.catalog.parameters import changed_parameters
    from stylenet.catalog.recipes import load_recipe, parameters
    from stylenet.cli.tables import print_facts, print_table

    chosen = load_recipe(recipe)
    if json:
        print(msgspec.json.encode(chosen).decode())
        return
    about = chosen.about
    print(f"{chosen.name}: {chosen.summary}\n")
    facts = {
        "source": about.source,
        "minimizes": about.minimizes,
        "differs": about.differs,
        "expect": about.expect,
        "at 256 px": about.seen,
        "weights": f"{chosen.encoder.name} ({chosen.encoder.weights})",
    }
    print_facts(facts.items())
    changed = list(changed_parameters(chosen))
    others = sum(1 for _ in parameters()) - len(changed)
    print(f"\nParameters that differ from their defaults ('recipes check --parameters' lists the other {others}):\n")
    print_table([(f"  {name}", value, help) for name, value, help in changed])
    print(f"\nUse it: stylenet stylize PHOTO STYLE --recipe {recipe}    Make your own: stylenet recipes copy {recipe} mine.toml")


@app.command("copy")
def copy(
    recipe: Annotated[
        str, typer.Argument(metavar="NAME", help="A recipe listed by 'recipes ls'.", autocompletion=complete_recipe, show_default=False)
    ],
    output: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Ends in .toml; '-' prints it. Default: NAME.toml in the current directory.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Overwrite an existing file.")] = False,
) -> None:
    """Copy a recipe to a file for editing. Its comments cite the source of each number."""
    from stylenet.catalog.recipes import recipe_path, recipe_text
    from stylenet.image.output import check_output
    from stylenet.storage.atomic import written_whole
    from stylenet.workflows.outputs import keep_apart

    if Path(recipe).suffix == ".toml":
        raise UsageError(f"'{recipe}' is a recipe file already; copy it like any other file")
    text = recipe_text(recipe)
    if output == Path("-"):
        print(text, end="")
        return
    target = output or Path(f"{recipe}.toml")
    check_output(target, formats={".toml": "TOML"})
    keep_apart([("FILE", target)], [recipe_path(recipe)])
    if os.path.exists(target) and not overwrite:
        raise OutputError(f"cannot write '{target}': it exists; give another name, or --overwrite")
    with written_whole(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{target}; after editing it, run: stylenet recipes check {target}")


@app.command("check")
def check(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help="Recipe files.", show_default=False)] = None,
    all_parameters: Annotated[
        bool, typer.Option("--parameters", help="List every parameter with its default, allowed values and meaning.")
    ] = False,
) -> None:
    """Check recipe files and report errors."""
    from stylenet.catalog.parameters import parameter_rows
    from stylenet.catalog.recipes import load_recipe
    from stylenet.cli.tables import print_table

    if all_parameters:
        print_table(parameter_rows())
    elif not files:
        raise UsageError("no recipe file is given; give one, or --parameters to list them all")
    failed: list[StylenetError] = []
    for file in files or ():
        try:
            print(f"{file}: recipe '{load_recipe(file).name}' is fine")
        except StylenetError as error:
            failed.append(error)
            print(f"stylenet: error: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(failed[0].exit_code)
