"""Atomic writing, and deleting files by name."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from stylenet.errors import OutputError, StyleError
from stylenet.storage.atomic import delete_by_name, write_whole, written_whole


def test_nothing_is_at_the_path_until_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with written_whole(target) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"all of it")
        assert not target.exists()
    assert target.read_bytes() == b"all of it"
    assert not temporary.exists()


@pytest.mark.parametrize("existing", [None, b"the old one"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError("bug")])
def test_a_failed_write_leaves_everything_as_it_was(existing: bytes | None, error: BaseException, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    if existing is not None:
        target.write_bytes(existing)
    before = sorted(path.name for path in tmp_path.iterdir())
    kind = OutputError if isinstance(error, OSError) else type(error)

    def write_half() -> None:
        with written_whole(target) as temporary:
            temporary.write_bytes(b"half of")
            raise error

    with pytest.raises(kind) as caught:
        write_half()
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write '{target}': No space left on device; nothing was changed"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert existing is None or target.read_bytes() == existing


def test_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="No such file or directory; nothing was changed"):
        write_whole(tmp_path / "gone" / "out.bin", b"")

    def refuse(source: Path, destination: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied; nothing was changed"):
        write_whole(tmp_path / "out.bin", b"data")
    assert not any(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.bin"
    previous = os.umask(0o027)
    try:
        write_whole(fresh, b"one")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
    fresh.chmod(0o604)
    (tmp_path / "link.bin").symlink_to(fresh)
    write_whole(tmp_path / "link.bin", b"two")
    assert (tmp_path / "link.bin").is_symlink()
    assert fresh.read_bytes() == b"two"
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o604


def test_files_are_deleted_by_name_and_each_once(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("one", "two", "three")}
    for path in files.values():
        path.touch()
    gone = delete_by_name(["two", "one", "two"], files, missing="no style '{}'", error=StyleError)
    assert gone == [files["two"], files["one"]]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["three"]


def test_nothing_is_deleted_where_a_name_is_unknown(tmp_path: Path) -> None:
    files = {"waves": tmp_path / "waves"}
    files["waves"].touch()
    with pytest.raises(StyleError, match=r"^no style 'wave\{' was added; available: waves\. Did you mean 'waves'\?$"):
        delete_by_name(["waves", "wave{"], files, missing="no style '{}' was added", error=StyleError)
    assert files["waves"].exists()
    with pytest.raises(StyleError, match=r"^no style 'x' was added; there are none$"):
        delete_by_name(["x"], {}, missing="no style '{}' was added", error=StyleError)


def test_a_file_that_cannot_be_deleted(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot delete '.*gone': No such file"):
        delete_by_name(["gone"], {"gone": tmp_path / "gone"}, missing="{}", error=StyleError)
