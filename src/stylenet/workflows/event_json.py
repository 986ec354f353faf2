"""Events as JSON, for `--json` and the server. Pictures are represented by their size, without pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylenet.events import Done, Event, Notice, Preview, Started
from stylenet.notices import CodedNotice, code_of


def event_name(event: Event) -> str:
    """The event's name: started, step, progress, preview, notice, saved or done."""
    return type(event).__name__.lower()


def event_values(event: Event, **extra: Any) -> dict[str, Any]:
    """The event as JSON values, with its name under `event`; the code and the values of notices are added.

    Args:
        event: The event.
        extra: Additional values, placed before those of the event.
    """
    if isinstance(event, Preview):
        height, width = event.image.shape[2:]
        values: dict[str, Any] = {"step": event.step, "size_px": (width, height), "scheduled": event.scheduled}
    elif isinstance(event, Done):
        values = {name: value for name, value in vars(event).items() if name != "image"}
    else:
        values = dict(vars(event))
    if isinstance(event, Notice) and isinstance(event.message, CodedNotice):
        values |= code_of(event.message)
    if isinstance(event, Started):
        values["notice_codes"] = [code_of(notice) for notice in event.notices]
    return {"event": event_name(event), **plain({**extra, **values})}


def plain(value: Any) -> Any:
    """`value` converted to JSON types, without infinities, paths and tuples."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, (Path, str)) else value
