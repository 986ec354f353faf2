"""Styles by name: built-in ones, and the library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stylenet.catalog import styles
from stylenet.errors import StyleError


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "library"
    monkeypatch.setenv("STYLENET_STYLES", str(folder))
    folder.mkdir()
    return folder


def test_the_built_in_styles_are_whole_and_sorted() -> None:
    cards = styles.list_styles()
    assert [card.name for card in cards] == sorted(styles.built_in_styles())
    assert all(card.title and card.artist and card.licence for card in cards)


def test_an_added_style_is_found_by_its_name(library: Path) -> None:
    shutil.copy(styles.find_style("senecio"), library / "mine.safetensors")
    assert styles.find_style("mine") == library / "mine.safetensors"
    assert styles.added_styles() == {"mine": library / "mine.safetensors"}
    assert styles.read_card(library / "mine.safetensors").title == "Senecio"
    assert styles.unusable_styles() == {}


def test_a_built_in_style_is_never_replaced(library: Path) -> None:
    shutil.copy(styles.find_style("senecio"), library / "goldfish.safetensors")
    assert styles.find_style("goldfish").parent != library
    assert "a built-in style has this name" in styles.unusable_styles()["goldfish"]


def test_a_file_that_is_no_style_is_reported_and_omitted(library: Path) -> None:
    (library / "broken.safetensors").write_bytes(b"no style")
    assert "is not a style file" in styles.unusable_styles()["broken"]
    assert "broken" not in [card.name for card in styles.list_styles()]


def test_a_name_that_is_nearly_right() -> None:
    with pytest.raises(StyleError, match=r"'senecia' is neither a file nor one of the \d+ styles; .* Did you mean 'senecio'"):
        styles.find_style("senecia")


def test_without_a_library_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STYLENET_STYLES", raising=False)
    assert styles.added_styles_folder().is_relative_to(tmp_path)
    assert styles.added_styles() == {}


def test_a_picture_is_no_style_file(tmp_path: Path) -> None:
    path = tmp_path / "a b.jpg"
    path.touch()
    with pytest.raises(StyleError, match=r"is not a style file; make one with `stylenet styles add '.*a b\.jpg'`"):
        styles.find_style(str(path))
