"""A fake archive of onnxruntime-web."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from stylenet.page.runtime import Runtime


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "runtime-9.9.9.tgz"
    with tarfile.open(path, "w:gz") as packed:
        for name, content in {"one.mjs": b"export {};", "one.wasm": b"\0asm", "other.js": b"0"}.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="session")
def runtime(archive: Path) -> Runtime:
    data = archive.read_bytes()
    return Runtime(
        name="onnxruntime-web",
        version="9.9.9",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        licence="MIT",
        files=("one.mjs", "one.wasm"),
    )
