"""The studio in a real browser: by pointer and by keyboard, on a desktop and on a phone, in three languages."""

from __future__ import annotations

import base64
import io
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

from stylenet.server.info_endpoints import SITE
from tests.browser import opened_browser, send_file
from tests.server.conftest import Running, run_server

pytestmark = pytest.mark.slow

_PATIENCE_MS = 60_000
_SIZES = {"desktop": {"width": 1100, "height": 620}, "phone": {"width": 360, "height": 740}}
_PREVIEW = "#after[src^=blob]"


@dataclass
class Visit:
    """The studio, open in a browser."""

    page: Any
    origin: str
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    max_previews: int = 0
    _previews: set[Any] = field(default_factory=set)

    def watch(self) -> None:
        """Record all requests and errors."""
        self.page.on("request", self._asked)
        self.page.on("filechooser", lambda chooser: None)  # the browser must know that they are expected before the first one opens
        for name in ("requestfinished", "requestfailed"):
            self.page.on(name, self._answered)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)

    def open(self, language: str = "en") -> None:
        self.page.goto(f"{self.origin}/?language={language}")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("html[data-ready]")

    def drop(self, data: bytes, name: str = "photo.png", target: str = "#stage") -> None:
        """Drop a picture, and wait for its preview."""
        self.page.evaluate("document.getElementById('after').removeAttribute('src')")
        send_file(self.page, "drop", data, name, target)
        self.previewed()

    def previewed(self) -> None:
        self.page.wait_for_selector(_PREVIEW)

    def repainted(self, act: Callable[[], object], **expected: str) -> None:
        """Wait for the preview with these fields that follows an act; each is a pattern, and "" for a field that is not there."""

        def is_it(answer: Any) -> bool:
            query = parse_qs(urlparse(answer.url).query)
            fits = all(re.fullmatch(pattern, " ".join(query.get(name, ()))) for name, pattern in expected.items())
            return "/v1/preview/" in answer.url and answer.status == 200 and fits

        before = self.page.get_attribute("#after", "src")
        with self.page.expect_response(is_it):
            act()
        self.page.wait_for_selector(f'#after:not([src="{before}"])')

    def finished(self) -> None:
        self.page.wait_for_selector("#saving:not([hidden])")

    def shown(self) -> np.ndarray[Any, Any]:
        """Pixels of the picture that is currently displayed."""
        script = """async () => {
            const image = document.getElementById("after");
            await image.decode();
            const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL();
        }"""
        return _pixels(io.BytesIO(base64.b64decode(self.page.evaluate(script).partition(",")[2])))

    def tab_to(self, selector: str) -> None:
        """Reach an element by the Tab key alone."""
        for _ in range(60):
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached by the Tab key")

    def _answered(self, request: Any) -> None:
        self._previews.discard(request)

    def _asked(self, request: Any) -> None:
        self.requests.append(request.url)
        if "/v1/preview/" in request.url and "strength=0" not in request.url:
            self._previews.add(request)
            self.max_previews = max(self.max_previews, len(self._previews))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened_browser("use-fake-device-for-media-stream", "use-fake-ui-for-media-stream") as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[Running]:
    server = run_server(folder, "--threads", "2")
    yield server
    server.close()


@pytest.fixture
def visit(browser: Any, studio: Running, request: pytest.FixtureRequest) -> Iterator[Visit]:
    size = getattr(request, "param", "desktop")
    phone = {"is_mobile": True, "has_touch": True} if size == "phone" else {}
    context = browser.new_context(
        viewport=_SIZES[size], locale="en-US", accept_downloads=True, permissions=["clipboard-read", "clipboard-write"], **phone
    )
    context.set_default_timeout(_PATIENCE_MS)
    made = Visit(context.new_page(), studio.url)
    made.watch()
    yield made
    context.close()
    assert not made.faults
    elsewhere = [url for url in made.requests if not url.startswith((studio.url + "/", f"blob:{studio.url}/"))]
    assert made.requests
    assert not elsewhere


def _photo(width: int = 240, height: int = 160) -> bytes:
    """An orange sun over a blue gradient."""
    rows, columns = np.mgrid[0:height, 0:width]
    sky = np.stack([60 + rows // 4, 90 + columns // 8, 190 - rows // 3], -1).astype(np.uint8)
    picture = PIL.Image.fromarray(sky)
    PIL.ImageDraw.Draw(picture).ellipse((width // 3, height // 4, 2 * width // 3, 3 * height // 4), fill=(235, 130, 30))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _pixels(source: str | Path | io.BytesIO) -> np.ndarray[Any, Any]:
    with PIL.Image.open(source) as image:
        return np.asarray(image.convert("RGB"))


def _small(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(PIL.Image.fromarray(pixels).resize((240, 160))).astype(int)


def test_from_the_photo_to_a_command_that_paints_it_again(visit: Visit, tmp_path: Path):
    page = visit.page
    visit.open()
    visit.drop(_photo())
    visit.repainted(lambda: page.click(".style:has-text('The Great Wave')"), style="great-wave")
    visit.repainted(lambda: page.fill("#strokes", "1"), style="great-wave", style_scale="2")
    page.select_option("#recipe", "instant")
    page.select_option("#size", "512")
    page.click("#paint")
    visit.finished()
    assert re.search(r"Painted in \d+ s", page.inner_text("#status"))
    saved = {}
    for kind in ("PNG", "JPEG"):
        with page.expect_download() as download:
            page.click(f"#saving >> text=Save as {kind}")
        assert download.value.suggested_filename.startswith("photo-great-wave.")
        saved[kind] = _pixels(download.value.path())
        assert saved[kind].shape == (341, 512, 3)
    np.testing.assert_array_equal(saved["PNG"], visit.shown())
    assert np.abs(saved["PNG"].astype(int) - saved["JPEG"]).mean() < 4
    page.click("#saving >> text=Copy as command")
    page.wait_for_selector("#saving textarea")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("stylenet stylize photo.png great-wave ")
    (tmp_path / "photo.png").write_bytes(_photo())
    words = shlex.split(command)[1:]
    subprocess.run([sys.executable, "-m", "stylenet", *words, "--threads", "2", "--quiet"], cwd=tmp_path, check=True, timeout=120)
    again = _pixels(tmp_path / "painting.png").astype(int)
    assert np.abs(again - saved["PNG"]).max() <= 1
    page.click("#saving >> text=Copy as Python")
    assert "style_scale=2" in page.evaluate("navigator.clipboard.readText()")


def test_a_painting_is_stopped_and_is_there_after_the_page_is_loaded_again(visit: Visit):
    page = visit.page
    visit.open()
    visit.drop(_photo(), "sun.png")
    before = page.locator(".card").count()
    page.select_option("#recipe", "draft")
    page.select_option("#size", "512")
    page.click("#paint")
    page.wait_for_selector("#job-status:has-text('Step')")
    page.reload()
    visit.ready()
    page.wait_for_selector("#job-status:has-text('Step')")
    page.fill("#strength", "80")  # the preview follows, while the painting goes on
    page.wait_for_selector("#show:visible")
    page.click("#show")
    page.click("#stop")
    visit.finished()
    assert page.inner_text("#status") == "Stopped. The best picture so far is kept."
    page.reload()
    visit.ready()
    visit.finished()
    assert page.locator(".card").count() == before + 1
    page.click(".card >> nth=0")
    page.wait_for_selector("#result[open]")
    assert "Draft" in page.inner_text("#receipt")
    page.click("#reuse")
    assert page.input_value("#strength") == "50"
    page.click(".card >> nth=0")
    page.wait_for_selector("#result[open]")
    page.click("#delete")
    assert page.inner_text("#delete") == "Delete permanently"
    page.click("#delete")
    page.wait_for_selector("#result", state="hidden")
    page.wait_for_selector(f"#results > :nth-child({before + 1})", state="detached")


def test_while_sliding_one_preview_is_painted_and_the_latest_wins(visit: Visit):
    page = visit.page
    visit.open()
    visit.drop(_photo())
    page.wait_for_timeout(1500)  # until it is sharp
    visit.max_previews, asked = 0, len(visit.requests)
    for strength in range(40, 100):
        page.fill("#strength", str(strength))
        time.sleep(0.02)
    page.wait_for_timeout(2500)
    strengths = [parse_qs(urlparse(url).query)["strength"] for url in visit.requests[asked:] if "/v1/preview/" in url]
    assert strengths[-1] == ["99"]
    assert len(strengths) < 60
    assert visit.max_previews == 1


def test_blends_palettes_own_paintings_and_variants(visit: Visit):
    page = visit.page
    visit.open()
    visit.drop(_photo())
    page.fill("#search", "wave hokusai")
    assert page.locator(".style:visible").count() == 1
    page.fill("#search", "")
    visit.repainted(lambda: page.select_option("#second", "great-wave"), style="starry-night great-wave", blend="0.5 0.5")
    visit.repainted(lambda: page.fill("#share", "25"), blend="0.75 0.25")
    visit.repainted(lambda: page.select_option("#colors", "palette"), palette="#264653,#2a9d8f,#e9c46a,#e76f51")
    visit.repainted(lambda: page.click("[data-label=paletteRemove]"), palette="#264653,#2a9d8f,#e9c46a")
    visit.repainted(lambda: page.select_option("#palette", "the-scream"), palette="the-scream")
    visit.repainted(lambda: page.select_option("#colors", "luminance"), keep_colors="luminance", palette="")
    visit.repainted(lambda: send_file(page, "drop", _photo(120, 160), "My sun.png", "#strip"), style="[0-9a-f]{64} great-wave")
    assert page.inner_text(".style:has(:checked) b") == "My sun"
    page.click("#variants")
    page.wait_for_selector(".variant:nth-child(12) img[src]")
    visit.repainted(lambda: page.click(".variant:has-text('Strength 85, stroke size 2 ×')"), strength="85", style_scale="2", size="384")
    assert (page.input_value("#strength"), page.input_value("#strokes")) == ("85", "1")
    page.reload()
    visit.ready()
    assert page.inner_text(".style:has(:checked) b") == "My sun"


def test_areas_by_pointer_and_by_the_server(visit: Visit):
    pytest.importorskip("cv2")
    page = visit.page
    visit.open()
    visit.drop(_photo())
    plain = _small(visit.shown())
    page.click("#area-panel summary")
    box = page.locator("#area").bounding_box()
    assert box is not None

    def drag(*places: tuple[float, float]) -> None:
        for index, (right, down) in enumerate(places):
            page.mouse.move(box["x"] + right * box["width"], box["y"] + down * box["height"], steps=4)
            page.mouse.down() if index == 0 else None
        page.mouse.up()

    page.check("input[value=rectangle]", force=True)
    visit.repainted(lambda: drag((0.02, 0.05), (0.4, 0.95)), mask="[0-9a-f]{64}=photo")
    kept, photo = _small(visit.shown()), _small(_pixels(io.BytesIO(_photo())))
    inside, outside = np.s_[25:-25, 20:70], np.s_[25:-25, 120:]
    assert np.abs(kept - photo)[inside].mean() < 6
    assert np.abs(plain - photo)[inside].mean() > 15
    assert np.abs(kept - photo)[outside].mean() > 15
    visit.repainted(lambda: page.select_option("#area-use", "only"), mask="invert:[0-9a-f]{64}=photo")
    page.select_option("#area-use", "style")
    visit.repainted(lambda: page.select_option("#area-style", "dance"), mask="[0-9a-f]{64}=dance")
    visit.repainted(lambda: page.click("#clear"), mask="")
    visit.repainted(lambda: page.click("#subject"), mask="[0-9a-f]{64}=dance")
    with page.expect_download() as download:
        page.click("#save-area")
    mask = _pixels(download.value.path())
    assert mask[80, 120].min() > 200
    assert mask[:20].max() < 60
    page.click("#faces")
    page.wait_for_selector("#problem:has-text('No face was found')")
    page.reload()
    visit.ready()
    assert page.is_enabled("#save-area"), "the mask is drawn again"


@pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)
def test_a_result_of_the_history_is_painted_again_with_its_area(visit: Visit):
    page = visit.page
    visit.open()
    visit.drop(_photo(), "sun.png")
    page.select_option("#recipe", "instant")
    page.select_option("#size", "512")
    page.click("#area-panel summary")
    page.check("input[value=rectangle]", force=True)
    page.locator("#area").scroll_into_view_if_needed()
    box = page.locator("#area").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=3)
    visit.repainted(page.mouse.up, mask="[0-9a-f]{64}=photo")
    visit.repainted(lambda: page.select_option("#area-use", "only"), mask="invert:[0-9a-f]{64}=photo")
    visit.repainted(lambda: page.fill("#feather", "2.5"), feather=r"9\.6")
    marked = _marked(page)
    page.click("#paint")
    visit.finished()
    expected = visit.shown()
    for word in ("reuse", "reopen"):
        if word == "reuse":
            visit.repainted(lambda: page.click("#clear"), mask="")
            page.select_option("#area-use", "keep")
            page.fill("#feather", "0")
        else:
            visit.drop(_photo(160, 240), "another.png")
        visit.repainted(lambda: page.fill("#strength", "70"), strength="70", mask="")
        page.click(".card >> nth=0")
        page.wait_for_selector("#result[open]")
        assert page.is_visible("#reopen") == (word == "reopen")
        visit.repainted(lambda word=word: page.click(f"#{word}"), mask="invert:[0-9a-f]{64}=photo", strength="50")  # type: ignore[misc]
        assert (page.input_value("#area-use"), page.input_value("#feather")) == ("only", "2.5")
        np.testing.assert_array_equal(_marked(page), marked)
        page.click("#paint")
        page.wait_for_selector("#saving", state="hidden")
        visit.finished()
        np.testing.assert_array_equal(visit.shown(), expected)


def _marked(page: Any) -> np.ndarray[Any, Any]:
    """The marked area."""
    page.wait_for_selector("#save-area:enabled", state="attached")
    data = page.evaluate("document.getElementById('area').toDataURL()").partition(",")[2]
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image)[..., 3] > 127


@pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)
@pytest.mark.parametrize("language", ["ja", "zh"])
def test_errors_are_shown_in_the_language_of_the_page(language: str, visit: Visit):
    page = visit.page
    words = dict(re.findall(r'^  "([\w-]+)": "(.+)",$', (SITE / "errors" / f"{language}.js").read_text(encoding="utf-8"), re.MULTILINE))
    visit.open(language)

    def is_shown(code: str, **values: object) -> None:
        expected = words[code]
        for name, value in values.items():
            expected = expected.replace(f"{{{name}}}", str(value))
        page.wait_for_function("text => document.getElementById('problem').textContent === text", arg=expected)
        assert page.is_visible("#problem")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

    send_file(page, "drop", b"These are words and no picture at all.", "letter.png", "#stage")
    is_shown("not-a-picture")
    send_file(page, "drop", _photo()[:-400], "cut.png", "#stage")
    is_shown("damaged-picture")
    wide = io.BytesIO()
    PIL.Image.new("1", (10_000, 6_000)).save(wide, "PNG")
    send_file(page, "drop", wide.getvalue(), "wide.png", "#stage")
    is_shown("too-many-megapixels", megapixels=60, most=50)
    visit.drop(_photo())
    send_file(page, "drop", _photo(12, 12), "tiny.png", "#strip")
    is_shown("style-too-small", width=12, height=12, least=16)
    page.route("**/v1/**", lambda route: route.abort())
    page.fill("#strength", "70")
    is_shown("no-server")


def test_notices_of_the_painter_are_shown_in_the_language_of_the_page(visit: Visit):
    page = visit.page
    visit.open("ja")
    frames = [PIL.Image.new("RGB", (96, 64), (level, 90, 60)) for level in (40, 120, 200)]
    animation = io.BytesIO()
    frames[0].save(animation, "GIF", save_all=True, append_images=frames[1:])
    visit.drop(animation.getvalue(), "sun.gif")
    page.select_option("#recipe", "draft")
    page.select_option("#size", "512")
    page.click("#paint")
    page.wait_for_selector("#notice:has-text('このファイルは 3 フレームのアニメーションです。')")
    assert "写真は 96 × 64 ピクセルで、5.3 倍に拡大します。" in page.inner_text("#notice")
    page.select_option("#language", "zh")
    page.wait_for_selector("#notice:has-text('该文件是有 3 帧的动画')")
    page.click("#stop")
    visit.finished()


@pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)
def test_by_keyboard_alone(visit: Visit):
    page, keys = visit.page, visit.page.keyboard
    visit.open()
    visit.tab_to("#choose")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files({"name": "photo.png", "mimeType": "image/png", "buffer": _photo()})
    visit.previewed()
    visit.tab_to("#divider")
    for _ in range(5):
        keys.press("ArrowRight")
    assert page.input_value("#divider") == "5"
    visit.tab_to("input[name=style]")
    visit.repainted(lambda: keys.press("ArrowRight"), style="great-wave")
    visit.tab_to("#strength")
    visit.repainted(lambda: keys.press("ArrowRight"), strength="51")
    visit.tab_to("#area-panel summary")
    keys.press("Enter")
    visit.tab_to("input[name=tool]")
    keys.press("ArrowRight")  # the rectangle
    keys.press("Shift+Tab")
    visit.tab_to("#area")
    keys.press("Space")
    for _ in range(6):
        keys.press("ArrowLeft")
        keys.press("ArrowUp")
    visit.repainted(lambda: keys.press("Space"), mask="[0-9a-f]{64}=photo")
    visit.tab_to("#recipe")
    keys.press("i")  # instant
    assert page.input_value("#recipe") == "instant"
    visit.tab_to("#paint")
    keys.press("Enter")
    visit.finished()
    visit.tab_to("#saving a")
    with page.expect_download() as download:
        keys.press("Enter")
    assert _pixels(download.value.path()).shape == (512, 768, 3)
    visit.tab_to(".card")
    keys.press("Enter")
    page.wait_for_selector("#result[open]")
    keys.press("Escape")
    page.wait_for_selector("#result", state="hidden")


@pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)
def test_every_language_fits_and_every_control_has_a_name(visit: Visit):
    page = visit.page
    names: dict[str, set[str]] = {}
    for language in ("en", "ja", "zh"):
        visit.open(language)
        if not names:
            visit.drop(_photo())
        page.evaluate("document.getElementById('area-panel').open = true")
        page.select_option("#colors", "palette")
        page.select_option("#second", "dance")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        assert page.evaluate("document.documentElement.lang") == language
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        roles = ("button", "slider", "combobox", "radio", "searchbox", "link", "ColorWell", "DisclosureTriangle", "progressbar", "image")
        found = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")]
        unnamed = [node for node in found if node[0] in roles and not node[1].strip()]
        assert not unnamed, language
        names[language] = {name for role, name in found if role in ("button", "slider")}
        page.click("#variants")
        assert page.evaluate("document.getElementById('sheet').getBoundingClientRect().right <= innerWidth")
        page.keyboard.press("Escape")
    assert len(names["en"]) > 15
    assert not names["en"] & names["ja"]
    assert not names["ja"] & names["zh"] - {"+", "−"}


def test_photos_are_pasted_and_taken_with_the_camera_and_nothing_else_is_taken(visit: Visit):
    page = visit.page
    visit.open()
    send_file(page, "drop", b"These are words and no picture at all.", "letter.png", "#stage")
    page.wait_for_selector("#problem:has-text('not a picture in a supported format')")
    send_file(page, "paste", _photo(), "pasted.png", "body")
    visit.previewed()
    assert not page.is_visible("#problem")
    page.click("#again")
    page.wait_for_selector("#video:visible")
    page.wait_for_timeout(500)
    with page.expect_response(lambda answer: answer.url.endswith("/v1/pictures") and answer.status == 201) as told:
        page.click("#snap")
    assert told.value.json()["width"] > 300


def test_the_history_survives_a_killed_server(visit: Visit, studio: Running, folder: Path):
    page = visit.page
    visit.open()
    visit.drop(_photo())
    page.select_option("#recipe", "instant")
    page.click("#paint")
    visit.finished()
    studio.kill()
    studio.process = run_server(folder, "--port", studio.url.rsplit(":")[-1]).process
    page.reload()
    visit.ready()
    visit.finished()
    page.click(".card")
    page.wait_for_selector("#result[open]")
    assert "The Starry Night" in page.inner_text("#receipt")
    assert page.evaluate("document.querySelector('.card img').decode().then(() => true)")
