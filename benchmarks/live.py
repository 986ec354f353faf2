"""Camera frames over the WebSocket of `stylenet live`: pictures per second, delay, steadiness, and memory over several minutes.

    python benchmarks/live.py [--frames 60] [--minutes 10] [--photo FILE]

A Python client sends frames of a noisy pan over a photo, as the page does: each frame after the painting of the previous one arrives. The
processor time of server and worker per frame does not depend on other load. For steadiness, flicker is the mean difference between
successive paintings of the still photo with noise, and detail is the mean absolute Laplacian, also during the pan; all are relative to
--steady 0.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from local_server import LocalServer, load_average, percentiles, picture, running_server
from report import write_result
from websockets.sync.client import ClientConnection, connect

from stylenet.image.files import load_image, save_image
from stylenet.image.resize import resize
from stylenet.shapes import Image

SIZES_PX = (256, 384)
DEFAULT_STEADY = 60
NOISE = 0.012
"""Standard deviation of a webcam's noise in a lit room."""

PAN_PX = 24
SOAK_PX = 256
STEADY_FRAMES = 24


def jpeg(pixels: Image) -> bytes:
    buffer = io.BytesIO()
    save_image(pixels, buffer, format="jpg", quality=85)
    return buffer.getvalue()


def frames(photo: Image, size: int, *, pan: bool, count: int = 48) -> list[bytes]:
    """JPEG frames (4:3) of a pan over a photo and back, or of the still photo, with noise."""
    rng = np.random.default_rng(size)
    height = size * 3 // 4
    large = resize(photo, (size + PAN_PX, height))
    encoded = []
    for index in range(count):
        left = round(PAN_PX / 2 * (1 - np.cos(2 * np.pi * index / count))) if pan else 0
        part = large[..., left : left + size]
        encoded.append(jpeg((part + rng.normal(0, NOISE, part.shape)).clip(0, 1).astype(np.float32)))
    return encoded


def change(socket: ClientConnection, **settings: Any) -> None:
    socket.send(json.dumps(settings))
    response = json.loads(socket.recv())
    if "error" in response:
        raise RuntimeError(response["error"])


def painted(socket: ClientConnection, frame: bytes) -> bytes:
    socket.send(frame)
    response = socket.recv()
    if not isinstance(response, bytes):
        raise RuntimeError(response)
    return response


def timed(server: LocalServer, socket: ClientConnection, sent: list[bytes], count: int) -> dict[str, Any]:
    """Pictures per second, delay and processor time for frames of one size."""
    for frame in sent[:5]:
        painted(socket, frame)
    seconds, processor, started = [], server.processor_seconds(), time.perf_counter()
    for frame in itertools.islice(itertools.cycle(sent), count):
        sent_at = time.perf_counter()
        painted(socket, frame)
        seconds.append(time.perf_counter() - sent_at)
    duration = time.perf_counter() - started
    return {
        "pictures a second": round(count / duration, 1),
        "delay": percentiles(seconds),
        "processor ms a picture": round(1000 * (server.processor_seconds() - processor) / count, 1),
    }


def steadied(socket: ClientConnection, sent: list[bytes], steady: int) -> dict[str, float]:
    """Mean difference of successive paintings, and their detail."""
    change(socket, steady=steady)
    pictures = [load_image(painted(socket, frame)).pixels for frame in sent[:STEADY_FRAMES]][8:]
    differences = [np.abs(after - before).mean() for before, after in itertools.pairwise(pictures)]
    return {"flicker": float(np.mean(differences)), "detail": float(np.mean([detail(each) for each in pictures]))}


def detail(pixels: Image) -> float:
    """Mean absolute Laplacian."""
    inner = pixels[..., 1:-1, 1:-1]
    neighbors = pixels[..., :-2, 1:-1] + pixels[..., 2:, 1:-1] + pixels[..., 1:-1, :-2] + pixels[..., 1:-1, 2:]
    return float(np.abs(4 * inner - neighbors).mean())


def relative_to_plain(socket: ClientConnection, still: list[bytes], moving: list[bytes]) -> dict[str, dict[str, float]]:
    """Flicker and detail with steadiness, relative to those without it."""
    plain_still, plain_moving = (steadied(socket, sent, 0) for sent in (still, moving))
    found = {}
    for steady in (DEFAULT_STEADY, 100):
        now_still, now_moving = (steadied(socket, sent, steady) for sent in (still, moving))
        found[f"steady {steady}"] = {
            "flicker": round(now_still["flicker"] / plain_still["flicker"], 3),
            "detail": round(now_still["detail"] / plain_still["detail"], 3),
            "detail of the pan": round(now_moving["detail"] / plain_moving["detail"], 3),
        }
    return found


def soak(server: LocalServer, socket: ClientConnection, sent: list[bytes], minutes: float) -> dict[str, Any]:
    """Memory over several minutes, with a new style every 20 frames."""
    styles = itertools.cycle(("starry-night", "great-wave", "the-scream", "water-lilies", "dance"))
    memory, count, started = [server.memory_mb()], 0, time.monotonic()
    for count, frame in enumerate(itertools.cycle(sent), 1):
        if count % 20 == 1:
            change(socket, style=next(styles))
        painted(socket, frame)
        if time.monotonic() - started > minutes * 60 * len(memory) / 10:
            memory.append(server.memory_mb())
        if time.monotonic() - started > minutes * 60:
            break
    return {
        "minutes": minutes,
        "frames": count,
        "size": SOAK_PX,
        **{f"{name} memory_mb": [each[name] for each in memory] for name in ("server", "processes")},
    }


def measured(photo: Image, arguments: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    with running_server() as server, connect(f"ws://127.0.0.1:{server.port}/v1/live", max_size=None) as socket:
        for size in SIZES_PX:
            change(socket, size=size, steady=DEFAULT_STEADY)
            yield f"{size} px", timed(server, socket, frames(photo, size, pan=True), arguments.frames)
        change(socket, size=SIZES_PX[0])
        still, moving = (frames(photo, SIZES_PX[0], pan=pan) for pan in (False, True))
        yield "relative to steady 0", relative_to_plain(socket, still, moving)
        change(socket, size=SOAK_PX, steady=DEFAULT_STEADY)
        if arguments.minutes:
            yield "soak", soak(server, socket, frames(photo, SOAK_PX, pan=True), arguments.minutes)
        yield "tracebacks", server.tracebacks()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--photo", type=Path, help="default: a computed picture")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.photo if arguments.photo else picture(0, Path(folder))
        photo = load_image(source).pixels
    load = load_average()
    figures = dict(measured(photo, arguments))
    write_result("live", {**figures, "load before and after": [load, load_average()]})


if __name__ == "__main__":
    main()
