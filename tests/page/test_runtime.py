"""onnxruntime-web: the archive to use, and its source."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from stylenet.errors import DownloadError, WeightsError
from stylenet.page.runtime import DEFAULT_REGISTRY, Runtime, pinned_runtime, registry, runtime_files


def test_only_the_files_that_a_page_needs_are_taken(runtime: Runtime, archive: Path):
    assert runtime_files(runtime, archive) == {"one.mjs": b"export {};", "one.wasm": b"\0asm"}


def test_another_archive_is_refused_by_its_checksum(runtime: Runtime, archive: Path, tmp_path: Path):
    other = tmp_path / archive.name
    other.write_bytes(archive.read_bytes()[:-1] + b"\1")
    with pytest.raises(WeightsError, match=r"is not the archive of onnxruntime-web 9\.9\.9 .*npm pack onnxruntime-web@9\.9\.9"):
        runtime_files(runtime, other)


def test_a_missing_archive_is_said(runtime: Runtime, tmp_path: Path):
    with pytest.raises(WeightsError, match="there is no file"):
        runtime_files(runtime, tmp_path / "none.tgz")


def test_an_archive_without_a_file_is_refused(runtime: Runtime, archive: Path):
    with pytest.raises(WeightsError, match="does not contain what a page needs"):
        runtime_files(msgspec.structs.replace(runtime, files=("two.mjs",)), archive)


def test_offline_it_is_said_how_to_get_it_by_hand(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STYLENET_OFFLINE", "1")
    with pytest.raises(DownloadError, match=r"STYLENET_OFFLINE forbids downloads; .*--runtime FILE"):
        runtime_files(runtime)


def test_a_fetched_archive_is_kept(runtime: Runtime, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "downloads" / "onnxruntime-web" / "onnxruntime-web-9.9.9.tgz"
    kept.parent.mkdir(parents=True)
    shutil.copy(archive, kept)
    assert set(runtime_files(runtime)) == {"one.mjs", "one.wasm"}


def test_the_place_that_npm_is_set_up_for_is_asked(tmp_path: Path):
    assert registry({}, tmp_path) == DEFAULT_REGISTRY
    (tmp_path / ".npmrc").write_text("audit=false\nregistry = https://packages.example/npm\n", encoding="utf-8")
    assert registry({}, tmp_path) == "https://packages.example/npm/"
    assert registry({"npm_config_registry": "https://other.example/"}, tmp_path) == "https://other.example/"


def test_the_pinned_version_is_stated_whole():
    pinned = pinned_runtime()
    assert len(pinned.sha256) == 64
    assert {name.rsplit(".", 1)[-1] for name in pinned.files} == {"mjs", "wasm"}
