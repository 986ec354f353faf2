"""Photos in folders, and the paths of their results."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from stylenet.errors import ImageError, UsageError
from stylenet.workflows.folders import FoundPhotos, find_photos, lay_out_pairs, style_name


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of empty files, of which only the names matter."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "sub/c.webp", "sub/readme", ".cache/d.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


def found(*places: str) -> FoundPhotos:
    return FoundPhotos(photos=tuple((Path(place), PurePath(place)) for place in places), left_out=0)


def outputs(places: FoundPhotos, *styles: str, suffix: str = ".png") -> list[str]:
    return [pair.output.as_posix() for pair in lay_out_pairs(places, styles, Path("out"), suffix)]


def test_a_folder_is_searched_with_its_subfolders(photos: Path) -> None:
    made = find_photos(["photos"], Path("out"))
    assert [place.as_posix() for _, place in made.photos] == ["a.png", "b.JPG", "sub/c.webp"]
    assert [path for path, _ in made.photos] == [Path("photos") / place for _, place in made.photos]
    assert made.left_out == 2, "hidden files are not counted"


def test_of_several_arguments_each_folder_keeps_its_name(photos: Path) -> None:
    made = find_photos(["photos/sub", "photos/notes.txt", "photos/sub", "photos/a.png"], Path("out"))
    assert [place.as_posix() for _, place in made.photos] == ["sub/c.webp", "notes.txt", "a.png"]
    assert made.left_out == 1, "what is given twice is counted once"
    _, place = find_photos([".", "photos"], Path("../out")).photos[0]
    assert place == PurePath(photos.parent.name, "photos", "a.png")


def test_a_link_that_leads_nowhere_is_found_and_fails_later(photos: Path) -> None:
    (photos / "gone.png").symlink_to("nowhere.png")
    assert [place.name for _, place in find_photos(["photos/gone.png"], Path("out")).photos] == ["gone.png"]


@pytest.mark.parametrize(
    ("words", "output", "error", "message"),
    [
        (["nowhere"], "out", ImageError, "there is no file or folder 'nowhere'; the photos come first"),
        (["photos/.cache", "empty"], "out", None, ""),
        (["empty"], "out", ImageError, "there is no picture in 'empty'; it has 1 other files"),
        (["photos"], "photos", UsageError, "the output folder 'photos' is inside the folder of photos 'photos'"),
        (["photos"], "photos/sub/out", UsageError, "is inside the folder of photos"),
        (["photos/sub"], "photos/out", None, ""),
    ],
)
def test_what_is_no_folder_of_photos(photos: Path, words: list[str], output: str, error: type[Exception] | None, message: str) -> None:
    (photos.parent / "empty").mkdir()
    (photos.parent / "empty" / "notes.txt").touch()
    if error is None:
        assert len(find_photos(words, Path(output)).photos) == 1
    else:
        with pytest.raises(error, match=message):
            find_photos(words, Path(output))


def test_every_photo_in_every_style(photos: Path) -> None:
    assert outputs(found("a.jpg", "sub/b.tif"), "starry-night") == ["out/a.png", "out/sub/b.png"]
    assert outputs(found("a.jpg", "sub/b.tif"), "starry-night", "paintings/one.jpg", suffix=".webp") == [
        "out/starry-night/a.webp",
        "out/one/a.webp",
        "out/starry-night/sub/b.webp",
        "out/one/sub/b.webp",
    ]


@pytest.mark.parametrize(
    ("places", "styles", "message"),
    [
        (("a.jpg", "a.png"), ("s",), "'a.jpg' and 'a.png' would both be written to 'out/a.png'"),
        (("a.jpg", "A.jpg"), ("s",), "'a.jpg' and 'A.jpg' would both be written to 'out/A.png'"),
        (("é.jpg", "e\N{COMBINING ACUTE ACCENT}.png"), ("s",), "would both be written"),
        (("a.jpg",), ("x/s.jpg", "y/s.png"), "the styles 'x/s.jpg' and 'y/s.png' would both be written to 'out/s/a.png'"),
        (("a.jpg", "a.png/b.jpg"), ("s",), "'a.jpg' would be written to 'out/a.png', which is a folder of results; rename the photo"),
    ],
)
def test_results_with_one_name(places: tuple[str, ...], styles: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        outputs(found(*places), *styles)


def test_styles_are_named_after_their_files() -> None:
    assert style_name("great-wave") == "great-wave"
    assert style_name("paintings/The Scream.jpg") == "The Scream"
    assert style_name("both.safetensors:drawing") == "drawing"
