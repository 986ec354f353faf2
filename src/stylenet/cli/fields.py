"""Command-line options generated from the fields of requests, which define help, type and default. This module defines their spelling."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

import typer

from stylenet.cli.completion import complete_recipe, complete_style, complete_weights
from stylenet.errors import UsageError
from stylenet.requests.base import Request, default_of, help_of, is_required, type_of
from stylenet.requests.painting import Options

_Command: TypeAlias = Callable[..., None]

APPEARANCE, RUN, SHOW = "Appearance", "Execution", "Progress and output"


@dataclass(frozen=True)
class Flag:
    """Spelling and appearance of the option of a field.

    Attributes:
        words: Names of the option; empty: the name of the field.
        metavar: Placeholder for the value; None: its type.
        panel: Section on the help page.
        complete: Shell completion of the value.
        envvar: Environment variable that sets the value if the option is omitted.
        shows_default: Whether to print the default after the help.
    """

    words: tuple[str, ...] = ()
    metavar: str | None = None
    panel: str | None = None
    complete: Callable[[str], list[str]] | None = None
    envvar: str | None = None
    shows_default: bool = False


FLAGS: Mapping[str, Flag] = {
    "output": Flag(("--output", "-o"), metavar="FILE"),
    "style": Flag(),
    "frames": Flag(("--frames", "-n")),
    "workers": Flag(("--workers", "-w"), metavar="N"),
    "ray": Flag(metavar="ADDRESS"),
    "format": Flag(metavar="NAME"),
    "quality": Flag(metavar="1..100"),
    "steady": Flag(metavar="0..100"),
    "begin": Flag(("--from",), metavar="TIME"),
    "end": Flag(("--to",), metavar="TIME"),
    "fps": Flag(metavar="N"),
    "frame_steps": Flag(metavar="N"),
    "recipe": Flag(("--recipe", "-r"), metavar="NAME|FILE", panel=APPEARANCE, complete=complete_recipe),
    "encoder": Flag(metavar="NAME|FILE", panel=APPEARANCE, complete=complete_weights),
    "size": Flag(("--size", "-s"), metavar="SIZE", panel=APPEARANCE),
    "paper": Flag(("--print",), metavar="PAPER", panel=APPEARANCE),
    "dpi": Flag(panel=APPEARANCE),
    "strength": Flag(panel=APPEARANCE),
    "strengths": Flag(metavar="NUMBER..."),
    "style_scale": Flag(panel=APPEARANCE),
    "style_scales": Flag(metavar="NUMBER..."),
    "blend": Flag(metavar="SHARE...", panel=APPEARANCE),
    "seed": Flag(panel=APPEARANCE),
    "changes": Flag(("--set",), metavar="KEY=VALUE", panel=APPEARANCE),
    "start": Flag(metavar="WHAT|FILE", panel=APPEARANCE),
    "refine": Flag(),
    "masks": Flag(("--mask",), metavar="FILE=STYLE", panel=APPEARANCE),
    "feather": Flag(metavar="PX", panel=APPEARANCE),
    "protect": Flag(metavar="WHAT", panel=APPEARANCE),
    "keep_colors": Flag(metavar="HOW", panel=APPEARANCE),
    "palette": Flag(metavar="NAME|FILE|COLORS", panel=APPEARANCE, complete=complete_style),
    "device": Flag(metavar="NAME", panel=RUN),
    "precision": Flag(metavar="NAME", panel=RUN),
    "threads": Flag(metavar="N", panel=RUN),
    "memory": Flag(metavar="AMOUNT", panel=RUN),
    "resume": Flag(panel=RUN),
    "replay": Flag(metavar="PAINTING", panel=RUN),
    "checkpoint_every": Flag(metavar="SECONDS", panel=RUN),
    "dry_run": Flag(panel=RUN),
    "save_every": Flag(metavar="STEPS", panel=SHOW),
    "timelapse": Flag(metavar="FILE", panel=SHOW),
    "preview": Flag(metavar="FILE|none", panel=SHOW),
}
"""The flag of each field, in the order of the help page. Requests that do not derive from `Options` use the order of their fields."""


def option_of(record: type[Request], name: str, flag: Flag | None = None) -> Any:
    """The Typer option of a field, for `Annotated`."""
    flag = flag or FLAGS.get(name, Flag())
    extra: dict[str, Any] = {} if flag.complete is None else {"autocompletion": flag.complete}
    metavar = "" if _type_of(record, name) is bool else flag.metavar
    if metavar is not None:
        extra["metavar"] = metavar
    words = flag.words or (f"--{name.replace('_', '-')}",)
    help, default = help_of(record, name), default_of(record, name) if flag.shows_default else None
    if isinstance(default, str | int | float):
        help = f"{help} [{default if isinstance(default, str) else f'{default:g}'}]"
    return typer.Option(*words, help=help, rich_help_panel=flag.panel, show_default=False, envvar=flag.envvar, **extra)


def takes(record: type[Request], flags: Mapping[str, Flag] = FLAGS, *, without: Collection[str] = ()) -> Callable[[_Command], _Command]:
    """Decorator that adds an option for each field of a request that is not already a parameter of the command.

    The command receives the values of these options in `given`, without omitted ones; `changes` and lists of numbers are parsed.

    Args:
        record: The request class.
        flags: Flags of the options by field; fields that are missing get default flags.
        without: Fields without an option.
    """

    def decorate(command: _Command) -> _Command:
        signature = inspect.signature(command, eval_str=True)
        own = {name: parameter for name, parameter in signature.parameters.items() if name != "given"}
        fields = [name for name in record.__struct_fields__ if name not in own and name not in without]
        order = list(FLAGS) if issubclass(record, Options) else [*record.__struct_fields__]
        options = {name: _parameter(record, name, flags.get(name)) for name in fields}
        placed = [name for name in order if name in options or (name in own and own[name].kind is inspect.Parameter.KEYWORD_ONLY)]
        listed = [*placed, *(name for name in options if name not in placed)]
        arguments = [name for name, parameter in own.items() if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
        rest = [name for name in own if name not in arguments and name not in listed]
        parameters = {name: options[name] if name in options else own[name] for name in (*arguments, *listed, *rest)}

        @functools.wraps(command)
        def run(**values: Any) -> None:
            given = {name: _value(record, name, values.pop(name)) for name in fields}
            command(**values, given={name: value for name, value in given.items() if not _is_omitted(value)})

        run.__signature__ = signature.replace(parameters=list(parameters.values()))  # type: ignore[attr-defined]
        run.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
        del run.__wrapped__  # otherwise Typer would read its annotations
        return run

    return decorate


def parse_numbers(text: str, name: str) -> tuple[float, ...]:
    """The numbers in `text`, separated by commas or spaces; `name` is the option, for messages.

    Raises:
        UsageError: a part of the text is not a number.
    """
    try:
        return tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(f"{name} is '{text}'; write numbers, such as 30 50 70") from None


def parse_changes(items: Sequence[str] | None) -> dict[str, str]:
    """Parse `--set KEY=VALUE` into parameters and their values, both as text."""
    changes = {}
    for item in items or ():
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set is '{item}'; write KEY=VALUE, such as --set style.weight=20")
        changes[key.strip()] = value.strip()
    return changes


def _parameter(record: type[Request], name: str, flag: Flag | None) -> inspect.Parameter:
    kind = _type_of(record, name)
    required = is_required(record, name)
    default = inspect.Parameter.empty if required else False if kind is bool else None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind if required or kind is bool else kind | None, option_of(record, name, flag)],
    )


def _type_of(record: type[Request], name: str) -> Any:
    """The type of a field's option for Typer: a number, a choice, a flag, a string, or a list of strings for repeated options."""
    kinds = _alternatives(type_of(record, name))
    if tuple[str, ...] in kinds or any(get_origin(kind) is dict for kind in kinds):
        return list[str]
    if any(get_origin(kind) is tuple for kind in kinds):
        return str
    return str if str in kinds else kinds[0]


def _alternatives(kind: Any) -> list[Any]:
    """The types that a value may have, without None and ranges."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [each for part in get_args(kind) for each in _alternatives(part)]
    return [] if kind is type(None) else [kind]


def _is_omitted(value: Any) -> bool:
    return value is None or value is False or value == ()


def _value(record: type[Request], name: str, value: Any) -> Any:
    if name == "changes":
        return parse_changes(value) or None
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and tuple[float, ...] in _alternatives(type_of(record, name)):
        return parse_numbers(value, f"--{name.replace('_', '-')}")
    return value
