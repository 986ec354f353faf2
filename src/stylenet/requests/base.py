"""Records that check their values on construction."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from stylenet.errors import UsageError, did_you_mean, shortened

_LONGEST_BITS = 256  # of a number that is written out in a message


def option(help: str, *, allowed: str = "", **limits: Any) -> Meta:
    """Define the help and the range of an option.

    Args:
        help: One sentence for `--help` and forms.
        allowed: The range as text for error messages; default: msgspec's message.
        limits: Constraints of `msgspec.Meta`, such as `ge` and `le`.
    """
    return Meta(description=help, extra={"allowed": allowed}, **limits)


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record whose values are checked on construction and when read from JSON.

    Raises:
        UsageError: a value has the wrong type or is out of range. The message states what is allowed.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            given = getattr(self, name)
            value = _checked(type(self), name, given)
            if value is not given:
                msgspec.structs.force_setattr(self, name, value)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Create a request; values that are None count as omitted.

        Raises:
            UsageError: an option does not exist, or a value is not allowed.
        """
        given = {name: value for name, value in values.items() if value is not None}
        for name in given:
            if name not in cls.__struct_fields__:
                known = cls.__struct_fields__
                raise UsageError(f"there is no option '{name}'; allowed are {', '.join(known)}{did_you_mean(name, known)}")
        return cls(**given)


def help_of(record: type[Request], name: str) -> str:
    """The help of an option."""
    meta = _meta(record).get(name)
    return (meta.description if meta is not None else None) or ""


def default_of(record: type[Request], name: str) -> Any:
    """The default of an option."""
    field = _fields(record)[name]
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def type_of(record: type[Request], name: str) -> Any:
    """The type of an option, with its range."""
    return _types(record)[name]


def is_required(record: type[Request], name: str) -> bool:
    """Whether an option has no default."""
    return bool(_fields(record)[name].required)


@functools.cache
def _fields(record: type[Request]) -> Mapping[str, Any]:
    return {field.name: field for field in msgspec.structs.fields(record)}


@functools.cache
def _types(record: type[Request]) -> Mapping[str, Any]:
    return get_type_hints(record, include_extras=True)


@functools.cache
def _meta(record: type[Request]) -> Mapping[str, Meta]:
    found = {}
    for name, kind in _types(record).items():
        if get_origin(kind) is Annotated:
            found[name] = next((part for part in get_args(kind)[1:] if isinstance(part, Meta)), Meta())
    return found


def _checked(record: type[Request], name: str, value: Any) -> Any:
    """A value converted to the type of its field."""
    value = _as_python(value)
    label = name.replace("_", "-")
    texts = [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else []
    if not is_required(record, name) and any(isinstance(text, str) and not text for text in texts):
        raise UsageError(f"{label} is empty; give a value, or omit it")
    try:
        return msgspec.convert(value, _types(record)[name])
    except msgspec.ValidationError as error:
        meta = _meta(record).get(name)
        allowed = (meta.extra or {}).get("allowed", "") if meta is not None else ""
        reason = f"; allowed are {allowed}" if allowed else f": {_reason_of(error)}"
        raise UsageError(f"{label} is {_formatted(value, error)}{reason}") from None


def _as_python(value: Any) -> Any:
    """Convert NumPy numbers, arrays and tensors to Python values, and paths to text."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple)):
        converted = [_as_python(part) for part in value]
        return value if all(new is old for new, old in zip(converted, value, strict=True)) else tuple(converted)
    # Of arrays, only lists of numbers are options; a picture would take gigabytes as Python numbers.
    return value.tolist() if hasattr(value, "tolist") and getattr(value, "ndim", 2) <= 1 else value


def _formatted(value: Any, error: msgspec.ValidationError) -> str:
    if isinstance(value, str):
        return f"'{shortened(value)}'"
    if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:
        return f"about {'-' * (value < 0)}10^{round(value.bit_length() * math.log10(2))}"
    # A whole number is shown as 3.0 only where the type is wrong and not the range.
    return f"{value:g}" if isinstance(value, float) and ", got " not in str(error) else shortened(str(value))


def _reason_of(error: Exception) -> str:
    text = str(error).split(" - at ")[0]
    text = text[:1].lower() + text[1:].replace("`", "'")
    return text.replace(" | null", "").replace("array", "list")
