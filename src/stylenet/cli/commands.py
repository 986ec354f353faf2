"""The command tree and the text of `stylenet --help`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

import stylenet
from stylenet.cli.trees import Commands
from stylenet.errors import StylenetError

_MODULES = {
    "stylize": "stylize",
    "texture": "stylize",
    "train": "train",
    "batch": "batch",
    "video": "video",
    "sheet": "several",
    "sequence": "several",
    "compare": "comparing",
    "explain": "comparing",
    "mask": "mask",
    "recolor": "recolor",
    "enlarge": "restore",
    "colorize": "restore",
    "styles": "styles",
    "recipes": "recipes",
    "weights": "weights",
    "export": "export",
    "studio": "serve",
    "live": "live",
    "serve": "serve",
    "page": "page",
    "demo": "demo",
    "doctor": "doctor",
    "bench": "bench",
}
"""The module of each command, in the order of the help page. It defines a function of this name, or `app`, a group of commands."""

_EXAMPLE = "stylenet stylize photo.jpg starry-night -o painting.png"


def build(words: Sequence[str] = ()) -> typer.Typer:
    """Build the command named by the first of `words`, otherwise all commands, which takes longer."""
    app = Commands(
        name="stylenet",
        help=f"StyleNet paints a photo in the manner of a painting.\n\nFor a first picture: {_EXAMPLE}",
        epilog="\b\nExit codes:\n" + "\n".join(exit_codes()),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for name in [words[0]] if words and words[0] in _MODULES else _MODULES:
        module = importlib.import_module(f"stylenet.cli.{_MODULES[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def exit_codes() -> Iterator[str]:
    """A line for each exit code, generated from the error classes."""
    yield "0  done"
    yield f"{StylenetError.exit_code}  any other error"
    for error in StylenetError.__subclasses__():
        if error.exit_code != StylenetError.exit_code:
            yield f"{error.exit_code}  {inspect.getdoc(error)}"
    yield "130  interrupted (Ctrl-C or SIGTERM); the best picture so far is kept"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"stylenet {stylenet.__version__}")
        raise typer.Exit


def _program(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may appear anywhere.")] = False,
) -> None:
    pass
