"""The camera page in a real browser, with Chromium's fake camera."""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.browser import opened_browser, send_file
from tests.server.conftest import Running, png, run_server

pytest.importorskip("websockets")
pytestmark = pytest.mark.slow

_PATIENCE_MS = 60_000
_SIZES = {"desktop": {"width": 1100, "height": 620}, "phone": {"width": 360, "height": 740}}


@dataclass
class Visit:
    """The page in a browser, and the messages over its sockets, in order."""

    page: Any
    origin: str
    sent: list[str | bytes] = field(default_factory=list)
    received: list[str | bytes] = field(default_factory=list)
    max_in_flight: int = 0
    sockets: list[Any] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Record all messages, requests and errors."""
        self.page.on("websocket", self._opened)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)

    def open(self, query: str = "language=en") -> None:
        self.page.goto(f"{self.origin}/live.html?{query}")
        self.page.wait_for_selector("html[data-ready]")

    def start(self) -> None:
        self.page.click("#start")
        self.painted()

    def painted(self) -> None:
        """Wait for paintings."""
        self.page.wait_for_selector("#rates:not(:empty)")

    def says(self, selector: str, text: str) -> None:
        self.page.wait_for_selector(f"{selector}:has-text('{text}')")

    def sends(self, **settings: object) -> None:
        """Wait until settings are sent, and for the painting after them."""
        self.until(lambda: any(isinstance(each, str) and settings.items() <= json.loads(each).items() for each in self.sent))
        count = self.paintings()
        self.until(lambda: self.paintings() > count + 1)

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_MS / 1000
        while not is_so():
            assert time.monotonic() < end
            self.page.wait_for_timeout(50)

    def paintings(self) -> int:
        return sum(isinstance(each, bytes) for each in self.received)

    def canvas(self) -> np.ndarray[Any, Any]:
        """The painting that is currently displayed."""
        script = "() => document.getElementById('painted').toDataURL()"
        with urllib.request.urlopen(self.page.evaluate(script)) as data, PIL.Image.open(io.BytesIO(data.read())) as image:
            return np.asarray(image.convert("RGB")).astype(int)

    def keep_track(self) -> None:
        self.page.evaluate("() => { window.track = document.getElementById('video').srcObject.getTracks()[0]; }")

    def _opened(self, socket: Any) -> None:
        self.sockets.append(socket)
        socket.on("framesent", self._sent)
        socket.on("framereceived", lambda message: self.received.append(message))

    def _sent(self, message: str | bytes) -> None:
        self.sent.append(message)
        self.max_in_flight = max(self.max_in_flight, len(self.sent) - len(self.received))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened_browser("use-fake-device-for-media-stream", "use-fake-ui-for-media-stream") as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[Running]:
    server = run_server(folder, "--threads", "2")
    yield server
    server.close()


@pytest.fixture
def visit(browser: Any, studio: Running, request: pytest.FixtureRequest) -> Iterator[Visit]:
    size = getattr(request, "param", "desktop")
    phone = {"is_mobile": True, "has_touch": True} if size == "phone" else {}
    context = browser.new_context(viewport=_SIZES[size], locale="en-US", accept_downloads=True, **phone)
    context.set_default_timeout(_PATIENCE_MS)
    made = Visit(context.new_page(), studio.url)
    made.watch()
    yield made
    context.close()
    assert not made.faults
    assert made.requests
    assert not [url for url in made.requests if not url.startswith((studio.url + "/", f"blob:{studio.url}/", "data:"))]


def test_the_camera_is_painted_recorded_and_let_go(visit: Visit, tmp_path: Path):
    page = visit.page
    visit.open("style=the-scream&size=256&strength=70")
    assert page.inner_text(".style:has(:checked) b") == "The Scream"
    page.click("#start")
    assert page.is_disabled("#record")
    assert page.is_disabled("#still")
    visit.painted()
    rate = re.fullmatch(r"([0-9.]+) frames per second, ([0-9,]+) ms delay", page.inner_text("#rates"))
    assert rate
    assert float(rate[1]) > 0
    assert json.loads(str(visit.sent[0])) == {"style": "the-scream", "strength": 70, "style_scale": 1, "size": 256, "steady": 60}
    first = visit.canvas()
    assert first.shape[1] == 256
    page.click(".style:has-text('The Great Wave')")
    visit.sends(style="great-wave", strength=70)
    page.fill("#strength", "90")
    visit.sends(style="great-wave", strength=90)
    assert np.abs(visit.canvas() - first).mean() > 5
    page.click("#record")
    page.select_option("#liveSize", "384")  # the clip keeps its size
    visit.sends(size=384)
    visit.says("#record", "Save the clip, 0:0")
    with page.expect_download() as download:
        page.click("#record")
    assert re.fullmatch(r"stylenet-[0-9-]{19}\.(mp4|webm)", download.value.suggested_filename)
    assert_plays(download.value.path(), (first.shape[1], first.shape[0]))
    visit.until(lambda: visit.canvas().shape[1] == 384)
    with page.expect_download() as download:
        page.click("#still")
    with PIL.Image.open(download.value.path()) as still:
        assert (still.format, still.width) == ("PNG", 384)
    visit.keep_track()
    page.click("#stop")
    assert page.evaluate("() => [window.track.readyState, document.getElementById('video').srcObject]") == ["ended", None]
    assert page.evaluate("() => document.activeElement.id") == "start"
    assert visit.max_in_flight == 1
    visit.until(lambda: all(socket.is_closed() for socket in visit.sockets))
    page.wait_for_timeout(300)
    count = len(visit.sent)
    page.wait_for_timeout(500)
    assert len(visit.sent) == count
    visit.start()
    assert page.is_visible("#painted")


def assert_plays(path: Path, size: tuple[int, int]) -> None:
    av = pytest.importorskip("av")
    with av.open(str(path)) as clip:
        frames = list(clip.decode(video=0))
    assert len(frames) > 1
    assert {(frame.width, frame.height) for frame in frames} == {size}


def test_it_pauses_while_the_page_is_hidden_and_survives_a_killed_server(visit: Visit, studio: Running, folder: Path):
    page = visit.page
    visit.open()
    visit.start()
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    visit.says("#status", "Paused")
    visit.until(lambda: all(socket.is_closed() for socket in visit.sockets))
    assert page.evaluate("() => document.getElementById('video').srcObject.getTracks()[0].enabled") is False
    page.evaluate(hide, False)
    visit.says("#status", "The camera is on.")
    studio.process.send_signal(signal.SIGSTOP)
    visit.says("#status", "The server is taking a long time")
    assert page.inner_text("#rates") == ""
    studio.process.send_signal(signal.SIGCONT)
    visit.says("#status", "The camera is on.")
    studio.kill()
    visit.says("#status", "The server does not respond. Trying again")
    studio.process = run_server(folder, "--port", studio.url.rsplit(":")[-1], "--threads", "2").process
    visit.says("#status", "The camera is on.")
    page.evaluate("() => document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    visit.says("#problem", "The camera was disconnected.")
    assert page.is_visible("#start")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("NotFoundError", "No camera was found."),
        ("NotAllowedError", "This page may not use the camera."),
        ("NotReadableError", "The camera is in use by another program."),
        ("UnknownError", "The camera cannot be used"),
        ("", "The browser allows the camera only at 127.0.0.1, at localhost, or over HTTPS."),
    ],
)
def test_why_there_is_no_camera(visit: Visit, error: str, text: str):
    reject = f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{error}'));"
    missing = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
    visit.page.add_init_script(reject if error else missing)
    visit.open()
    visit.page.click("#start")
    visit.says("#problem", text)
    assert visit.page.is_enabled("#start")
    assert not visit.sockets


def test_cameras_are_bounded_and_an_own_painting_may_go(visit: Visit, studio: Running, folder: Path):
    from websockets.sync.client import connect

    page = visit.page
    visit.open()
    with contextlib.ExitStack() as others:
        for _ in range(4):
            others.enter_context(connect(studio.url.replace("http:", "ws:") + "/v1/live"))
        page.click("#start")
        visit.says("#problem", "4 cameras are being painted already, which is the limit")
    visit.painted()
    assert not page.is_visible("#problem")
    page.set_input_files("#painting-file", {"name": "My sun.png", "mimeType": "image/png", "buffer": png(160, 120)})
    visit.says(".style:has(:checked) b", "My sun")
    id = page.input_value("input[name=style]:checked")
    visit.sends(style=id)
    (folder / "pictures" / id).unlink()
    visit.says("#problem", "The server no longer has the painting you added.")
    visit.sends(style="starry-night")


@pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)
def test_by_keyboard_in_every_language_and_every_control_has_a_name(visit: Visit):
    page = visit.page
    names: dict[str, set[str]] = {}
    for language in ("en", "ja", "zh"):
        visit.open(f"language={language}")
        for _ in range(20):
            if page.evaluate("() => document.activeElement.id") == "start":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        visit.painted()
        assert page.evaluate("() => document.activeElement.id") == "stop"
        assert page.evaluate("() => document.documentElement.scrollWidth") <= page.viewport_size["width"]
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        roles = ("button", "slider", "combobox", "radio", "searchbox", "link", "checkbox", "image", "Video")
        found = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")]
        assert not [node for node in found if node[0] in roles and not node[1].strip()], language
        names[language] = {name for role, name in found if role in ("button", "slider", "checkbox")}
        page.keyboard.press("Enter")
        assert page.evaluate("() => document.activeElement.id") == "start"
    assert len(names["en"]) > 8
    assert not names["en"] & names["ja"]
    assert not names["ja"] & names["zh"]


def test_the_studio_links_to_it_and_back(visit: Visit):
    page = visit.page
    page.goto(f"{visit.origin}/?language=en")
    page.wait_for_selector("html[data-ready]")
    page.click("text=Live camera")
    page.wait_for_selector("#start")
    page.click("text=Studio")
    page.wait_for_selector("#choose")
    page.wait_for_selector("html[data-ready]")
    send_file(page, "drop", png(160, 120), "photo.png", "#stage")
    page.wait_for_selector("#after[src^=blob]")


def test_it_leaves_alone_what_the_studio_keeps_in_another_tab(visit: Visit):
    page = visit.page
    visit.open()
    other = page.context.new_page()
    other.goto(f"{visit.origin}/?language=en")
    other.wait_for_selector("html[data-ready]")
    send_file(other, "drop", png(160, 120), "photo.png", "#stage")
    other.wait_for_selector("#after[src^=blob]")
    page.fill("#strength", "70")
    other.reload()
    other.wait_for_selector("#after[src^=blob]")
    assert other.input_value("#strength") == "70"
