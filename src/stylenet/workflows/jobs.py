"""Jobs that workers paint, and their results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from stylenet.errors import StylenetError
from stylenet.storage.hashing import file_sha256

PAINTED, THERE, FAILED, LEFT = "painted", "there", "failed", "left"
"""States of a result: painted, already painted by the same request, failed, or interrupted."""

UNSEEN = "unseen"
"""State of a job whose source the worker cannot read from its path; it needs the bytes."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A part of a request, for a worker.

    Attributes:
        source: The file as given, for messages.
        path: The absolute path.
        sha256: Checksum of the file.
        data: The bytes of the file, for a worker on a machine that does not have it.
    """

    source: Path
    path: Path
    sha256: str
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a job.

    Attributes:
        state: One of the states of this module.
        data: The file that was painted.
        reason: Why it failed, in one line.
    """

    state: str
    data: bytes = b""
    reason: str = ""


def is_source_there(job: Job) -> bool:
    """Whether the source of a job is on this machine, at the same path."""
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
        """Hashes of everything that the results depend on, except the source."""

    def paint(self, job: Any, *, should_stop: Callable[[], bool]) -> Result | StylenetError:
        """Paint a job. A returned error ends the whole request."""


OpenPainter: TypeAlias = Callable[..., Painter]
"""Opens the painter of a request (with its recipe resolved) in a worker; `given` is the original request, if the first one refers to
copies of its files. It must be importable by its name."""
