"""PyAV, imported when it is needed."""

from __future__ import annotations

from typing import Any

from stylenet.extras import require


def pyav() -> Any:
    """The package av, which prints nothing.

    Raises:
        UsageError: it is missing.
    """
    av = require("av", "a clip")
    av.logging.set_level(None)  # what is wrong with a clip is said in one line, by the code that reads it
    return av
