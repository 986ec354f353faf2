"""What the page says, in every language."""

from __future__ import annotations

import re
from importlib import resources

_SITE = resources.files("stylenet.page") / "site"


def _words() -> dict[str, dict[str, str]]:
    text = (_SITE / "page" / "words.js").read_text(encoding="utf-8")
    table = text.split("export const WORDS = {")[1].split("\n};")[0]
    languages = re.findall(r"^  (\w\w): \{\n(.*?)^  \},", table, re.MULTILINE | re.DOTALL)
    return {tag: dict(re.findall(r'^    (\w+): "(.*)",$', lines, re.MULTILINE)) for tag, lines in languages}


def test_every_sentence_is_there_in_every_language():
    words = _words()
    assert set(words) == {"en", "ja", "zh"}
    assert len(words["en"]) > 50
    for tag, sentences in words.items():
        assert list(sentences) == list(words["en"]), tag
        assert all(sentences.values()), tag


def test_the_places_in_a_sentence_are_those_of_the_english_one():
    words = _words()
    for tag, sentences in words.items():
        for name, sentence in sentences.items():
            assert set(re.findall(r"\{\w+\}", sentence)) == set(re.findall(r"\{\w+\}", words["en"][name])), (tag, name)


def test_what_is_said_is_in_the_table():
    known = set(_words()["en"])
    said: set[str] = set()
    for folder in (_SITE, _SITE / "page", _SITE / "painting"):
        for file in folder.iterdir():
            if file.name.endswith((".html", ".js")):
                text = file.read_text(encoding="utf-8")
                said |= set(re.findall(r'data-(?:word|label|hint)="(\w+)"', text))
                said |= set(re.findall(r'(?:say|tell|complain|Refusal|Refused)\("(\w+)"', text))
    assert said <= known
    assert "failed" in known
