"""Real painters: the same bytes even if processes are killed, pictures of every kind, and the client."""

from __future__ import annotations

import io
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import psutil
import pytest

import stylenet
from stylenet.errors import ImageError, StylenetError, UsageError
from stylenet.events import Done, Preview, Saved, Started
from stylenet.image.files import load_image
from stylenet.image.metadata import read_receipt
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from tests.server.conftest import Running, ask, png, run_server

Start = Callable[..., Running]
STEPS = 14
TINY = {"recipe": "draft", "size": 48, "changes": {"pyramid.coarsest_px": "0", "pyramid.steps": f"[{STEPS}]"}}


def wait_for(url: str, job: str, *, until: Callable[[dict[str, Any]], bool], seconds: float = 200) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        info: dict[str, Any] = json.loads(ask(f"{url}/v1/jobs/{job}")[1])
        if until(info):
            return info
        time.sleep(0.03)
    raise AssertionError(info)


def has_ended(info: dict[str, Any]) -> bool:
    return info["state"] in ("finished", "stopped", "failed")


def add(url: str, **fields: Any) -> str:
    photo = json.loads(ask(f"{url}/v1/pictures", "PUT", png(60, 48), **{"stylenet-name": "photo.png"})[1])["id"]
    body = {"photo": photo, "styles": ["starry-night"], **TINY, **fields}
    return str(json.loads(ask(f"{url}/v1/jobs", "POST", body, **{"content-type": "application/json"})[1])["id"])


def painters(running: Running) -> list[psutil.Process]:
    return [child for child in psutil.Process(running.process.pid).children() if "stylenet.server.worker" in " ".join(child.cmdline())]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server shared by tests that neither kill it nor depend on its content."""
    running = run_server(tmp_path_factory.mktemp("server"), "--threads", "1")
    yield running.url
    running.close()


def test_one_pass_from_upload_to_client(url: str, tmp_path: Path) -> None:
    status, body = ask(f"{url}/v1/pictures", "PUT", png(70, 50))
    assert status == 201
    id = json.loads(body)["id"]
    status, data = ask(f"{url}/v1/preview/{id}.jpg?style=starry-night&size=64")
    preview = load_image(data)
    assert (status, preview.width, preview.height) == (200, 64, 46)
    status, data = ask(f"{url}/v1/stylize?style=starry-night&strength=70", "POST", png(70, 50))
    assert status == 200
    plain = open_stylizer("instant", device="cpu", precision="float32", threads=1)
    *_, done = plain.stylize(png(70, 50), "starry-night", Options(strength=70))
    assert isinstance(done, Done)
    assert abs(load_image(data).pixels - done.image).max() <= 0.5 / 255 + 1e-3
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    damaged = b"\x89PNG\r\n\x1a\n" + bytes(100)
    for bad, code in ((b"no picture at all", "not-a-picture"), (svg, "not-a-picture"), (damaged, "not-a-picture")):
        status, body = ask(f"{url}/v1/pictures", "PUT", bad)
        assert (status, json.loads(body)["code"]) == (415, code)
        assert json.loads(body)["error"].startswith("cannot read the picture")
        assert "incoming" not in body.decode()
    truncated = png(300, 300)[:-40]
    id = json.loads(ask(f"{url}/v1/pictures", "PUT", truncated)[1])["id"]
    status, body = ask(f"{url}/v1/preview/{id}.jpg?style=starry-night")
    assert (status, json.loads(body)["error"][:40]) == (422, "cannot read the picture: it is damaged o")
    server = stylenet.connect(url)
    (tmp_path / "photo.png").write_bytes(png(60, 48))
    events = list(server.stylize(tmp_path / "photo.png", "starry-night", recipe="instant", strength=40))
    assert [type(event) for event in events if not isinstance(event, Preview)] == [Started, Saved, Done]
    assert isinstance(events[-1], Done)
    assert events[-1].image.shape == (1, 3, 48, 60)
    assert events[-1].receipt["strength"] == 40
    with pytest.raises(UsageError, match="strength is 101; 0"):
        list(server.stylize(png(), "starry-night", strength=101))
    with pytest.raises(ImageError, match="cannot read the picture") as caught:
        list(server.stylize(b"no picture", "starry-night"))
    assert caught.value.code == "not-a-picture"
    with pytest.raises(UsageError, match="the server's address is 'ftp://x'"):
        stylenet.connect("ftp://x")
    with pytest.raises(StylenetError, match="cannot be reached"):
        stylenet.connect("http://127.0.0.1:1").styles()


def test_a_mask_keeps_the_photo_and_a_result_keeps_its_receipt(url: str, tmp_path: Path) -> None:
    half = io.BytesIO()
    PIL.Image.fromarray(np.repeat([[0] * 30 + [255] * 30], 48, axis=0).astype(np.uint8)).save(half, format="PNG")
    photo, mask = (json.loads(ask(f"{url}/v1/pictures", "PUT", data)[1])["id"] for data in (png(60, 48), half.getvalue()))

    def painted(query: str) -> Any:
        status, data = ask(f"{url}/v1/preview/{photo}.jpg?style=starry-night&format=png&size=60{query}")
        assert status == 200, data
        return load_image(data).pixels

    plain, kept, other = painted(""), painted(f"&mask={mask}=photo"), painted(f"&mask=invert:{mask}=great-wave")
    expected = load_image(png(60, 48)).pixels
    assert np.abs(kept[..., 30:] - expected[..., 30:]).max() == 0
    assert np.abs(kept[..., :20] - plain[..., :20]).max() < 0.1
    assert np.abs(other[..., :20] - plain[..., :20]).mean() > np.abs(other[..., 40:] - plain[..., 40:]).mean()
    job = add(url, recipe="instant", changes={}, masks=[f"{mask}=photo"])
    assert wait_for(url, job, until=has_ended)["state"] == "finished"
    (tmp_path / "result.jpg").write_bytes(ask(f"{url}/v1/jobs/{job}/result?format=jpg")[1])
    receipt = read_receipt(tmp_path / "result.jpg")
    assert receipt is not None
    assert receipt["recipe"]["name"] == "instant"
    result = load_image(ask(f"{url}/v1/jobs/{job}/result")[1])
    assert np.abs(load_image(tmp_path / "result.jpg").pixels - result.pixels).mean() < 0.05
    small = load_image(ask(f"{url}/v1/jobs/{job}/thumbnail.webp")[1])
    assert (small.width, small.height) == (result.width, result.height)


def test_small_pictures_keep_their_transparency(url: str) -> None:
    cutout = PIL.Image.new("RGBA", (60, 48), (0, 0, 0, 0))
    cutout.paste((220, 90, 30, 255), (30, 0, 60, 48))
    file = io.BytesIO()
    cutout.save(file, format="PNG")
    photo = json.loads(ask(f"{url}/v1/pictures", "PUT", file.getvalue())[1])["id"]
    body = {"photo": photo, "styles": ["starry-night"], "recipe": "instant"}
    job = json.loads(ask(f"{url}/v1/jobs", "POST", body, **{"content-type": "application/json"})[1])["id"]
    assert wait_for(url, job, until=has_ended)["state"] == "finished"
    preview = f"{url}/v1/preview/{photo}.jpg?style=starry-night&size=60"
    for address in (f"{url}/v1/jobs/{job}/thumbnail.webp", f"{preview}&format=webp", f"{preview}&format=webp&strength=0"):
        small = PIL.Image.open(io.BytesIO(ask(address)[1])).convert("RGBA")
        alpha = np.asarray(small)[..., 3]
        assert (alpha[:, :26].max(), alpha[:, 34:].min()) == (0, 255), address
    left = np.asarray(PIL.Image.open(io.BytesIO(ask(preview)[1])).convert("RGB"))[:, :20]
    assert left.min() > 240, "JPEG has no transparency: it is white"


def test_errors_about_masks_name_no_file_of_the_server(url: str, tmp_path: Path) -> None:
    black = io.BytesIO()
    PIL.Image.new("L", (60, 48)).save(black, format="PNG")
    photo, mask = (json.loads(ask(f"{url}/v1/pictures", "PUT", data)[1])["id"] for data in (png(60, 48), black.getvalue()))
    status, body = ask(f"{url}/v1/preview/{photo}.jpg?style=starry-night&mask={mask}=photo")
    assert (status, mask in json.loads(body)["error"]) == (422, True)
    assert str(tmp_path.parent) not in body.decode()


def test_a_subject_is_found(url: str) -> None:
    pytest.importorskip("cv2")
    picture = PIL.Image.new("RGB", (120, 100), (40, 60, 160))
    PIL.ImageDraw.Draw(picture).ellipse((40, 30, 80, 70), fill=(230, 120, 20))
    data = io.BytesIO()
    picture.save(data, format="PNG")
    id = json.loads(ask(f"{url}/v1/pictures", "PUT", data.getvalue())[1])["id"]
    status, body = ask(f"{url}/v1/pictures/{id}/subject.png")
    assert status == 200, body
    mask = load_image(body).pixels[0, 0]
    assert mask[50, 60] > 0.9
    assert mask[5:20, 5:20].max() < 0.1
    status, body = ask(f"{url}/v1/pictures/{id}/faces.png")
    assert (status, json.loads(body)["error"]) == (422, "no face is found in the photo")


def test_killed_servers_and_painters_change_no_byte(start: Start, tmp_path: Path) -> None:
    """Kills of a painter and of the server at given times; benchmarks/server_kills.py kills at random times."""
    options = ("--threads", "1", "--checkpoint-seconds", "0")
    running = start(*options)
    undisturbed = add(running.url)
    assert wait_for(running.url, undisturbed, until=has_ended)["state"] == "finished"
    expected = ask(f"{running.url}/v1/jobs/{undisturbed}/result")[1]
    disturbed = add(running.url)
    kill_painters_after(running, disturbed, step=2)
    wait_for(running.url, disturbed, until=lambda info: info["state"] == "running" and info["step"] >= 5)
    orphans = painters(running)
    running.kill()
    psutil.wait_procs(orphans, timeout=10)
    assert not any(orphan.is_running() for orphan in orphans)
    running = start(*options)
    assert wait_for(running.url, disturbed, until=has_ended)["state"] == "finished"
    assert ask(f"{running.url}/v1/jobs/{disturbed}/result")[1] == expected
    events = ask(f"{running.url}/v1/jobs/{disturbed}/events")[1].decode()
    assert events.count("resuming after step") == 2
    path = tmp_path / "result.png"
    path.write_bytes(expected)
    receipt = read_receipt(path)
    assert receipt is not None
    assert receipt["recipe"]["pyramid"]["steps"] == [STEPS]


def kill_painters_after(running: Running, job: str, *, step: int) -> None:
    wait_for(running.url, job, until=lambda info: info["state"] == "running" and info["step"] >= step)
    for child in painters(running):
        child.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_a_client_keeps_its_events_over_a_restart(start: Start, tmp_path: Path) -> None:
    running = start("--threads", "1", "--checkpoint-seconds", "0")
    port = running.url.rsplit(":", 1)[1]
    events = stylenet.connect(running.url).stylize(png(60, 48), "starry-night", **TINY)
    steps = []
    for event in events:
        if isinstance(event, stylenet.Step):
            steps.append(event.step)
            if event.step == 5 and steps.count(5) == 1:
                running.kill()
                running = start("--threads", "1", "--checkpoint-seconds", "0", "--port", port)
    assert isinstance(event, Done)
    assert steps[-1] == STEPS
