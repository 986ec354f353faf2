"""Uploads, previews and single passes: limits, kinds, the latest that wins, and the space on the disk."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from stylenet.server.store import HistoryRow, Store
from tests.server.conftest import ERROR_FIELDS, Open, add_job, ended, upload
from tests.server.fake_painter import PICTURE, SEEDS

ID = "0" * 64


def test_a_picture_is_kept_under_its_hash(server: TestClient, tmp_path: Path) -> None:
    data = b"the bytes of a picture"
    first = server.put("/v1/pictures", content=data, headers={"stylenet-name": "../../photo of <me>.png"})
    assert first.status_code == 201
    info = first.json()
    assert info["id"] == hashlib.sha256(data).hexdigest()
    assert (info["bytes"], info["width"], info["height"], info["name"]) == (len(data), 64, 48, "-..-photo of -me-.png")
    assert (tmp_path / "data" / "pictures" / info["id"]).read_bytes() == data
    assert server.put("/v1/pictures", content=data).status_code == 200


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


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "no style is given"),
        ("style=stary-night", "style is 'stary-night'"),
        ("style=/etc/passwd", "style is '/etc/passwd'"),
        ("style=http://evil.example/a.jpg", "style is 'http://evil.example/a.jpg'"),
        ("style=starry-night&strength=101", "strength is 101"),
        ("style=starry-night&strength=nan", "strength is 'nan'"),
        ("style=starry-night&strength=a", "strength is 'a'"),
        ("style=starry-night&strength=1&strength=2", "strength is given twice"),
        ("style=starry-night&style_scale=0", "style-scale is 0"),
        ("style=starry-night&size=2000", "size is 2000"),
        ("style=starry-night&size=full", "size is full"),
        ("style=starry-night&size=0", "size is 0"),
        ("style=starry-night&seed=-1", "seed is -1"),
        ("style=starry-night&seed=1.5", "seed is '1.5'"),
        ("style=starry-night&output=/tmp/x", "there is no option 'output'"),
        ("style=starry-night&memory=1GB", "memory is given, which a single pass does not take"),
        ("style=starry-night&strength=1_0", "strength is '1_0'"),
        ("style=starry-night&paper=A4", "size 384 and paper A4 are both given"),
        ("style=starry-night&mask=mask.png=photo", "the mask is 'mask.png=photo'"),
        (f"style=starry-night&mask={ID}", f"the mask is '{ID}'"),
        (f"style=starry-night&mask={ID}=/etc/passwd", "style is '/etc/passwd'"),
        ("style=starry-night&palette=/etc/passwd", "palette is '/etc/passwd'"),
        ("style=starry-night&keep_colors=all", "keep-colors is 'all'"),
        ("style=starry-night&blend=1,2", "blend has 2 shares for 1 styles"),
        ("style=starry-night&format=svg", "format is 'svg'"),
        ("style=starry-night&quality=0", "quality is 0"),
    ],
)
def test_a_query_is_checked(shared: TestClient, query: str, error: str) -> None:
    answer = shared.get(f"/v1/preview/{ID}.jpg?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(error)


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
    assert server.get(f"/v1/preview/{ID}.jpg?style=starry-night").status_code == 404
    assert server.get(f"/v1/preview/{id}.jpg?style={ID}").status_code == 404


def test_masks_of_a_preview_are_pictures(server: TestClient) -> None:
    photo, mask = upload(server, b"a photo"), upload(server, b"a mask")
    address = f"/v1/preview/{photo}.jpg?style=starry-night&mask=invert:{mask}=photo&mask={mask}=great-wave"
    first, second = server.get(address).json()["masks"]
    assert re.fullmatch(f"invert:/.+/{mask}=photo", first)
    assert re.fullmatch(f"/.+/{mask}=great-wave", second)
    assert server.get(f"/v1/preview/{photo}.jpg?style=starry-night&mask={ID}=photo").status_code == 404


def test_masks_are_made_of_faces_and_subjects(server: TestClient) -> None:
    id = upload(server)
    for what in ("faces", "subject"):
        answer = server.get(f"/v1/pictures/{id}/{what}.png")
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", PICTURE)
    assert server.get(f"/v1/pictures/{id}/hands.png").status_code == 404
    assert server.get(f"/v1/pictures/{ID}/faces.png").status_code == 404


def test_results_in_another_format_and_small(server: TestClient) -> None:
    job = add_job(server, upload(server, name="my photo.jpg"))
    assert server.get(f"/v1/jobs/{job}/thumbnail.webp").status_code in (200, 409)
    ended(server, job)
    result = server.get(f"/v1/jobs/{job}/result?format=jpg")
    assert (result.status_code, result.headers["content-type"], result.content) == (200, "image/jpeg", PICTURE)
    assert result.headers["content-disposition"].endswith("my%20photo-starry-night.jpg")
    assert server.get(f"/v1/jobs/{job}/result?format=svg").json()["allowed"] == "png, jpg, webp, tif"
    small = server.get(f"/v1/jobs/{job}/thumbnail.webp")
    assert (small.status_code, small.headers["content-type"], small.content) == (200, "image/webp", PICTURE)


def test_only_the_latest_preview_of_a_client_counts(server: TestClient) -> None:
    id = upload(server)
    answers: dict[int, int] = {}

    def ask(strength: int) -> None:
        address = f"/v1/preview/{id}.jpg?style=starry-night&seed={SEEDS['long']}&strength={strength}"
        answers[strength] = server.get(address, headers={"stylenet-client": "slider"}).status_code

    threads = [threading.Thread(target=ask, args=(strength,)) for strength in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.03)
    for thread in threads:
        thread.join()
    assert sorted(answers.values()) == [200, 200, 409, 409, 409, 409]
    assert answers[5] == 200  # of those that waited the last one is left
    assert "stylenet_superseded_total 4" in server.get("/metrics").text


def test_a_process_that_ends_under_a_preview_takes_nothing_with_it(server: TestClient) -> None:
    id = upload(server)
    answer = server.get(f"/v1/preview/{id}.jpg?style=starry-night&seed={SEEDS['dies always']}")
    assert (answer.status_code, answer.json()["error"]) == (422, "the painting process ended (signal 9)")
    assert server.get(f"/v1/preview/{id}.jpg?style=starry-night").status_code == 200


def test_a_single_pass_keeps_nothing(server: TestClient, tmp_path: Path) -> None:
    answer = server.post("/v1/stylize?style=starry-night&size=full", content=b"a picture", headers={"content-type": "image/png"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert list((tmp_path / "data" / "pictures").iterdir()) == list((tmp_path / "data" / "incoming").iterdir()) == []
    assert server.post("/v1/stylize?style=starry-night&size=5000", content=b"a").status_code == 422


def test_the_space_on_the_disk_is_bounded(open_server: Open, tmp_path: Path) -> None:
    server = open_server(disk_mb=1)
    old = upload(server, b"a" * 400_000)
    job = add_job(server, old, seed=SEEDS["long"])
    second = upload(server, b"b" * 400_000)
    third = upload(server, b"c" * 400_000)  # takes the place of the second, which no job needs
    kept = {path.name for path in (tmp_path / "data" / "pictures").iterdir()}
    assert kept == {old, third}
    assert server.post("/v1/jobs", json={"photo": second, "styles": ["starry-night"]}).status_code == 404
    answer = server.put("/v1/pictures", content=b"d" * 900_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    server.delete(f"/v1/jobs/{job}")
    ended(server, job)
    assert server.put("/v1/pictures", content=b"d" * 900_000).status_code == 201


def test_what_is_not_used_is_deleted_and_results_stay(open_server: Open, tmp_path: Path) -> None:
    server = open_server(keep_minutes=0.005)
    job = add_job(server, upload(server))
    info = ended(server, job)
    until = time.monotonic() + 10
    while list((tmp_path / "data" / "pictures").iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    assert list((tmp_path / "data" / "pictures").iterdir()) == []
    assert not (tmp_path / "data" / "jobs" / job / "preview.jpg").exists()
    assert server.get(info["result"]).status_code == 200


def test_the_masks_of_the_history_are_kept_until_it_is_deleted(open_server: Open, tmp_path: Path) -> None:
    server = open_server(keep_minutes=0.005)
    photo, mask = upload(server), upload(server, b"a mask", name="mask.png")
    job = add_job(server, photo, masks=[f"invert:{mask}=photo"])
    assert ended(server, job)["pictures"][mask]["name"] == "mask.png"
    folder = tmp_path / "data" / "pictures"

    def wait_for(expected: set[str]) -> None:
        until = time.monotonic() + 10
        while {path.name for path in folder.iterdir()} != expected and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        assert {path.name for path in folder.iterdir()} == expected

    wait_for({mask})
    info = server.get(f"/v1/jobs/{job}").json()
    assert set(info["pictures"]) == {mask}
    assert info["request"]["masks"] == [f"invert:{mask}=photo"]
    assert server.delete(f"/v1/history/{job}").status_code == 204
    wait_for(set())


def test_masks_of_the_history_make_room_for_uploads(open_server: Open) -> None:
    server = open_server(disk_mb=1)
    photo, mask = upload(server), upload(server, b"m" * 400_000)
    ended(server, add_job(server, photo, masks=[f"{mask}=photo"]))
    other = upload(server, b"o" * 400_000)
    third = upload(server, b"t" * 400_000)  # takes the place of the other, although the mask is older
    stored = [server.get(f"/v1/pictures/{id}/faces.png").status_code for id in (mask, other, third)]
    assert stored == [200, 404, 200]
    upload(server, b"f" * 900_000)
    assert server.get(f"/v1/pictures/{mask}/faces.png").status_code == 404


def test_old_results_make_room_for_new_ones(open_server: Open, tmp_path: Path) -> None:
    server = open_server(keep_minutes=0.005, history_mb=1)
    jobs = [add_job(server, upload(server)) for _ in range(2)]
    for job in jobs:
        ended(server, job)
    server.__exit__(None, None, None)
    store = Store(tmp_path / "data" / "server.sqlite")
    for job in jobs:
        store.add_history(HistoryRow(job=job, created=1.0, bytes=600_000, receipt="{}"))
    store.close()
    server = open_server(keep_minutes=0.005, history_mb=1)
    until = time.monotonic() + 10
    while len(server.get("/v1/jobs").json()["jobs"]) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    assert [job["id"] for job in server.get("/v1/jobs").json()["jobs"]] == jobs[1:]


_BAD_JOBS: list[tuple[dict[str, Any], str]] = [
    ({}, "no style is given"),
    ({"styles": []}, "no style is given"),
    ({"styles": ["starry-night"], "photo": "/etc/passwd"}, "photo is '/etc/passwd'"),
    ({"styles": ["starry-night"], "photo": "http://evil.example/x.jpg"}, "photo is 'http://evil.example/x.jpg'"),
    ({"styles": ["./x.png"]}, "style is './x.png'"),
    ({"styles": ["starry-night"], "output": "x.png"}, "'output' is not a field of a painting"),
    ({"styles": ["starry-night"], "preview": "x.png"}, "'preview' is not a field of a painting"),
    ({"styles": ["starry-night"], "encoder": "../w.pth"}, "encoder is '../w.pth'"),
    ({"styles": ["starry-night"], "encoder": "/w.safetensors"}, "encoder is '/w.safetensors'"),
    ({"styles": ["starry-night"], "recipe": "x.toml"}, "recipe is 'x.toml'"),
    ({"styles": ["starry-night"], "recipe": "standrd"}, "recipe is 'standrd'"),
    ({"styles": ["starry-night"], "changes": {"style.wait": "1"}}, "recipe 'standard': no knob is called 'style.wait'"),
    ({"styles": ["starry-night"], "changes": {"network.name": "../x"}}, "network.name is '../x'"),
    ({"styles": ["starry-night"], "start": "/x.png"}, "start is '/x.png'"),
    ({"styles": ["starry-night"], "masks": ["/x.png=photo"]}, "the mask is '/x.png=photo'"),
    ({"styles": ["starry-night"], "masks": [f"{ID}=/x.png"]}, "style is '/x.png'"),
    ({"styles": ["starry-night"], "palette": "/x.png"}, "palette is '/x.png'"),
    ({"styles": ["starry-night"], "threads": 4}, "threads is given"),
    ({"styles": ["starry-night"], "memory": "1GB"}, "memory is given"),
    ({"styles": ["starry-night"], "save_every": 1}, "save_every is given"),
    ({"styles": ["starry-night"], "size": 100_000}, "size is 100000"),
    ({"styles": ["starry-night"], "size": "99999x99999"}, "size is 99999x99999"),
    ({"styles": ["starry-night"], "strength": "50"}, "strength is '50'"),
    ({"styles": "starry-night"}, "styles is 'starry-night'"),
    ({"styles": ["starry-night"] * 17}, "17 styles are given"),
    ({"styles": ["starry-night"], "format": "gif"}, "format is 'gif'"),
]


@pytest.mark.parametrize(("body", "error"), _BAD_JOBS)
def test_a_job_is_checked(shared: TestClient, body: dict[str, Any], error: str) -> None:
    answer = shared.post("/v1/jobs", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(error)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b" " * 300_000, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_that_is_no_job(shared: TestClient, content: bytes, kind: str, status: int) -> None:
    answer = shared.post("/v1/jobs", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert set(answer.json()) == ERROR_FIELDS


def test_ids_become_files_for_the_painter(server: TestClient) -> None:
    photo, style, mask = (upload(server, name) for name in (b"photo", b"style", b"mask"))
    masks = [f"{mask}=photo", f"invert:{mask}=great-wave"]
    job = add_job(server, photo, styles=[style, "starry-night"], masks=masks, start=style, palette="#264653,#e9c46a")
    assert ended(server, job)["state"] == "finished"
    command = server.get(f"/v1/jobs/{job}").json()["command"]
    assert f"--mask {mask[:12]}.png=photo --mask invert:{mask[:12]}.png=great-wave" in command
