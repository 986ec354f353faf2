"""Times of the page in Chromium: opening, a preview at 256 px, 512 x 512, and a large picture, compared with native onnxruntime.

    python benchmarks/page.py PAGE_FOLDER PHOTO [--threads 1] [--megapixels 4] [--runs 5]

Needs Playwright (`pip install playwright`) and Chromium. The fastest of several runs counts, to exclude the effect of other programs.
"""

from __future__ import annotations

import argparse
import functools
import io
import platform
import shutil
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import psutil

from stylenet.catalog.styles import find_style
from stylenet.engines.onnx_networks import OnnxPainter
from stylenet.styles.files import read_style

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
TIMEOUT_MS = 600_000
STYLE = "starry-night"


class Silent(SimpleHTTPRequestHandler):
    """File server that logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, help="folder written by `stylenet page`")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--threads", type=int, default=0, help="0: the page's default")
    parser.add_argument("--megapixels", type=int, default=0, choices=(0, 1, 2, 4, 8, 12), help="size of the large picture; 0: none")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(arguments.page)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with PIL.Image.open(arguments.photo) as image:
        photo = image.convert("RGB")
    print(f"{platform.machine()}, {platform.system()}")
    try:
        in_browser(f"http://127.0.0.1:{server.server_port}/?processor=wasm&threads={arguments.threads or ''}", photo, arguments)
    finally:
        server.shutdown()
    native(photo, arguments.runs)


def in_browser(address: str, photo: PIL.Image.Image, arguments: argparse.Namespace) -> None:
    from playwright.sync_api import sync_playwright

    browser_path = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        page = browser.new_context().new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]", timeout=TIMEOUT_MS)
        started = time.perf_counter()
        page.reload()
        page.wait_for_selector("html[data-ready]", timeout=TIMEOUT_MS)
        ready = page.evaluate("document.documentElement.dataset.ready")
        print(f"opening, repeated visit: {time.perf_counter() - started:.1f} s; {ready} threads")
        page.set_input_files("#photo-file", {"name": "photo.png", "mimeType": "image/png", "buffer": png(photo.resize((512, 512)))})
        painted(page, "full")
        for name, event, kind in (("preview, 256 x 256", "input", "preview"), ("full, 512 x 512", "change", "full")):
            before = processor_seconds()
            milliseconds = [slide(page, event, kind) for _ in range(arguments.runs)]
            processor_ms = 1000 * (processor_seconds() - before) / arguments.runs
            print(
                f"{name}: {min(milliseconds)} ms (median {np.median(milliseconds):.0f}); processor time of Chromium {processor_ms:.0f} ms"
            )
        if arguments.megapixels:
            page.evaluate(f"document.getElementById('size').value = {arguments.megapixels}")
            side = round((arguments.megapixels * 1e6) ** 0.5)
            forget(page)
            large = png(photo.resize((side, side), PIL.Image.Resampling.BICUBIC))
            page.set_input_files("#photo-file", {"name": "photo.png", "mimeType": "image/png", "buffer": large})
            print(f"{arguments.megapixels} MP: {painted(page, 'full')}; {page.inner_text('#problem')}")
        browser.close()


def processor_seconds() -> float:
    """Processor time of all child processes."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)


def slide(page: Any, event: str, kind: str) -> int:
    """Milliseconds of the worker for a picture requested by an event of the strength slider."""
    forget(page)
    page.evaluate(f"document.getElementById('strength').dispatchEvent(new Event('{event}'))")
    return int(painted(page, kind).split()[-1])


def painted(page: Any, kind: str) -> str:
    page.wait_for_selector(f"html[data-painted^={kind}]", timeout=TIMEOUT_MS)
    return str(page.evaluate("document.documentElement.dataset.painted"))


def forget(page: Any) -> None:
    page.evaluate("delete document.documentElement.dataset.painted")


def png(image: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def native(photo: PIL.Image.Image, runs: int) -> None:
    painter, style = OnnxPainter("instant"), (STYLE, read_style(find_style(STYLE)), 1.0)
    for side in (256, 512):
        pixels = np.ascontiguousarray(np.asarray(photo.resize((side, side)), np.float32).transpose(2, 0, 1)[None] / 255)
        painter.paint(pixels, [style])
        seconds = []
        for _ in range(runs):
            started = time.perf_counter()
            painter.paint(pixels, [style])
            seconds.append(time.perf_counter() - started)
        print(f"native onnxruntime, {side} x {side}: {1000 * min(seconds):.0f} ms (median {1000 * np.median(seconds):.0f})")


if __name__ == "__main__":
    main()
