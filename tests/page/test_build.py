"""The files of the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stylenet.catalog.styles import find_style
from stylenet.errors import OutputError, UsageError
from stylenet.page.build import MARK, Page, build_page
from stylenet.page.runtime import Runtime

_TEXTS = (".css", ".html", ".js", ".json", ".svg", ".txt", ".webmanifest")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime, archive: Path) -> Page:
    """A page shared by tests that do not change it."""
    return build_page(tmp_path_factory.mktemp("page") / "site", runtime=runtime, archive=archive, styles=[find_style("dance")])


def _site(page: Page) -> dict[str, object]:
    found: dict[str, object] = json.loads((page.folder / MARK).read_text(encoding="utf-8").removeprefix("self.SITE = ").rstrip(";\n"))
    return found


def test_all_files_are_listed_and_there(page: Page):
    site = _site(page)
    listed = {*site["shell"], *site["large"]} - {"./"} | {"index.html", "service-worker.js"}  # type: ignore[misc]
    there = {path.relative_to(page.folder).as_posix() for path in page.folder.rglob("*") if path.is_file()}
    assert listed == there == set(page.files)
    assert {"runtime-9.9.9/one.mjs", "runtime-9.9.9/one.wasm"} <= there


def test_every_module_that_is_imported_is_there(page: Page):
    for path in page.folder.rglob("*.js"):
        for imported in re.findall(r"""(?:from|import) "(\.[^"]+)";""", path.read_text(encoding="utf-8")):
            assert (path.parent / imported).is_file(), f"{path.name} imports {imported}"


def test_no_file_names_another_place(page: Page):
    for path in page.folder.rglob("*"):
        if path.suffix in _TEXTS:
            addresses = set(re.findall(r"(?:https?:|wss?:)?//[\w.-]+\.\w+[^\s\"'`<>]*", path.read_text(encoding="utf-8")))
            assert addresses <= {"http://www.w3.org/2000/svg"}, f"{path.name}: {addresses}"  # a name, not an address


def test_the_policy_allows_the_page_itself_alone(page: Page):
    html = (page.folder / "index.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', html)
    rules = {name: set(allowed) for name, *allowed in (rule.split() for rule in policy.split(";"))}
    assert rules["default-src"] == {"'none'"}
    assert rules["connect-src"] == rules["worker-src"] == rules["style-src"] == {"'self'"}
    assert rules["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", html), "nothing stands inline that the policy would forbid"
    worker = (page.folder / "service-worker.js").read_text(encoding="utf-8")
    sent = "".join(re.findall(r'^  "([^"]*)"', worker.split("POLICY =")[1].split(";\nconst")[0], re.MULTILINE))
    assert set(policy.split("; ")) <= set(sent.split("; ")), "the service worker sends the same policy"


def test_a_change_of_content_is_a_change_of_version(tmp_path: Path, runtime: Runtime, archive: Path):
    page = build_page(tmp_path / "site", runtime=runtime, archive=archive, styles=[find_style("dance")])
    before = _site(page)
    build_page(page.folder, runtime=runtime, archive=archive, styles=[find_style("dance")])
    assert _site(page) == before
    build_page(page.folder, runtime=runtime, archive=archive, styles=[find_style("the-scream")])
    after = _site(page)
    assert after["version"] != before["version"]
    assert after["data"] != before["data"]
    assert not (page.folder / str(before["data"])).exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, runtime: Runtime, archive: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="contains something other than a page"):
        build_page(folder, runtime=runtime, archive=archive, styles=[find_style("dance")])
    with pytest.raises(UsageError, match="is a file"):
        build_page(folder / "letter.txt", runtime=runtime, archive=archive, styles=[find_style("dance")])
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and links as on POSIX")
def test_what_is_no_folder_is_left_alone(tmp_path: Path, runtime: Runtime, archive: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, kind, reason in (
        ("pipe", UsageError, "is a device or a pipe"),
        ("loop", UsageError, "is a broken link"),
        ("loop/a", OutputError, "nothing was changed"),
    ):
        with pytest.raises(kind, match=reason):
            build_page(tmp_path / name, runtime=runtime, archive=archive, styles=[find_style("dance")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop", "pipe"]


def test_nothing_is_left_of_a_page_that_cannot_be_written(page: Page, runtime: Runtime, archive: Path, monkeypatch: pytest.MonkeyPatch):
    before = (page.folder / MARK).read_bytes()
    written = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == MARK:
            raise OSError(28, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device; nothing was changed"):
        build_page(page.folder, runtime=runtime, archive=archive, styles=[find_style("dance")])
    assert (page.folder / MARK).read_bytes() == before
    assert not list(page.folder.parent.glob(".stylenet-*"))


def test_torch_is_not_needed():
    code = "import sys, stylenet.page.build; sys.exit(bool({'torch', 'onnxruntime', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
