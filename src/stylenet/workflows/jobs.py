"""Jobs for workers, and their results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from stylenet.errors import StylenetError
from stylenet.storage.hashing import file_sha256

PAINTED, ALREADY_PAINTED, FAILED, INTERRUPTED = "painted", "there", "failed", "left"
"""States of a result. `ALREADY_PAINTED`: the output exists and was painted by the same request."""

NEEDS_DATA = "needs data"
"""State of a job whose source file the worker does not have; it must receive the bytes."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A part of a request that one worker paints.

    Attributes:
        source: Path of the source file as given, for messages.
        path: Absolute path of the source file.
        sha256: Checksum of the source file.
        data: Bytes of the source file, for a worker that does not have it.
    """

    source: Path
    path: Path
    sha256: str
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a job.

    Attributes:
        state: One of the states in this module.
        data: Bytes of the painted file.
        reason: Why the job failed, in one line.
        notices: Notices for the user, one line each.
    """

    state: str
    data: bytes = b""
    reason: str = ""
    notices: tuple[str, ...] = ()


def has_source(job: Job) -> bool:
    """Whether this machine has the source file of a job at the same path."""
    try:
        return job.path.is_file() and file_sha256(job.path) == job.sha256
    except OSError:
        return False


def key_of(values: Mapping[str, Any]) -> str:
    """The hash of plain values, for `Painter.keys`."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


class Painter(Protocol):
    """Paints the jobs of one request."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Hashes of everything that affects the results, except the source file."""

    def paint(self, job: Any, *, should_stop: Callable[[], bool]) -> Result | StylenetError:
        """Paint a job. A returned error ends the whole request."""


OpenPainter: TypeAlias = Callable[..., Painter]
"""Opens the painter for a request (with its recipe resolved) in a worker. The keyword `given` is the original request if the first one
refers to copies of its files. It must be importable by name."""
