"""Checks of output files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import OutputError
from stylenet.image.files import save_image
from stylenet.image.output import check_output, check_quality

IMAGE = np.full((1, 3, 8, 8), 0.5, np.float32)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out", r"it has no suffix; allowed are \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"),
        ("out.pgn", r"unsupported output format '\.pgn'; .* Did you mean '\.png'\?"),
        ("folder.png", "it is a folder; give the name of a file"),
        ("missing/out.png", "there is no folder '.*missing'; create it first"),
        ("paintnigs/out.png", r"Did you mean 'paintings'\?"),
    ],
)
def test_bad_paths_are_rejected_before_painting(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "paintings").mkdir()
    with pytest.raises(OutputError, match=message):
        check_output(tmp_path / name)


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(OutputError, match="you have no permission to write to the folder"):
        check_output(tmp_path / "out.png")


def test_a_protected_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.png").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) == tmp_path)
    with pytest.raises(OutputError, match="write-protected; choose another name"):
        check_output(tmp_path / "out.png")


def test_a_device() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("a device file of Linux")
    with pytest.raises(OutputError, match="it is a device or a pipe"):
        check_output("/dev/full", formats={"": "PNG"})


@pytest.mark.parametrize(("name", "side"), [("a.webp", 16_384), ("a.jpg", 65_501)])
def test_a_size_that_the_format_cannot_hold(tmp_path: Path, name: str, side: int) -> None:
    assert check_output(tmp_path / name, size=(side - 1, 1)) == tmp_path / name
    with pytest.raises(OutputError, match=rf"{side} x 1 pixels are too many for .*; write a \.png or \.tif"):
        check_output(tmp_path / name, size=(side, 1))


@pytest.mark.parametrize("existing", [None, b"the old picture"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError("bug")])
def test_a_failed_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bytes | None, error: BaseException
) -> None:
    target = tmp_path / "out.png"
    if existing is not None:
        target.write_bytes(existing)
    before = sorted(path.name for path in tmp_path.iterdir())

    def half(self: PIL.Image.Image, path: Path, **options: Any) -> None:
        Path(path).write_bytes(b"\x89PNG half a pic")
        raise error

    monkeypatch.setattr(PIL.Image.Image, "save", half)
    with pytest.raises(OutputError if isinstance(error, OSError) else type(error)) as caught:
        save_image(IMAGE, target)
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write '{target}': No space left on device; nothing was changed"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert existing is None or target.read_bytes() == existing


def test_a_rename_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, destination: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied; nothing was changed"):
        save_image(IMAGE, tmp_path / "out.png")
    assert not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        fresh = save_image(IMAGE, tmp_path / "fresh.png")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
    fresh.chmod(0o604)
    (tmp_path / "link.png").symlink_to(fresh)
    fresh.write_bytes(b"old")
    save_image(IMAGE, tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert fresh.read_bytes().startswith(b"\x89PNG")
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o604


def test_a_disk_without_room_is_reported_before_painting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.image.output.shutil.disk_usage", lambda folder: SimpleNamespace(free=5_000_000))
    assert check_output(tmp_path / "a.png", size=(800, 600)) == tmp_path / "a.png"
    with pytest.raises(OutputError, match=r"5 MB are free, but 4000 x 3000 pixels may need 72; free some space"):
        check_output(tmp_path / "a.png", size=(4000, 3000))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 300 + ".png", "File name too long; choose another name"),
        ("file.txt/out.png", "is a file, not a folder"),
        ("folder", "it is a folder; give the name of a file"),
        ("a\0b.png", "embedded null byte; choose another name"),
    ],
)
def test_paths_that_no_file_can_have(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=reason):
        check_output(tmp_path / name)


def test_formats_with_a_quality() -> None:
    for name in ("a.jpg", "a.JPEG", "a.webp"):
        check_quality(Path(name))
    for name in ("a.png", "a.tif"):
        with pytest.raises(OutputError, match=r"quality is for \.jpg and \.webp"):
            check_quality(Path(name))
