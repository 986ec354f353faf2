"""Reading headers written by the safetensors package, and rejecting other files."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from stylenet.catalog.networks import network_files
from stylenet.catalog.styles import built_in_styles
from stylenet.storage.headers import is_safetensors, read_metadata


def headed(header: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header


def test_what_was_written_is_read(tmp_path: Path) -> None:
    metadata = {"name": "Hügel", "card": json.dumps({"a": [1, 2]})}
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "a", metadata=metadata)
    assert read_metadata(tmp_path / "a") == metadata
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "b")
    assert read_metadata(tmp_path / "b") == {}


@pytest.mark.parametrize("path", [*built_in_styles().values(), *network_files().values()], ids=lambda path: path.stem)
def test_files_that_ship_say_what_the_package_reads(path: Path) -> None:
    with safe_open(path, framework="numpy") as file:
        assert read_metadata(path) == file.metadata()


def test_a_file_that_was_cut_off_still_says_what_it_was(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3000, np.float32)}, tmp_path / "a", metadata={"name": "a"})
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-10_000])
    assert read_metadata(tmp_path / "a") == {"name": "a"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "too short"),
        (b"short", "too short"),
        (b"\xff" * 64, "too long"),
        (headed(b"{}", length=(1 << 20) + 1), "too long"),
        (headed(b'{"__metadata__": {"a": "b"'), "delimiter"),
        (headed(b'{"\xff": 1}'), "decode"),
        (headed(b"[1, 2]"), "something other"),
        (headed(b'{"__metadata__": [1]}'), "something other"),
        (headed(b'{"__metadata__": {"a": {"b": 1}}}'), "something other"),
        (headed(b"[" * 500_000), "nested too deep"),
        (b"PK\x03\x04" + bytes(100), "too long"),
        (headed(b"no JSON"), "Expecting value"),
    ],
)
def test_other_files_are_rejected(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_metadata(tmp_path / "a")


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(OSError, match=r"No such file|Is a directory"):
            read_metadata(path)


def test_telling_by_the_first_bytes(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    assert is_safetensors(data, len(data))
    assert not any(is_safetensors(head, 10_000) for head in (b"", data[:8], headed(b"[1]"), headed(b"{}", length=20_000), bytes(64)))
