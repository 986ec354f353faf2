"""The database: pictures, jobs, their events, and the history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylenet.server.store import ENDED, FAILED, FINISHED, QUEUED, RUNNING, STOPPED, HistoryRow, PictureRow, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "server.sqlite")
    yield store
    store.close()


def picture(id: str, *, bytes: int = 10, used: float = 1.0) -> PictureRow:
    return PictureRow(id=id, bytes=bytes, width=4, height=3, format="PNG", name=f"{id}.png", created=1.0, used=used)


def add_job(store: Store, id: str, *, state: str = QUEUED, pictures: tuple[str, ...] = (), request: bytes = b"{}") -> None:
    store.add_job(id, request, pictures)
    store.change_job(id, state=state)


def test_pictures_are_in_the_order_of_their_use(store: Store) -> None:
    for id, used in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        store.add_picture(picture(id, used=used))
    assert [row.id for row in store.pictures()] == ["b", "c", "a"]
    assert store.picture_bytes() == 30
    assert store.picture("b") == picture("b", used=1.0)
    assert store.picture("x") is None
    store.add_picture(picture("b", used=9.0))  # again
    assert [row.id for row in store.pictures()] == ["c", "a", "b"]
    store.mark_used(["c", "x"])
    assert [row.id for row in store.pictures()] == ["a", "b", "c"]
    store.delete_picture("b")
    assert (store.picture("b"), store.picture_bytes()) == (None, 20)


def test_pictures_of_jobs_are_needed_until_they_have_ended(store: Store) -> None:
    for id, state in (("1", QUEUED), ("2", RUNNING), *((state, state) for state in ENDED)):
        add_job(store, id, state=state, pictures=(f"photo-{id}", "style"))
    assert store.needed_pictures() == {"photo-1", "photo-2", "style"}
    assert [store.count_jobs(state) for state in (QUEUED, RUNNING, FINISHED, STOPPED, FAILED, "other")] == [1, 1, 1, 1, 1, 0]


def test_masks_of_results_are_known(store: Store) -> None:
    add_job(store, "1", state=FINISHED, request=b'{"masks": ["invert:m1=photo", "m2=great-wave"]}')
    add_job(store, "2", state=FINISHED, request=b'{"masks": ["m3=photo"]}')  # without a result
    add_job(store, "3", state=FINISHED, request=b"{}")
    for job in ("1", "3"):
        store.add_history(HistoryRow(job=job, created=1.0, bytes=5, receipt="{}"))
    assert store.masks_of_history() == {"m1", "m2"}


def test_jobs_are_in_the_order_of_their_arrival(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 5.0)  # all at once
    for id in ("z", "a", "m"):
        store.add_job(id, b"{}", [])
    store.change_job("a", state=RUNNING)
    assert [job.id for job in store.jobs()] == ["z", "a", "m"]
    assert [job.id for job in store.jobs(newest_first=True, most=2)] == ["m", "a"]
    assert [job.id for job in store.jobs(QUEUED)] == ["z", "m"]
    (last,) = (job for job in store.jobs() if job.id == "m")
    assert store.queued_before(last) == 1
    assert store.job("x") is None


def test_a_job_is_what_was_written(store: Store, tmp_path: Path) -> None:
    store.add_job("1", b'{"seed": 3}', ["p", "q"])
    store.change_job("1", state=FAILED, losses=2, stopping=1, error="broken", ended=7.5)
    other = Store(tmp_path / "server.sqlite")
    job = other.job("1")
    other.close()
    assert job is not None
    assert (job.request, job.pictures, job.started, job.ended) == ('{"seed": 3}', '["p","q"]', None, 7.5)
    assert (job.state, job.losses, job.stopping, job.error) == (FAILED, 2, True, "broken")
    with pytest.raises(sqlite3.IntegrityError):
        store.add_job("1", b"{}", [])


def test_what_ran_when_the_server_ended_is_queued_again(store: Store) -> None:
    for id, state in (("1", RUNNING), ("2", QUEUED), ("3", RUNNING), ("4", FINISHED)):
        add_job(store, id, state=state)
    assert store.requeue_running() == ["1", "3"]
    assert [job.state for job in store.jobs()] == [QUEUED, QUEUED, QUEUED, FINISHED]
    assert store.requeue_running() == []


def test_events_have_numbers_of_their_job(store: Store) -> None:
    assert [store.add_event("1", name, b"{}") for name in ("queued", "step", "step")] == [1, 2, 3]
    assert store.add_event("2", "queued", b"{}") == 1
    assert store.add_event("1", "done", b'{"steps": 2}') == 4
    assert [(event.number, event.name) for event in store.events_after("1", 1)] == [(2, "step"), (3, "step"), (4, "done")]
    assert [event.number for event in store.events_after("1", 0, most=2)] == [1, 2]
    last = store.last_event("1", "step")
    assert last is not None
    assert last.number == 3
    assert store.last_event("1", "failed") is None


def test_a_deleted_job_takes_its_events_and_its_result_with_it(store: Store) -> None:
    for id in ("1", "2"):
        add_job(store, id, state=FINISHED)
        store.add_event(id, "done", b"{}")
        store.add_history(HistoryRow(job=id, created=float(id), bytes=5, receipt="{}"))
    assert [row.job for row in store.history()] == ["2", "1"]
    assert [(job.id, job.bytes) for job in store.ended_jobs()] == [("2", 5), ("1", 5)]
    store.delete_job("1")
    assert (store.job("1"), store.events_after("1", 0), store.history_row("1")) == (None, [], None)
    assert store.job("2") is not None
    assert store.history_row("2") == HistoryRow(job="2", created=2.0, bytes=5, receipt="{}")


def test_changes_are_made_together_or_not_at_all(store: Store) -> None:
    with pytest.raises(ValueError, match="stop"), store.transaction():  # noqa: PT012
        store.add_event("1", "queued", b"{}")
        raise ValueError("stop")
    assert store.events_after("1", 0) == []
    with store.transaction():
        store.add_event("1", "queued", b"{}")
    assert len(store.events_after("1", 0)) == 1
