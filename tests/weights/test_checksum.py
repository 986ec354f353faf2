"""Published files are identified by size and checksums."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from stylenet.catalog.weights import PACKAGED, WEIGHTS
from stylenet.storage.hashing import checksums
from stylenet.weights import checksum
from stylenet.weights.checksum import mismatch, packaged_as, published_as

DATA = b"weights"
RECORD = replace(
    next(iter(WEIGHTS.values())), size_bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest()[:8], md5=hashlib.md5(DATA).hexdigest()
)


def test_each_difference_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    assert mismatch(path, RECORD) is None
    assert mismatch(path, replace(RECORD, size_bytes=None, sha256=None, md5=None)) is None
    path.write_bytes(DATA + b"!")
    assert mismatch(path, RECORD) == "8 bytes, expected 7"
    path.write_bytes(b"Weights")
    assert mismatch(path, RECORD) == f"SHA-256 {hashlib.sha256(b'Weights').hexdigest()[:8]}, expected {RECORD.sha256}"
    assert mismatch(path, replace(RECORD, sha256=None)) == f"MD5 {hashlib.md5(b'Weights').hexdigest()}, expected {RECORD.md5}"


def test_files_are_recognized(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    given = checksums(path)
    assert published_as(given) is None
    for record in (replace(RECORD, md5=None), replace(RECORD, sha256=None)):
        monkeypatch.setattr(checksum, "WEIGHTS", {"other": replace(RECORD, sha256="0" * 8, md5="0" * 32), "mine": record})
        assert published_as(given) is record
    (packaged,) = [record for record in PACKAGED.values() if record.name == "vgg19"]
    assert packaged_as(packaged.sha256) is packaged
    assert published_as({"sha256": packaged.sha256, "md5": ""}) is packaged
    assert packaged_as("0" * 64) is None
