"""Jobs over HTTP: events, results, and invalid bodies."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import ERROR_FIELDS, add_job, ended, events_of, upload
from tests.server.fake_painter import PICTURE, SEEDS


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


def test_a_job_is_painted_and_its_events_are_stored(server: TestClient) -> None:
    photo = upload(server, name="my photo.png")
    job = add_job(server, photo, strength=60)
    info = ended(server, job)
    assert (info["state"], info["step"], info["steps"], info["error"]) == ("finished", 4, 4, None)
    assert info["request"] == {"photo": photo, "styles": ["starry-night"], "strength": 60.0}
    assert info["command"] == "stylenet stylize 'my photo.png' starry-night --strength 60 --output painting.png"
    assert info["python"].splitlines()[-1] == "stylenet.stylize('my photo.png', 'starry-night', strength=60.0).save('painting.png')"
    answer = server.get(info["result"])
    assert answer.content == f"result of {job}".encode()
    assert "my%20photo-starry-night.png" in answer.headers["content-disposition"]
    assert server.get(f"/v1/jobs/{job}/preview.jpg").content == b"preview"
    found = events_of(server.get(info["events"]).text)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert [name for _, name, _ in found] == ["queued", "started", *["step"] * 4, "saved", "done"]
    assert found[-1][2]["output"] == found[1][2]["plan"]["output"] == found[-2][2]["path"] == info["result"]
    (entry,) = server.get("/v1/history").json()["results"]
    assert (entry["job"], entry["receipt"]) == (job, {"seed": 0})


def test_events_go_on_after_the_last_one_that_came(server: TestClient) -> None:
    job = add_job(server, upload(server))
    ended(server, job)
    address = f"/v1/jobs/{job}/events"
    everything = events_of(server.get(address).text)
    for last in (0, 3, 7):
        assert events_of(server.get(address, headers={"last-event-id": str(last)}).text) == everything[last:]
    assert server.get(address, headers={"last-event-id": str(len(everything))}).status_code == 204
    answer = server.get(address, headers={"last-event-id": "-1"})
    assert (answer.status_code, answer.json()["allowed"]) == (400, "numbers of events, from 0")


def test_events_come_while_the_job_runs(server: TestClient) -> None:
    job = add_job(server, upload(server), seed=SEEDS["dies once"])
    found = events_of(server.get(f"/v1/jobs/{job}/events").text)  # ends with the job
    assert found[-1][1] == "done"
    notices = [values["message"] for _, name, values in found if name == "notice"]
    assert notices == ["the painting process ended (signal 9); the job is resumed in a new process"]
    assert [values["step"] for _, name, values in found if name == "step"] == [1, 2, 1, 2, 3, 4]


def test_an_ended_job_can_be_deleted(server: TestClient, tmp_path: Path) -> None:
    job = add_job(server, upload(server))
    ended(server, job)
    assert server.delete(f"/v1/history/{job}").status_code == 204
    assert server.get(f"/v1/jobs/{job}").status_code == 404
    assert server.get("/v1/history").json() == {"results": []}
    assert not (tmp_path / "data" / "jobs" / job).exists()
