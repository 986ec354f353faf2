"""The page: its files are served, nothing in it breaks its own security policy, and every word is there in three languages."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from starlette.testclient import TestClient

from stylenet.server.info_endpoints import SITE

FILES = sorted(path.name for path in SITE.iterdir())


def test_its_files_are_served(shared: TestClient) -> None:
    assert {"index.html", "main.js", "words.js", "studio.css", "icon.png"} <= set(FILES)
    for name in FILES:
        answer = shared.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.content == (SITE / name).read_bytes()
        if name.endswith(".js"):
            assert answer.headers["content-type"].startswith("text/javascript")
    assert shared.get("/").text == (SITE / "index.html").read_text(encoding="utf-8")
    assert shared.get("/..%2fapp.py").status_code == 404


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = (SITE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for name in FILES:
        if name.endswith((".html", ".css", ".js")):
            text = (SITE / name).read_text(encoding="utf-8")
            assert not re.search(r"https?://|//cdn|@import|\beval\(|innerHTML", text), name


def test_every_control_has_a_name() -> None:
    page = (SITE / "index.html").read_text(encoding="utf-8")
    labels = "".join(re.findall(r"<label.*?</label>", page, re.DOTALL))
    for id in re.findall(r'<(?:input|select|textarea) id="(\w+)"', page):
        assert f'id="{id}"' in labels or f'$("{id}").setAttribute("aria-label"' in (SITE / "main.js").read_text(encoding="utf-8"), id
    ids = set(re.findall(r'id="([\w-]+)"', page))
    assert set(re.findall(r'\$\("([\w-]+)"\)', (SITE / "main.js").read_text(encoding="utf-8"))) <= ids


def test_every_word_is_there_in_three_languages() -> None:
    text = (SITE / "words.js").read_text(encoding="utf-8")
    keys = {}
    for language in ("en", "ja", "zh"):
        block = re.search(rf"^  {language}: \{{\n(.*?)^  \}},$", text, re.DOTALL | re.MULTILINE)
        assert block is not None
        keys[language] = set(re.findall(r'"?([a-z-]+)"?: "', block[1].partition("recipes:")[0]))
    assert keys["en"] == keys["ja"] == keys["zh"]
    used = set(re.findall(r'data-word="([\w-]+)"', (SITE / "index.html").read_text(encoding="utf-8")))
    used |= set(re.findall(r'word\("([\w-]+)"', (SITE / "main.js").read_text(encoding="utf-8")))
    assert used <= keys["en"]


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
