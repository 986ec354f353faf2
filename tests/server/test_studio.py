"""The studio page: files, content security policy, and names of controls."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from stylenet.server.error_codes import CODES, NOTICES
from stylenet.server.info_endpoints import SHARED, SITE

FILES = {f"/{path.relative_to(SITE).as_posix()}": path for path in sorted(SITE.rglob("*")) if path.is_file()}
FILES |= {f"/shared/{path.relative_to(SHARED).as_posix()}": path for path in sorted(SHARED.rglob("*")) if path.is_file()}
PAGE = (SITE / "index.html").read_text(encoding="utf-8")
PAGES = [PAGE, (SITE / "live.html").read_text(encoding="utf-8")]


def test_its_files_are_served(shared: TestClient) -> None:
    assert {"/index.html", "/main.js", "/words/ja.js", "/studio.css", "/shared/base.css", "/shared/icon.svg"} <= set(FILES)
    for address, path in FILES.items():
        answer = shared.get(address)
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        if path.suffix == ".js":
            assert answer.headers["content-type"].startswith("text/javascript")
    assert shared.get("/").text == PAGE
    assert shared.get("/..%2fapp.py").status_code == 404
    assert shared.get("/shared/..%2findex.html").status_code == 404


def test_everything_it_loads_is_there() -> None:
    for address, path in FILES.items():
        if path.suffix in (".js", ".html"):
            text = path.read_text(encoding="utf-8")
            named = re.findall(r'(?:from|import) "([^"]+)"', text) if path.suffix == ".js" else re.findall(r'(?:src|href)="([^"]+)"', text)
            for name in named:
                assert urljoin(address, name) in FILES, (address, name)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    for page in PAGES:
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for address, path in FILES.items():
        if path.suffix in (".html", ".css", ".js"):
            assert not re.search(r"https?://|//cdn|@import|\beval\(|innerHTML", path.read_text(encoding="utf-8")), address


def test_modules_are_short() -> None:
    for address, path in FILES.items():
        if path.suffix == ".js":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 260, address


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(page: str) -> None:
    labels = "".join(re.findall(r"<label.*?</label>", page, re.DOTALL))
    code = "".join((SITE / name).read_text(encoding="utf-8") for name in ("history.js", "live/main.js"))
    for control in re.findall(r"<(?:input|select|textarea|button|canvas)[^>]*>", page):
        id = re.search(r'id="([\w-]+)"', control)
        names = "data-word=" in control or "data-label=" in control or 'aria-hidden="true"' in control
        assert names or control in labels or (id and re.search(rf"ui\.{id[1]}\.textContent = .*translate\(", code)), control


@pytest.mark.parametrize("folder", ["words", "live/words"])
def test_every_language_has_every_word(folder: str) -> None:
    words = {path.stem: re.findall(r"^  (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE) for path in (SITE / folder).glob("*.js")}
    assert set(words) == {"en", "ja", "zh"}
    assert words["en"] == words["ja"] == words["zh"]


_ONLY_FOR_PROGRAMS = {
    "invalid-recipe",
    "invalid-value",
    "unusable-weights",
    "not-resumable",
    "failed",
    "no-preview",
    "superseded",
    "connection-closed",
    "unknown-host",
    "foreign-origin",
    "invalid-request",
    "wrong-media-type",
    "body-too-long",
    "not-found",
    "method-not-allowed",
    "not-a-websocket",
    "invalid-frame",
}
"""Codes of errors that a person cannot meet in the page."""


def test_every_error_that_a_person_can_meet_has_words_in_every_language() -> None:
    words = {
        path.stem: dict(re.findall(r'^  "([\w-]+)": "(.+)",$', path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in (SITE / "errors").glob("*.js")
    }
    assert set(words) == {"en", "ja", "zh"}
    expected = {*CODES, *NOTICES, "no-server"} - _ONLY_FOR_PROGRAMS
    assert set(CODES) >= _ONLY_FOR_PROGRAMS
    for language, known in words.items():
        assert set(known) == expected, language
        for code, sentence in known.items():
            places = re.findall(r"{(\w+)}", sentence)
            assert sorted(places) == sorted(re.findall(r"{(\w+)}", words["en"][code])), (language, code)
            described = re.search(r"values: ([\w, ]+)", {**CODES, **NOTICES}.get(code, ""))
            assert set(places) <= set(described[1].split(", ") if described else ()), (language, code)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_of_what_is_asked_meanwhile_only_the_latest_is_done() -> None:
    code = """
        import { Latest } from "./latest.js";
        const done = [];
        const latest = new Latest(async (value) => { await new Promise((go) => setTimeout(go, 20)); done.push(value); });
        for (let value = 0; value < 60; value += 1) latest.ask(value);
        setTimeout(() => console.log(JSON.stringify(done)), 200);
    """
    ended = subprocess.run(["node", "--input-type=module", "-e", code], cwd=SITE, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == "[0,59]"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_pictures_a_second_and_their_delay() -> None:
    code = """
        import { Rates } from "./live/rates.js";
        const rates = new Rates();
        const found = [rates.current, rates.isStalled(0)];
        for (let index = 0; index < 100; index += 1) rates.add(index % 10 === 0 ? 900 : 80, 1000 + 125 * index);
        found.push(rates.current, rates.isStalled(14000), rates.isStalled(19000));
        console.log(JSON.stringify(found));
    """
    ended = subprocess.run(["node", "--input-type=module", "-e", code], cwd=SITE, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout) == [None, False, {"rate": 8, "delay": 80}, False, True]
