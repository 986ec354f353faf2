"""Uploads, previews, masks and single passes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import NO_PICTURE, Open, upload
from tests.server.fake_painter import PICTURE


@pytest.mark.parametrize(
    ("content", "headers", "status", "error"),
    [
        (b"", {}, 400, "the body is empty"),
        (b"x", {"content-type": "text/html"}, 415, "the body is 'text/html'"),
        (b"<svg/>", {"content-type": "image/svg+xml"}, 415, "the body is 'image/svg+xml'"),
        (b"x", {"content-type": "multipart/form-data; boundary=x"}, 415, "the body is 'multipart/form-data'"),
        (b"x" * 1_100_000, {}, 413, "the picture has 1100000 bytes"),
        (b"huge", {}, 413, "the picture has 10000 x 10000 pixels, 100.0 megapixels"),
    ],
)
def test_what_is_not_taken(open_server: Open, content: bytes, headers: dict[str, str], status: int, error: str) -> None:
    server = open_server(upload_mb=1)
    for method, path in (("PUT", "/v1/pictures"), ("POST", "/v1/stylize?style=starry-night")):
        answer = server.request(method, path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_upload_without_a_length_is_refused(shared: TestClient) -> None:
    answer = shared.put("/v1/pictures", content=iter([b"abc", b"def"]))
    assert (answer.status_code, answer.json()["error"]) == (411, "the request has no Content-Length")


def test_a_length_that_is_not_kept(shared: TestClient) -> None:
    assert shared.put("/v1/pictures", content=b"abc", headers={"content-length": "5"}).status_code == 400
    assert shared.put("/v1/pictures", content=b"abcdefgh", headers={"content-length": "5"}).status_code == 413


def test_a_preview_may_be_cached_for_good(server: TestClient) -> None:
    id = upload(server)
    address = f"/v1/preview/{id}.jpg?style=starry-night,great-wave&strength=30&blend=1,3"
    answer = server.get(address)
    call = json.loads(answer.content)
    assert (call["styles"], call["options"]["blend"], call["options"]["size"]) == (["starry-night", "great-wave"], [1.0, 3.0], 384)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert server.get(address).content == answer.content
    assert server.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert 'stylenet_passes_total{queue="previews"} 2' in server.get("/metrics").text  # the check of the upload, and one pass
    assert server.get(f"/v1/preview/{NO_PICTURE}.jpg?style=starry-night").status_code == 404
    assert server.get(f"/v1/preview/{id}.jpg?style={NO_PICTURE}").status_code == 404


def test_masks_of_a_preview_are_pictures(server: TestClient) -> None:
    photo, mask = upload(server, b"a photo"), upload(server, b"a mask")
    address = f"/v1/preview/{photo}.jpg?style=starry-night&mask=invert:{mask}=photo&mask={mask}=great-wave"
    first, second = server.get(address).json()["masks"]
    assert re.fullmatch(f"invert:/.+/{mask}=photo", first)
    assert re.fullmatch(f"/.+/{mask}=great-wave", second)
    assert server.get(f"/v1/preview/{photo}.jpg?style=starry-night&mask={NO_PICTURE}=photo").status_code == 404


def test_masks_are_made_of_faces_and_subjects(server: TestClient) -> None:
    id = upload(server)
    for what in ("faces", "subject"):
        answer = server.get(f"/v1/pictures/{id}/{what}.png")
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", PICTURE)
    assert server.get(f"/v1/pictures/{id}/hands.png").status_code == 404
    assert server.get(f"/v1/pictures/{NO_PICTURE}/faces.png").status_code == 404


def test_a_single_pass_keeps_nothing(server: TestClient, tmp_path: Path) -> None:
    answer = server.post("/v1/stylize?style=starry-night&size=full", content=b"a picture", headers={"content-type": "image/png"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert list((tmp_path / "data" / "pictures").iterdir()) == list((tmp_path / "data" / "incoming").iterdir()) == []
    assert server.post("/v1/stylize?style=starry-night&size=5000", content=b"a").status_code == 422
