"""PyAV, imported on first use."""

from __future__ import annotations

from typing import Any

from stylenet.extras import require


def pyav() -> Any:
    """The package av, with its logging turned off.

    Raises:
        UsageError: it is not installed.
    """
    av = require("av", "a clip")
    av.logging.set_level(None)  # callers report errors themselves
    return av
