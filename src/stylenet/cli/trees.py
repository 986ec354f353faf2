"""Command groups whose help shows flags without a type."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help` without the type that Typer shows."""
        return _without_type(super().get_help_option(ctx))


class _Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help` without the type that Typer shows."""
        return _without_type(super().get_help_option(ctx))


class Commands(typer.Typer):
    """A group of commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=_Group, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Decorator that adds a command."""
        return super().command(name, cls=_Command, **settings)


def _without_type(option: Any) -> Any:
    if option is not None:
        option.metavar = ""
    return option
