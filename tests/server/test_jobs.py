"""Jobs: painting, stopping, limits, and recovery from lost processes."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from stylenet.server.jobs import Jobs
from stylenet.server.store import RUNNING, JobRow, Store
from tests.server.conftest import ERROR_FIELDS, Open, add_job, ended, events_of, upload
from tests.server.fake_painter import SEEDS


def test_a_stopped_job_keeps_its_best_picture(server: TestClient) -> None:
    job = add_job(server, upload(server), seed=SEEDS["long"])
    while server.get(f"/v1/jobs/{job}").json()["step"] < 2:
        pass
    assert server.get(f"/v1/jobs/{job}/result").status_code == 409
    assert server.delete(f"/v1/jobs/{job}").status_code == 202
    info = ended(server, job)
    assert info["state"] == "stopped"
    assert server.get(info["result"]).status_code == 200
    assert server.delete(f"/v1/jobs/{job}").status_code == 200


def test_a_waiting_job_is_stopped_without_a_picture(server: TestClient) -> None:
    photo = upload(server)
    first, second = (add_job(server, photo, seed=SEEDS["long"]) for _ in range(2))
    assert server.get(f"/v1/jobs/{second}").json()["state"] == "queued"
    info = server.delete(f"/v1/jobs/{second}").json()
    assert (info["state"], info["result"]) == ("stopped", None)
    assert server.get(f"/v1/jobs/{second}/result").status_code == 404
    server.delete(f"/v1/jobs/{first}")
    assert ended(server, first)["state"] == "stopped"


def test_the_queue_is_bounded(open_server: Open) -> None:
    server = open_server(queue=2)
    photo = upload(server)
    first = add_job(server, photo, seed=SEEDS["long"])
    while server.get(f"/v1/jobs/{first}").json()["state"] == "queued":
        pass
    waiting = [add_job(server, photo) for _ in range(2)]
    answer = server.post("/v1/jobs", json={"photo": photo, "styles": ["starry-night"]})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    body = answer.json()
    assert (body["code"], body["error"]) == ("queue-full", "2 jobs are waiting, which is the limit")
    assert body["values"] == {"most": 2, "seconds": int(answer.headers["retry-after"])}
    assert server.get(f"/v1/jobs/{waiting[1]}").json()["jobs_before"] == 1
    server.delete(f"/v1/jobs/{first}")
    assert [ended(server, job)["state"] for job in waiting] == ["finished", "finished"]


@pytest.mark.parametrize(
    ("seed", "error", "code"),
    [
        ("dies always", "the painting process ended (signal 9)", "job-lost"),
        ("fails", "the size is wrong", "invalid-value"),
        ("unexpected", "unexpected ValueError: ", "unexpected-error"),
        ("grows", "the painting process used 1000000 MB of memory", "job-lost"),
    ],
)
def test_a_job_that_cannot_be_painted_fails_in_words(server: TestClient, tmp_path: Path, seed: str, error: str, code: str) -> None:
    job = add_job(server, upload(server), seed=SEEDS[seed])
    info = ended(server, job)
    assert info["state"] == "failed"
    assert info["error"].startswith(error)
    assert str(tmp_path) not in server.get(f"/v1/jobs/{job}/events").text
    _, name, values = events_of(server.get(f"/v1/jobs/{job}/events").text)[-1]
    assert name == "failed"
    assert {part: values[part] for part in ERROR_FIELDS} == {part: info[part] for part in ERROR_FIELDS}
    assert (info["code"], info["values"]) == (code, {"size": 7} if code == "invalid-value" else {})
    assert server.get(f"/v1/jobs/{job}/result").status_code == 404
    assert ended(server, add_job(server, upload(server)))["state"] == "finished"  # the next one is painted


def test_the_time_of_a_job_is_bounded(open_server: Open) -> None:
    server = open_server(job_minutes=0.01)
    job = add_job(server, upload(server), seed=SEEDS["long"])
    info = ended(server, job)
    assert (info["state"], info["result"]) == ("stopped", f"/v1/jobs/{job}/result")
    assert "the time limit of 0.01 min per job is reached" in server.get(f"/v1/jobs/{job}/events").text


def test_a_server_that_is_started_again_takes_up_what_was_there(open_server: Open, tmp_path: Path) -> None:
    server = open_server(queue=1)
    job = add_job(server, upload(server), seed=SEEDS["long"])
    while server.get(f"/v1/jobs/{job}").json()["state"] == "queued":
        pass
    waiting = add_job(server, upload(server))
    server.__exit__(None, None, None)
    store = Store(tmp_path / "data" / "server.sqlite")
    assert store.jobs(RUNNING)[0].id == job
    store.close()
    server = open_server()
    while server.get(f"/v1/jobs/{job}").json()["state"] == "queued":
        pass
    server.delete(f"/v1/jobs/{job}")
    assert ended(server, job)["state"] == "stopped"
    assert ended(server, waiting)["state"] == "finished"
    assert "the server was restarted" in server.get(f"/v1/jobs/{job}/events").text


def test_a_stop_before_the_process_has_the_job_counts(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = Jobs._painting_fields

    def slowly(jobs: Jobs, row: JobRow) -> dict[str, Any]:
        time.sleep(0.3)
        return fields(jobs, row)

    monkeypatch.setattr(Jobs, "_painting_fields", slowly)
    job = add_job(server, upload(server), seed=SEEDS["long"])
    while server.get(f"/v1/jobs/{job}").json()["state"] == "queued":
        pass
    server.delete(f"/v1/jobs/{job}")
    assert ended(server, job, seconds=15)["state"] == "stopped"


def test_a_full_disk_stops_no_worker(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an event cannot be stored, the job is queued again, and later messages of its process are not assigned to the next job."""
    monkeypatch.setattr("stylenet.server.jobs._RETRY_SECONDS", 0.05)
    add_event, failures = Store.add_event, iter([True, True])

    def full_disk(store: Store, job: str, name: str, data: bytes) -> int:
        if name == "step" and next(failures, False):
            raise sqlite3.OperationalError("database or disk is full")
        return add_event(store, job, name, data)

    monkeypatch.setattr(Store, "add_event", full_disk)
    jobs = [add_job(server, upload(server)) for _ in range(2)]
    for job in jobs:
        assert ended(server, job)["state"] == "finished"
        names = [name for _, name, _ in events_of(server.get(f"/v1/jobs/{job}/events").text)]
        assert names[-6:] == [*["step"] * 4, "saved", "done"]
    assert next(failures, "used up") == "used up"


def test_a_watched_job_leaves_nothing_in_memory(server: TestClient) -> None:
    job = add_job(server, upload(server))
    events_of(server.get(f"/v1/jobs/{job}/events").text)
    events_of(server.get(f"/v1/jobs/{job}/events").text)
    application: Any = server.app
    assert application._app.state.services.jobs._new_events == {}


def test_files_that_nothing_is_known_of_are_deleted_at_the_start(open_server: Open, tmp_path: Path) -> None:
    """A server that is killed between writing a file and its row in the database leaves such files."""
    server = open_server()
    kept = upload(server)
    job = add_job(server, kept)
    ended(server, job)
    server.__exit__(None, None, None)
    (tmp_path / "data" / "pictures" / ("0" * 64)).write_bytes(b"an orphan")
    (tmp_path / "data" / "jobs" / ("0" * 20)).mkdir()
    open_server()
    assert [path.name for path in (tmp_path / "data" / "pictures").iterdir()] == [kept]
    assert [path.name for path in (tmp_path / "data" / "jobs").iterdir()] == [job]
