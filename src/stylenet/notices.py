"""Notices for the user that programs and translations can recognize."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self


class CodedNotice(str):
    """A notice in one line of English, with the code of its kind and the values in it.

    It is a string, so that it prints and compares like any other notice.

    Args:
        message: The line.
        code: Stable identifier for programs and translations; "" if there is none.
        values: Values in the message, for a translation.
    """

    code: str
    values: dict[str, Any]

    def __new__(cls, message: str, code: str = "", **values: Any) -> Self:
        notice = super().__new__(cls, message)
        notice.code, notice.values = code, values
        return notice


def code_of(notice: str) -> dict[str, Any]:
    """The code of a notice, "" if it has none, and its values, as JSON."""
    return {"code": getattr(notice, "code", ""), "values": getattr(notice, "values", {})}


def prefixed(name: str, notices: Iterable[str]) -> tuple[str, ...]:
    """Notices about one of several files, each with its name in front."""
    return tuple(CodedNotice(f"{name}: {notice}", code_of(notice)["code"], **code_of(notice)["values"]) for notice in notices)
