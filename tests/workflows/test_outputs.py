"""Output files: distinct from inputs, and default names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stylenet.errors import OutputError, UsageError
from stylenet.workflows.outputs import keep_apart, make_folder, reserve_output

INPUTS = {"photo.png", "drawing.png"}


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a photo and a drawing, of which only the names matter."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in INPUTS:
        (here / name).write_bytes(b"picture")
    return here


def test_results_may_lie_beside_and_in_folders_called_like_a_style(folder: Path) -> None:
    (folder / "starry-night").mkdir()
    out = folder / "starry-night" / "out.png"
    out.write_bytes(b"picture")
    keep_apart([("--output", out)], ["photo.png", "starry-night"])
    with pytest.raises(UsageError, match="in the folder 'starry-night'"):
        keep_apart([("--output", out)], ["photo.png", "./starry-night"])


def test_an_invented_name_is_taken_at_once_and_given_back_unused(folder: Path) -> None:
    with reserve_output(None, "a photo/of:mine") as first, reserve_output(None, "a photo/of:mine") as second:
        assert [first.name, second.name] == ["a-photo-of-mine.png", "a-photo-of-mine-2.png"]
        assert first.stat().st_size == 0
        second.write_bytes(b"picture")
    assert files_in(folder) == INPUTS | {"a-photo-of-mine-2.png"}


def test_what_was_stopped_is_gone_on_with_under_the_name_that_was_invented(folder: Path) -> None:
    for name in ("photo.png", "photo-2.png", "photo-2.png.resume"):
        (folder / name).write_bytes(b"picture")
    with reserve_output(None, "photo", state=".resume") as path:
        assert path.name == "photo-2.png"
    with reserve_output(None, "drawing", state=".resume") as path:
        assert path.name == "drawing-2.png"


def test_a_folder_that_cannot_be_written_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", closed)
    with reserve_output(None, "painting") as path:
        assert path == Path("painting.png")


def test_outputs_are_neither_inputs_nor_one_file(folder: Path) -> None:
    photo, new = Path("photo.png"), Path("new.png")
    keep_apart([("--output", new), ("--preview", None), ("--timelapse", Path("new.gif"))], [photo, None, "drawing.png", "starry-night"])
    (folder / "link.png").symlink_to("photo.png")
    (folder / "hard.png").hardlink_to(folder / "photo.png")
    for output in (photo, folder / "photo.png", Path("link.png"), Path("hard.png"), Path("..", "here", "photo.png")):
        with pytest.raises(UsageError, match=r"is also an input, 'photo.png'; choose another name for --output"):
            keep_apart([("--output", output)], [photo])
    with pytest.raises(UsageError, match=r"two outputs, --output 'new.png' and --preview '.*', are the same file; give two files"):
        keep_apart([("--output", new), ("--preview", folder / "new.png")], [photo])


def test_files_of_a_folder_of_paintings_are_inputs_and_new_ones_are_not(folder: Path) -> None:
    (folder / "paintings").mkdir()
    (folder / "paintings" / "one.png").write_bytes(b"picture")
    (folder / "paintings" / "empty.png").touch()
    with pytest.raises(UsageError, match="also an input, in the folder 'paintings'; choose another name for --output"):
        keep_apart([("--output", Path("paintings/one.png"))], ["paintings"])
    for name in ("empty.png", "new.png"):  # a name that was invented is an empty file
        keep_apart([("--output", Path("paintings", name))], ["paintings"])


def test_an_output_that_is_given_is_left_alone(folder: Path) -> None:
    with reserve_output(Path("photo.png"), "ignored") as path:
        assert path == Path("photo.png")
    with reserve_output(Path("new.png"), "ignored"):
        pass
    assert files_in(folder) == INPUTS


@pytest.mark.parametrize(
    ("stem", "name"), [("...", "painting"), ("", "painting"), ("зима", "зима"), ("a b\tc", "a-b-c"), ("x" * 300, "x" * 100)]
)
def test_invented_names_are_ones_that_every_system_takes(folder: Path, stem: str, name: str) -> None:
    with reserve_output(None, stem, ".gif") as path:
        assert path == Path(f"{name}.gif")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and links as on POSIX")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pipe", "'pipe' is a device or a pipe"),
        ("broken", "'broken' is a link to 'nowhere', which does not exist or leads back to the link"),
        ("loop", "'loop' is a link to 'loop', which does not exist or leads back to the link"),
        ("photo.png", "'photo.png' is a file"),
        ("photo.png/a/b", "'photo.png' is a file"),
        ("loop/a", "'loop' is a link to 'loop', which does not exist or leads back to the link"),
    ],
)
def test_what_is_in_the_place_of_a_folder(folder: Path, name: str, reason: str) -> None:
    os.mkfifo("pipe")
    os.symlink("nowhere", "broken")
    os.symlink("loop", "loop")
    with pytest.raises(OutputError) as caught:
        make_folder(Path(name))
    assert str(caught.value) == f"cannot create the folder '{name}': {reason}; choose another one with --output"
    assert not Path("nowhere").exists()


def test_folders_are_made_with_their_parents(folder: Path) -> None:
    make_folder(folder / "a" / "b")
    make_folder(folder / "a" / "b")
    assert (folder / "a" / "b").is_dir()
    with pytest.raises(OutputError, match=r"cannot create the folder '.*photo.png'.*; choose another one with --output"):
        make_folder(folder / "photo.png")
