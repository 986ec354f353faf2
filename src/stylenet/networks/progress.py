"""How far the work on a picture is, as shares of the whole. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

PartDone: TypeAlias = Callable[[float], None]
"""Called with the share of the work that was done since the last call; all of them sum to 1. It may raise, to end the work."""


def ignored(share: float) -> None:
    """Do nothing: nobody asks how far the work is."""


def share_of(done: PartDone, share: float) -> PartDone:
    """`done` for a part of the work: what it is given counts `share` times."""
    return lambda more: done(share * more)
