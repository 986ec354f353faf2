"""What a process that was forked must begin anew: locks may be held for ever, and threads are gone."""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Protocol


class Forked(Protocol):
    """Something that holds a lock or threads."""

    def after_fork(self) -> None:
        """Begin anew; called in the child, before anything else runs there."""


_WATCHED: weakref.WeakSet[Forked] = weakref.WeakSet()


def watch(holder: Forked) -> None:
    """Have `holder.after_fork` called in every process that is forked from this one."""
    _register()
    _WATCHED.add(holder)


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_begin_anew)


def _begin_anew() -> None:
    for holder in list(_WATCHED):
        holder.after_fork()
