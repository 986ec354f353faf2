"""Folders of downloaded and imported weights, and their settings.

| variable | meaning |
|---|---|
| `STYLENET_CACHE` | the folder to use instead of the platform's cache folder |
| `STYLENET_OFFLINE` | 1: never download anything |
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
    """The folder for files that can be downloaded again; it may not exist yet."""
    chosen = os.environ.get("STYLENET_CACHE", "").strip()
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("stylenet", appauthor=False)


def weights_folder() -> Path:
    """The folder of installed weights, one safetensors file for each name."""
    return cache_folder() / "weights"


def downloads_folder() -> Path:
    """The folder of downloaded files, as published."""
    return cache_folder() / "downloads"


def is_offline() -> bool:
    """Whether `STYLENET_OFFLINE` forbids downloads."""
    return os.environ.get("STYLENET_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


@contextmanager
def exclusive(path: Path, *, timeout_s: float = 3600.0) -> Iterator[None]:
    """Lock `path`; other processes and threads wait until it is released.

    Raises:
        WeightsError: The lock was not released within `timeout_s`, or the folder is not writable.
    """
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise WeightsError(f"another process has been using {path} for {timeout_s:.0f} s; end it or try again later") from None
    except OSError as error:
        raise WeightsError(f"cannot use the cache folder {path.parent}: {error.strerror}; set STYLENET_CACHE to another one") from error
    try:
        yield
    finally:
        lock.release()
