"""The page in a real browser: pictures compared with onnxruntime, requests, offline use, keyboard, and errors."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.catalog.networks import find_network
from stylenet.catalog.styles import find_style
from stylenet.engines import onnx_networks
from stylenet.engines.onnx_encoder import OnnxEncoder, PicturePainting
from stylenet.engines.onnx_networks import OnnxPainter, Style
from stylenet.networks.file_arrays import Array
from stylenet.page.build import build_page
from stylenet.page.runtime import pinned_runtime
from stylenet.styles.files import read_style
from stylenet.weights.cache import downloads_folder
from tests.browser import launched, opened_browser, send_file

pytestmark = pytest.mark.slow

_PINNED = pinned_runtime()
_ARCHIVE = Path(
    # Asked for when this file is read: each test has a cache folder of its own.
    os.environ.get("STYLENET_TEST_RUNTIME", "") or downloads_folder().absolute() / _PINNED.name / f"{_PINNED.name}-{_PINNED.version}.tgz"
)
_STYLES = ("starry-night", "great-wave", "the-scream")
_PATIENCE_MS = 60_000
_LEVEL = 1 / 255
_EMULATED_GPU = ("enable-unsafe-webgpu", "use-webgpu-adapter=swiftshader", "use-vulkan=swiftshader", "enable-features=Vulkan")


class _Server(ThreadingHTTPServer):
    delays: Mapping[str, float] = {}
    """Seconds before the answer to requests of a path."""


class _Handler(SimpleHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        time.sleep(self.server.delays.get(self.path, 0))
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Visit:
    """An open page."""

    page: Any
    context: Any
    origin: str
    server: _Server
    patience_ms: float = _PATIENCE_MS
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def begin(self, query: str = "") -> None:
        self.page.goto(f"{self.origin}/?language=en{query}")
        self.page.wait_for_selector("html[data-ready]", timeout=self.patience_ms)

    def drop(self, data: bytes, name: str = "photo.png", target: str = "#stage") -> None:
        self.forget()
        send_file(self.page, "drop", data, name, target)

    def forget(self) -> None:
        self.page.evaluate("delete document.documentElement.dataset.painted")

    def painted(self, kind: str = "full") -> str:
        self.page.wait_for_selector(f"html[data-painted^={kind}]", timeout=self.patience_ms)
        told: str = self.page.evaluate("document.documentElement.dataset.painted")
        return told

    def saved(self) -> np.ndarray[Any, Any]:
        self.page.wait_for_selector("#png:enabled", timeout=self.patience_ms)
        with self.page.expect_download() as download:
            self.page.click("#png")
        with PIL.Image.open(download.value.path()) as image:
            return np.asarray(image)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not _ARCHIVE.is_file():
        pytest.skip(f"{_PINNED.name} {_PINNED.version} is not here: `stylenet page` fetches it, or STYLENET_TEST_RUNTIME names its archive")
    folder = tmp_path_factory.mktemp("page") / "site"
    build_page(folder, archive=_ARCHIVE, styles=[find_style(name) for name in _STYLES])
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def visit(site: Path, browser: Any) -> Iterator[Visit]:
    with _visited(site, browser) as made:
        yield made


@pytest.fixture
def visit_with_gpu(site: Path, browser: Any) -> Iterator[Visit]:
    """A page in a browser whose GPU is emulated by SwiftShader: slow, but with the shaders of a real one."""
    with launched(browser.browser_type, *_EMULATED_GPU) as opened, _visited(site, opened) as made:
        made.patience_ms *= 4
        made.page.goto(f"{made.origin}/licenses.txt")
        if not made.page.evaluate("navigator.gpu?.requestAdapter().then(Boolean)"):
            pytest.skip("this Chromium has no emulated GPU")
        yield made


@contextlib.contextmanager
def _visited(site: Path, browser: Any) -> Iterator[Visit]:
    server = _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(locale="en-US", accept_downloads=True)
    page = context.new_page()
    made = Visit(page, context, f"http://127.0.0.1:{server.server_port}", server)
    context.on("request", lambda request: made.requests.append(request.url))
    page.on("pageerror", lambda error: made.faults.append(str(error)))
    yield made
    context.close()
    server.shutdown()
    server.server_close()
    assert not made.faults


def _photo(width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Reproducible hills under a sky, with grain."""
    rows, columns = np.mgrid[0:height, 0:width] / 50.0
    hills = np.sin(columns * 0.7) + 0.5 * np.sin(columns * 2.1 + 1) + 3
    land = rows > hills
    grain = np.random.default_rng(3).normal(0, 0.05, (height, width))
    colors = np.stack([np.where(land, 0.35 + 0.2 * np.sin(rows * 3), 0.55 + 0.05 * rows), np.where(land, 0.5, 0.7), 0.9 - 0.55 * land], -1)
    return ((colors + grain[..., None]).clip(0, 1) * 255).round().astype(np.uint8)


def _png(pixels: np.ndarray[Any, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def _page_noise(height: int, width: int, seed: int, _origin: object = None) -> Array:
    """`whiteNoise` of the page's noise.js."""

    def hashed(x: Any) -> Any:
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0xD35A2D97)
        return x ^ (x >> np.uint32(15))

    count = height * width
    base = hashed(np.array([seed + 1], np.uint32))
    first = base + np.arange(0, count, 2, dtype=np.uint32)
    radius = np.sqrt(-2 * np.log((hashed(first) + 0.5) / 2**32))
    angle = 2 * np.pi * hashed(first + np.uint32(1)) / 2**32
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1)[:count]
    return pairs.astype(np.float32).reshape(1, 1, height, width)


def _native(photo: np.ndarray[Any, Any], styles: list[Style], monkeypatch: pytest.MonkeyPatch, **options: Any) -> np.ndarray[Any, Any]:
    """The painting by onnxruntime with the page's noise, (H, W, 3) in 0..1."""
    monkeypatch.setattr(onnx_networks, "white_noise_array", _page_noise)
    return OnnxPainter(find_network("instant")).paint(_planes(photo), styles, **options)[0].transpose(1, 2, 0)


def _planes(pixels: np.ndarray[Any, Any]) -> Array:
    return np.ascontiguousarray((pixels / 255).transpose(2, 0, 1)[None], dtype=np.float32)


def _built_in(name: str, share: float = 1.0) -> Style:
    return name, read_style(find_style(name)), share


def test_noise_is_white():
    noise = _page_noise(300, 301, 5)
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 1) < 0.01
    assert abs(np.corrcoef(noise[0, 0, :, 1:].ravel(), noise[0, 0, :, :-1].ravel())[0, 1]) < 0.01


def test_a_photo_is_dropped_painted_and_saved_as_onnxruntime_paints_it(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    visit.begin("&processor=wasm")
    photo = _photo(1200, 900)  # painted at half of its size first, and in several parts
    visit.drop(_png(photo))
    assert visit.painted().startswith("full 1200x900")
    visit.forget()
    visit.page.focus("input[name=style][value=starry-night]")
    visit.page.keyboard.press("ArrowRight")  # by keyboard alone: the next style, and a little stronger
    visit.page.focus("#strength")
    for _ in range(10):
        visit.page.keyboard.press("ArrowRight")
    visit.painted()
    saved = visit.saved()
    assert visit.page.input_value("#strength") == "60"
    assert visit.page.evaluate("document.querySelector('input[name=style]:checked').value") == "great-wave"
    expected = _native(photo, [_built_in("great-wave")], monkeypatch, strength=60.0)
    assert saved.shape == expected.shape
    assert np.abs(saved / 255 - expected).max() <= _LEVEL
    assert np.abs(saved / 255 - photo / 255).mean() > 0.05, "it was painted"
    addresses = {url for url in visit.requests if not url.startswith(("blob:", "data:"))}
    assert addresses
    assert all(url.startswith(visit.origin + "/") for url in addresses), addresses


def test_two_styles_are_mixed_and_a_weak_one_lets_the_photo_through(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    visit.begin("&processor=wasm")
    photo = _photo(330, 220)
    visit.drop(_png(photo))
    visit.painted()
    visit.page.select_option("#second", "the-scream")
    visit.page.evaluate("""() => { for (const [id, value] of [["share", 25], ["strength", 5]]) {
        document.getElementById(id).value = value; document.getElementById(id).dispatchEvent(new Event("input")); }}""")
    visit.painted("preview")
    visit.forget()
    visit.page.dispatch_event("#strength", "change")
    visit.painted()
    expected = _native(photo, [_built_in("starry-night", 0.75), _built_in("the-scream", 0.25)], monkeypatch, strength=5.0)
    assert np.abs(visit.saved() / 255 - expected).max() <= _LEVEL


def test_webgpu_paints_as_onnxruntime_does(visit_with_gpu: Visit, monkeypatch: pytest.MonkeyPatch):
    # An emulated GPU is slower than WebAssembly, for which the page's own check would reject it.
    accepted = "export const matchesCpu = async () => true;"
    visit_with_gpu.context.route("**/probe.js", lambda route: route.fulfill(body=accepted, content_type="text/javascript"))
    visit_with_gpu.begin("&processor=webgpu")
    photo = _photo(90, 70)
    visit_with_gpu.drop(_png(photo))
    visit_with_gpu.painted()
    assert visit_with_gpu.page.evaluate("document.documentElement.dataset.ready").startswith("webgpu")
    assert np.abs(visit_with_gpu.saved() / 255 - _native(photo, [_built_in("starry-night")], monkeypatch)).max() <= _LEVEL


def test_a_gpu_slower_than_the_processor_is_not_used_again(visit_with_gpu: Visit):
    visit_with_gpu.begin("&processor=webgpu")
    visit_with_gpu.page.wait_for_selector("html[data-ready^=wasm]", timeout=visit_with_gpu.patience_ms)
    assert visit_with_gpu.page.evaluate("localStorage.getItem('stylenet-webgpu')") == "unfit"


def test_an_emulated_gpu_is_not_chosen(visit_with_gpu: Visit):
    visit_with_gpu.begin()
    assert visit_with_gpu.page.evaluate("document.documentElement.dataset.ready").startswith("wasm")


def test_an_own_painting_is_looked_at_as_the_engine_looks_at_it(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    visit.begin("&processor=wasm")
    photo, painting = _photo(300, 260), _photo(200, 320)[::-1].copy()
    visit.drop(_png(photo))
    visit.painted()
    visit.drop(_png(painting), "painting.png", "#strip")
    visit.painted()
    style = ("own", PicturePainting(_planes(painting), OnnxEncoder()), 1.0)
    assert np.abs(visit.saved() / 255 - _native(photo, [style], monkeypatch)).max() <= _LEVEL


def test_it_works_without_a_network_after_the_first_visit(visit: Visit):
    visit.begin("&processor=wasm")
    assert visit.page.evaluate("crossOriginIsolated"), "threads can share memory"
    visit.page.wait_for_selector("#offline:not(:empty)", state="attached", timeout=_PATIENCE_MS)
    visit.server.shutdown()
    visit.server.server_close()
    visit.context.set_offline(True)
    visit.page.reload()
    visit.page.wait_for_selector("html[data-ready]", timeout=_PATIENCE_MS)
    visit.drop(_png(_photo(160, 120)))
    assert visit.painted().startswith("full 160x120")
    visit.drop(_png(_photo(120, 160)), "painting.png", "#strip")  # the encoder was kept too, though nobody had asked for it
    visit.painted()


def test_a_slow_first_visit_is_stored_for_offline_use_too(visit: Visit):
    visit.server.delays = {"/service-worker.js": 20}  # the page starts without it after four seconds
    visit.begin("&processor=wasm")
    assert not visit.page.evaluate("Boolean(navigator.serviceWorker.controller)")
    visit.page.wait_for_selector("#offline:not(:empty)", state="attached", timeout=_PATIENCE_MS)


def test_the_page_and_its_worker_cannot_reach_another_place(visit: Visit):
    visit.begin("&processor=wasm")
    script = "fetch('http://localhost:9/').then(() => 'reached', (error) => error.name)"
    with_policy = """async (script) => {
        const worker = new Worker("painting/worker.js", { type: "module" });
        const answer = await fetch("painting/worker.js");
        worker.terminate();
        return answer.headers.get("Content-Security-Policy");
    }"""
    assert visit.page.evaluate(script) == "TypeError"
    assert "connect-src 'self'" in visit.page.evaluate(with_policy, script)


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"These are words and no picture at all.", "letter.png", "That file is not a picture"),
        (b"", "nothing.jpg", "That file is empty"),
        (_png(_photo(64, 64))[:200], "half.png", "damaged"),
        (_png(_photo(8, 40)), "tiny.png", "smaller than 16 pixels"),
        (
            _png(_photo(32, 32), save_all=True, append_images=[PIL.Image.fromarray(_photo(32, 32)[::-1])]),
            "moving.png",
            "animation",
        ),
    ],
)
def test_a_file_that_is_no_still_picture_is_refused_in_words(visit: Visit, data: bytes, name: str, words: str):
    visit.begin("&processor=wasm")
    visit.drop(data, name)
    visit.page.wait_for_selector("#problem:not([hidden])", timeout=_PATIENCE_MS)
    assert words in visit.page.inner_text("#problem")
    visit.drop(_png(_photo(80, 60)))
    assert visit.painted().startswith("full 80x60")
    assert not visit.page.is_visible("#problem")


def test_pictures_are_upright_and_what_is_transparent_stays_so(visit: Visit):
    visit.begin("&processor=wasm")
    file, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    PIL.Image.fromarray(_photo(300, 200)).save(file, "JPEG", quality=95, exif=exif)
    visit.drop(file.getvalue(), "turned.jpg")
    assert visit.painted().startswith("full 200x300")
    cut_out = np.dstack([_photo(200, 150), np.full((150, 200), 255, np.uint8)])
    cut_out[:, :80, 3] = 0
    visit.drop(_png(cut_out))
    assert visit.painted().startswith("full 200x150")
    saved = visit.saved()
    assert saved.shape == (150, 200, 4)
    np.testing.assert_array_equal(saved[..., 3], cut_out[..., 3])


def test_a_photo_of_48_megapixels_is_reduced_and_that_is_said(visit: Visit):
    visit.begin("&processor=wasm")
    visit.page.select_option("#size", "1")
    file, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = 8
    PIL.Image.fromarray(_photo(1000, 750)).resize((8000, 6000)).save(file, "JPEG", quality=80, exif=exif)
    visit.drop(file.getvalue(), "large.jpg")
    assert visit.painted().startswith("full 866x1155")
    visit.page.wait_for_selector("#png:enabled", timeout=_PATIENCE_MS)
    assert "The photo has 6000 × 8000" in visit.page.inner_text("#status")


def test_a_phone_needs_no_scrolling_to_the_side(visit: Visit):
    visit.page.set_viewport_size({"width": 360, "height": 740})
    for language in ("en", "ja", "zh"):
        visit.page.goto(f"{visit.origin}/?processor=wasm&language={language}")
        visit.page.wait_for_selector("html[data-ready]", timeout=_PATIENCE_MS)
        visit.drop(_png(_photo(90, 60)))
        visit.painted()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert visit.page.evaluate("document.documentElement.lang") == language
