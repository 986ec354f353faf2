"""Checksums of files."""

import hashlib
from pathlib import Path

import pytest

from stylenet.storage.hashing import checksums, file_sha256


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 20_000], ids=["empty", "abc", "5 MB"])
def test_checksums_are_those_of_all_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert file_sha256(path) == hashlib.sha256(data).hexdigest()
    assert checksums(path) == {"sha256": file_sha256(path), "md5": hashlib.md5(data).hexdigest()}


def test_a_published_value(tmp_path: Path) -> None:
    """FIPS 180-2, B.1, and RFC 1321, A.5."""
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert checksums(tmp_path / "abc")["md5"] == "900150983cd24fb0d6963f7d28e17f72"
