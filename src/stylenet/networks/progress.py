"""Progress callbacks, which count shares of the whole work. Does not import torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

PartDone: TypeAlias = Callable[[float], None]
"""Called with the share of the work done since the last call; the shares sum to 1. It may raise an exception to cancel the work."""


def ignored(share: float) -> None:
    """Progress callback that does nothing."""


def share_of(done: PartDone, share: float) -> PartDone:
    """A progress callback for a part of the work, which is `share` of the whole."""
    return lambda part: done(share * part)
