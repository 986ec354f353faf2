"""Reset locks and threads in forked processes, where locks may never be released and threads no longer exist."""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Protocol


class Forked(Protocol):
    """An object that holds locks or threads."""

    def after_fork(self) -> None:
        """Reset the state; called in the child process before anything else runs."""


_HOLDERS: weakref.WeakSet[Forked] = weakref.WeakSet()


def reset_after_fork(holder: Forked) -> None:
    """Call `holder.after_fork` in every process forked from this one."""
    _register()
    _HOLDERS.add(holder)


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_reset)


def _reset() -> None:
    for holder in list(_HOLDERS):
        holder.after_fork()
