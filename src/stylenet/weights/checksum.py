"""Identifying published files by checksum."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from stylenet.catalog.weights import PACKAGED, WEIGHTS, PackagedRecord, WeightsRecord
from stylenet.storage.hashing import checksums


class PublishedFile(Protocol):
    """What is needed to download and verify a file; `WeightsRecord` documents the attributes."""

    @property
    def name(self) -> str: ...
    @property
    def urls(self) -> tuple[str, ...]: ...
    @property
    def file_name(self) -> str: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def md5(self) -> str | None: ...


def mismatch(path: Path, record: PublishedFile) -> str | None:
    """How the file at `path` differs from the published one; None if it does not."""
    size = path.stat().st_size
    if record.size_bytes is not None and size != record.size_bytes:
        return f"{size} bytes, expected {record.size_bytes}"
    given = checksums(path)
    if record.sha256 and not given["sha256"].startswith(record.sha256):
        return f"SHA-256 {given['sha256'][: len(record.sha256)]}, expected {record.sha256}"
    if record.md5 and given["md5"] != record.md5:
        return f"MD5 {given['md5']}, expected {record.md5}"
    return None


def packaged_as(sha256: str) -> PackagedRecord | None:
    """The file with this checksum, if another package includes it."""
    return next((record for record in PACKAGED.values() if record.sha256 == sha256), None)


def published_as(given: dict[str, str]) -> WeightsRecord | PackagedRecord | None:
    """The published file with the checksums `given`, if it is in the catalog."""
    if packaged := packaged_as(given["sha256"]):
        return packaged
    for record in WEIGHTS.values():
        if (record.sha256 and given["sha256"].startswith(record.sha256)) or (record.md5 and given["md5"] == record.md5):
            return record
    return None
