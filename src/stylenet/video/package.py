"""PyAV, imported when it is needed."""

from __future__ import annotations

from typing import Any

from stylenet.errors import UsageError


def pyav() -> Any:
    """The package av, which prints nothing.

    Raises:
        UsageError: it is missing.
    """
    try:
        import av
    except ImportError:
        raise UsageError('clips need PyAV; install it with: pip install "stylenet[video]"') from None
    av.logging.set_level(None)  # what is wrong with a clip is said in one line, by the code that reads it
    return av
