"""One request for each of several photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stylenet.errors import OutputError, UsageError
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.several_photos import requests_for

PHOTOS = ("a.jpg", "b.jpg", "other/a.png")


def request_of(**values: Any) -> PaintFileRequest:
    return PaintFileRequest(**{"styles": ("starry-night", "paintings/one.jpg"), "strength": 70.0, **values})


def test_results_of_a_folder_have_different_names(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    made = requests_for(PHOTOS, request_of(output=str(folder)))
    assert folder.is_dir()
    assert [each.photo for each in made] == list(PHOTOS)
    names = [Path(each.output or "").relative_to(folder).as_posix() for each in made]
    assert names == ["a-starry-night-one.png", "b-starry-night-one.png", "a-starry-night-one-2.png"]
    assert {each.strength for each in made} == {70.0}


def test_without_an_output_each_photo_names_its_own() -> None:
    assert [(each.photo, each.output) for each in requests_for(PHOTOS, request_of())] == [(photo, None) for photo in PHOTOS]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"timelapse": "a.gif"}, "--timelapse"),
        ({"preview": "a.png"}, "--preview"),
        ({"resume": True}, "--resume"),
        ({"start": "noise"}, "--start"),
        ({"masks": ("m.png=photo",)}, "--mask"),
    ],
)
def test_options_of_a_single_photo(values: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=f"{word} is for a single photo, and 3 are given; paint them one by one"):
        requests_for(PHOTOS, request_of(**values))


def test_no_preview_is_one_for_all() -> None:
    assert len(requests_for(PHOTOS, request_of(preview="none"))) == 3


def test_an_output_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"3 photos are given, and --output 'out.png' is one file; give a folder, or omit it"):
        requests_for(PHOTOS, request_of(output="out.png"))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is one file"):
        requests_for(PHOTOS, request_of(output=str(tmp_path / "file")))
    with pytest.raises(OutputError, match="cannot create the folder"):
        requests_for(PHOTOS, request_of(output=str(tmp_path / "file" / "out")))
