"""The texts of the page and the studio, in every language."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

_PACKAGE = Path(str(resources.files("stylenet")))
_SHARED, _STUDIO = _PACKAGE / "page" / "site" / "shared", _PACKAGE / "studio" / "site"
_FOLDERS = {"page": _PACKAGE / "page" / "site", "studio": _STUDIO, "live": _STUDIO / "live"}
_WORDS = {"page": _FOLDERS["page"] / "page" / "words", "studio": _STUDIO / "words", "live": _STUDIO / "live" / "words"}
_SITES = tuple(_WORDS)
_WORDS["shared"] = _SHARED / "words"
_LANGUAGES = ("en", "ja", "zh")


def _words(folder: Path, tag: str) -> dict[str, str]:
    return dict(re.findall(r'^  (\w+): "(.*)",$', (folder / f"{tag}.js").read_text(encoding="utf-8"), re.MULTILINE))


def _texts(site: str) -> list[str]:
    """All files of a page in which a text can be referenced."""
    files = {*_FOLDERS[site].rglob("*.html"), *_FOLDERS[site].rglob("*.js"), *_SHARED.rglob("*.js")}
    live = {_STUDIO / "live.html", *_FOLDERS["live"].rglob("*")}
    files = files | {_STUDIO / "live.html"} if site == "live" else files - live
    return [path.read_text(encoding="utf-8") for path in sorted(files) if path.parent.name != "words"]


@pytest.mark.parametrize("folder", _WORDS.values(), ids=_WORDS)
def test_every_sentence_is_there_in_every_language(folder: Path):
    english = _words(folder, "en")
    assert {path.stem for path in folder.iterdir()} == set(_LANGUAGES)
    assert len(english) > 25
    for tag in _LANGUAGES:
        sentences = _words(folder, tag)
        assert list(sentences) == list(english), tag
        for name, sentence in sentences.items():
            assert sentence, (tag, name)
            assert set(re.findall(r"\{\w+\}", sentence)) == set(re.findall(r"\{\w+\}", english[name])), (tag, name)


@pytest.mark.parametrize("site", _SITES)
def test_no_sentence_is_said_twice(site: str):
    own, shared = _words(_WORDS[site], "en"), _words(_WORDS["shared"], "en")
    assert not set(own.items()) & set(shared.items())
    assert set(own) & set(shared) <= ({"stage"} if site == "live" else set()), "another sentence of the same name"


@pytest.mark.parametrize("site", _SITES)
def test_what_is_said_is_there(site: str):
    known = {*_words(_WORDS[site], "en"), *_words(_WORDS["shared"], "en")}
    said: set[str] = set()
    for text in _texts(site):
        said |= set(re.findall(r'data-(?:word|label|hint)="(\w+)"', text))
        said |= set(re.findall(r'\b(?:(?:translate|setStatus|setProblem|FileError|PictureError)\(|textElement\("\w+", )"(\w+)"', text))
    assert said <= known
    assert {"live": {"record", "still"}}.get(site, {"drop", "savePng"}) <= said


@pytest.mark.parametrize("site", _SITES)
def test_what_is_there_is_said(site: str):
    text = "".join(_texts(site))
    shared = () if site == "live" else _words(_WORDS["shared"], "en")  # the camera's page takes what it needs
    for name in (*_words(_WORDS[site], "en"), *shared):
        assert f'"{name}"' in text, f"nothing says '{name}'"
