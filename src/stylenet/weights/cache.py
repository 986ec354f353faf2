"""Where fetched and imported weights lie, and the settings that say so.

| variable | meaning |
|---|---|
| `STYLENET_CACHE` | the folder to use in place of the platform's cache folder |
| `STYLENET_OFFLINE` | 1: nothing is ever fetched |
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from stylenet.errors import WeightsError


def cache_folder() -> Path:
    """The folder for files that can be fetched again; it may not exist yet."""
    chosen = os.environ.get("STYLENET_CACHE", "").strip()
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("stylenet", appauthor=False)


def weights_folder() -> Path:
    """The folder of weights in our own form, one safetensors file for each name."""
    return cache_folder() / "weights"


def downloads_folder() -> Path:
    """The folder of files as their publishers made them."""
    return cache_folder() / "downloads"


def is_offline() -> bool:
    """Whether `STYLENET_OFFLINE` forbids to fetch anything."""
    return os.environ.get("STYLENET_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


@contextmanager
def exclusive(path: Path, *, timeout_s: float = 3600.0) -> Iterator[None]:
    """Hold `path` against every other process and thread; a second one waits until the first is done.

    Raises:
        WeightsError: The other one held it for longer than `timeout_s`, or the folder cannot be written.
    """
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise WeightsError(f"another process has been busy with {path} for {timeout_s:.0f} s; end it or try again later") from None
    except OSError as error:
        raise WeightsError(f"cannot use the cache folder {path.parent}: {error.strerror}; set STYLENET_CACHE to another one") from error
    try:
        yield
    finally:
        lock.release()
