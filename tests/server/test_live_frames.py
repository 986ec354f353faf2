"""Camera frames are painted like photos."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("websockets")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from stylenet.events import Done
from stylenet.image.files import load_image
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from tests.server.conftest import LIVE_PATH, Running


def frame(width: int = 96, height: int = 72) -> bytes:
    """A camera frame: a gradient with an orange rectangle."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([40 + 2 * columns, 60 + rows, 220 - 2 * rows], -1).clip(0, 255).astype(np.uint8)
    pixels[20:40, 30:60] = (230, 120, 20)
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def test_frames_are_painted_as_photos_are(start: Callable[..., Running]) -> None:
    """Over a real connection that lasts longer than the timeout of requests."""
    url = start("--patience-seconds", "1.5", "--threads", "2").url.replace("http:", "ws:") + LIVE_PATH
    settings = {"style": "great-wave", "strength": 70, "size": 128, "steady": 0}
    options = Options(size=128, strength=70)
    *_, done = open_stylizer("instant").stylize(load_image(frame()), "great-wave", options, noise_origin=(0, 0))
    assert isinstance(done, Done)
    expected = done.image[0].transpose(1, 2, 0)
    with connect(url) as socket:
        socket.send(json.dumps(settings))
        assert json.loads(socket.recv())["style"] == "great-wave"
        begin = time.monotonic()
        while time.monotonic() - begin < 2:
            socket.send(frame())
            answer = socket.recv()
        assert isinstance(answer, bytes)
        with PIL.Image.open(io.BytesIO(answer)) as image:
            found = np.asarray(image.convert("RGB")).astype(float)
        assert found.shape == (96, 128, 3)
        assert np.abs(found - 255 * expected).mean() < 4
        socket.send(frame(2000, 8))
        assert json.loads(socket.recv())["error"] == "the frame has 2000 x 8 pixels"
        socket.send(frame()[:-900])
        assert json.loads(socket.recv())["error"].startswith("cannot read the frame: it is damaged or cut off")
        socket.send(frame())
        assert isinstance(socket.recv(), bytes)
        with contextlib.suppress(ConnectionClosed):  # it may be closed before everything is sent
            socket.send(b"x" * (2**22 + 1))
        with pytest.raises(ConnectionClosed):
            socket.recv()
    with connect(url) as socket:
        socket.send(frame())
        assert isinstance(socket.recv(), bytes)
