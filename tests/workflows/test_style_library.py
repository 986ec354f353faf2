"""Adding styles to the library, and removing them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.catalog.styles import StyleCard, added_styles, read_card
from stylenet.errors import ImageError, OutputError, StyleError
from stylenet.workflows.style_library import add_style, name_from, remove_styles

PAINTING = np.random.default_rng(0).random((72, 96, 3), dtype=np.float32)


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the library, which does not exist yet."""
    folder = tmp_path / "new" / "styles"
    monkeypatch.setenv("STYLENET_STYLES", str(folder))
    return folder


@pytest.fixture
def names(library: Path) -> list[str]:
    """Names of files in the library."""
    library.mkdir(parents=True)
    for name in ("one", "two"):
        (library / f"{name}.safetensors").touch()
    return ["one", "two"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Starry Night.jpg", "starry-night"),
        ("IMG_0042.JPG", "img-0042"),
        ("--a--b--.png", "a-b"),
        ("夜.png", "style"),
        ("x.tar.gz", "x-tar"),
    ],
)
def test_names_of_styles(file: str, name: str) -> None:
    assert name_from(Path("some where", file)) == name


def test_a_painting_is_added_with_its_card(library: Path) -> None:
    path = add_style(PAINTING, StyleCard(name="mine", title="A Painting"))
    assert path == library / "mine.safetensors"
    card = read_card(path)
    assert (card.name, card.title, card.width, card.height) == ("mine", "A Painting", 96, 72)
    assert added_styles() == {"mine": path}
    before = path.read_bytes()
    with pytest.raises(StyleError, match="a style 'mine' was added before; give another --name, or --replace"):
        add_style(PAINTING[::-1].copy(), StyleCard(name="mine"))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"name": "starry-night"}, StyleError, "'starry-night' is a built-in style; give another --name"),
        ({"name": "starry-night", "replace": True}, StyleError, "is a built-in style"),
        ({"name": "photo"}, StyleError, "which means the photo in --mask FILE=photo"),
        ({"name": "1889"}, StyleError, "which would be read as a share of --blend"),
        ({"output": "mine.png"}, OutputError, "unsupported output format '.png'; allowed are .safetensors"),
        ({"output": "nowhere/mine.safetensors"}, OutputError, "there is no folder"),
        ({"output": ".safetensors"}, OutputError, "cannot write"),
        ({"picture": "missing.jpg"}, ImageError, "missing.jpg"),
    ],
)
def test_what_is_not_added(tmp_path: Path, library: Path, values: dict[str, Any], error: type[Exception], message: str) -> None:
    output = tmp_path / values["output"] if "output" in values else None
    with pytest.raises(error, match=message):
        add_style(
            values.get("picture", PAINTING),
            StyleCard(name=values.get("name", "mine")),
            output=output,
            replace=values.get("replace", False),
        )
    assert not library.exists()
    assert list(tmp_path.glob("*mine*")) == []


def test_a_library_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLENET_STYLES", str(tmp_path / "file" / "styles"))
    with pytest.raises(OutputError, match=r"cannot create the folder of styles .*; set STYLENET_STYLES to another one"):
        add_style(PAINTING, StyleCard(name="mine"))


def test_all_are_removed_or_none(names: list[str]) -> None:
    for wrong, message in (
        ("thre", "no style 'thre' was added to the library"),
        ("great-wave", "'great-wave' is a built-in style; only added"),
    ):
        with pytest.raises(StyleError, match=message):
            remove_styles(["one", wrong])
        assert sorted(added_styles()) == names
    assert [path.stem for path in remove_styles(["two"])] == ["two"]
    assert sorted(added_styles()) == ["one"]
