"""The server and the studio without torch: previews, single passes, and one-pass jobs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stylenet
from stylenet.errors import StylenetError

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("websockets")


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """The address of a server, as `stylenet studio` starts it."""
    command = [sys.executable, "-m", "stylenet", "studio", "--no-browser", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(command, cwd=folder, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2]
        process.terminate()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as response:
        return bytes(response.read())


def test_the_studio_works_without_torch(url: str, folder: Path, photo: Any) -> None:
    assert b"<script" in get(url)
    assert json.loads(get(f"{url}/healthz"))["torch"] is False
    works = {recipe["name"]: recipe["works_here"] for recipe in json.loads(get(f"{url}/v1/recipes"))["recipes"]}
    assert (works["instant"], works["standard"]) == (True, False)
    server = stylenet.connect(url)
    id = server.upload(folder / "photo.png")
    preview = stylenet.load_image(get(f"{url}/v1/preview/{id}.jpg?style=starry-night&size=80&strength=70"))
    assert (preview.width, preview.height) == (80, 64)
    assert abs(preview.pixels - photo.pixels).mean() > 0.03


def test_frames_of_a_camera_are_painted_without_torch(url: str, photo: Any) -> None:
    from websockets.sync.client import connect

    assert b"<video" in get(f"{url}/live.html")
    frame = io.BytesIO()
    stylenet.save_image(photo.pixels, frame, format="jpg")
    with connect(url.replace("http:", "ws:") + "/v1/live") as socket:
        for _ in range(2):
            socket.send(frame.getvalue())
            painted = socket.recv()
            assert isinstance(painted, bytes)
            assert stylenet.load_image(painted).width == 384


def test_jobs_paint_in_one_pass_or_say_what_is_missing(url: str, folder: Path) -> None:
    server = stylenet.connect(url)
    for recipe in ({}, {"recipe": "instant"}):
        *_, done = server.stylize(folder / "photo.png", folder / "painting.png", **recipe)
        assert isinstance(done, stylenet.Done)
        assert done.image.shape == (1, 3, 64, 80)
        assert done.receipt["recipe"]["name"] == "instant"
    with pytest.raises(StylenetError, match=r'pip install "stylenet\[torch\]"'):
        list(server.stylize(folder / "photo.png", "starry-night", recipe="standard"))
