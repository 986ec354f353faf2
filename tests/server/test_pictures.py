"""Uploaded pictures: retention and disk space."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from starlette.testclient import TestClient

from stylenet.server.store import HistoryRow, Store
from tests.server.conftest import Open, add_job, ended, upload
from tests.server.fake_painter import SEEDS


def test_a_picture_is_kept_under_its_hash(server: TestClient, tmp_path: Path) -> None:
    data = b"the bytes of a picture"
    first = server.put("/v1/pictures", content=data, headers={"stylenet-name": "../../photo of <me>.png"})
    assert first.status_code == 201
    info = first.json()
    assert info["id"] == hashlib.sha256(data).hexdigest()
    assert (info["bytes"], info["width"], info["height"], info["name"]) == (len(data), 64, 48, "-..-photo of -me-.png")
    assert (tmp_path / "data" / "pictures" / info["id"]).read_bytes() == data
    assert server.put("/v1/pictures", content=data).status_code == 200


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
