"""Distributing a batch: lost workers, missing photos, and a picture that kills every worker."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from stylenet.errors import StylenetError
from stylenet.workflows.batch_painter import PictureJob
from stylenet.workflows.jobs import ALREADY_PAINTED, FAILED, NEEDS_DATA, PAINTED, Job, Result
from stylenet.workflows.workers import MAX_DEATHS, Dispatcher, Ended, Message, Outcome, Ready, Worker

KEYS = {"style": "key"}


class Fake:
    def __init__(self, workers: FakeWorkers) -> None:
        self._workers = workers

    def paint(self, job: Job) -> None:
        self._workers.begun.append(job)
        self._workers.waiting.append((self, self._workers.react(job)))


class FakeWorkers:
    """Workers whose messages come from a function of the job."""

    def __init__(self, react: Callable[[Job], Message], *, count: int = 2, first: Message | None = None) -> None:
        self.count, self.react = count, react
        self._first = first or Ready(keys=KEYS)
        self.waiting: deque[tuple[Worker, Message]] = deque()
        self.begun: list[Job] = []
        self.started = 0
        self.is_closed = False

    def start(self) -> Worker:
        self.started += 1
        worker = Fake(self)
        self.waiting.append((worker, self._first))
        return worker

    def messages(self, seconds: float) -> Iterator[tuple[Worker, Message]]:
        yield self.waiting.popleft()

    def close(self) -> None:
        self.is_closed = True


def prepared(index: int, keys: Mapping[str, str]) -> Job | Result:
    assert keys == KEYS
    return PictureJob(source=Path(f"{index}.png"), path=Path(f"/nowhere/{index}.png"), sha256="", style="style")


def painted(job: Job) -> Message:
    return Result(state=PAINTED, data=str(job.source).encode())


def dispatched(workers: FakeWorkers, count: int, **more: object) -> list[Outcome]:
    given = {"prepare": prepared, "should_stop": lambda: False, **more}
    return list(Dispatcher(workers, count, **given).outcomes())  # type: ignore[arg-type]


def test_every_picture_is_painted_once() -> None:
    workers = FakeWorkers(painted)
    outcomes = dispatched(workers, 7)
    assert {one.index: one.result.data for one in outcomes} == {index: f"{index}.png".encode() for index in range(7)}
    assert (len(outcomes), len(workers.begun), workers.started, workers.is_closed) == (7, 7, 2, True)


def test_no_more_workers_than_pictures() -> None:
    workers = FakeWorkers(painted, count=8)
    assert len(dispatched(workers, 3)) == 3
    assert workers.started == 3


def test_the_picture_of_a_dead_worker_is_painted_by_another() -> None:
    deaths: Counter[str] = Counter()

    def react(job: Job) -> Message:
        deaths[job.source.name] += 1
        return Ended(reason="signal 9") if deaths[job.source.name] == 1 else painted(job)

    workers = FakeWorkers(react)
    outcomes = dispatched(workers, 5)
    assert sorted(one.index for one in outcomes) == list(range(5))
    assert {one.result.state for one in outcomes} == {PAINTED}
    assert set(deaths.values()) == {2}


def test_a_picture_that_ends_every_worker_fails_and_the_others_are_painted() -> None:
    workers = FakeWorkers(lambda job: Ended(reason="signal 9") if job.source.name == "1.png" else painted(job))
    outcomes = {one.index: one.result for one in dispatched(workers, 4)}
    assert [outcomes[index].state for index in range(4)] == [PAINTED, FAILED, PAINTED, PAINTED]
    assert "signal 9" in outcomes[1].reason
    assert sum(job.source.name == "1.png" for job in workers.begun) == MAX_DEATHS


def test_workers_that_never_start_end_the_batch() -> None:
    workers = FakeWorkers(painted, first=Ended(reason="exit code 1"))
    with pytest.raises(StylenetError, match="exit code 1"):
        dispatched(workers, 3)
    assert workers.is_closed
    assert workers.started <= 10


def test_workers_that_would_paint_differently_are_not_used() -> None:
    workers = FakeWorkers(painted)
    workers.waiting.append((Fake(workers), Ready(keys={"style": "another"})))
    with pytest.raises(StylenetError, match="same versions"):
        dispatched(workers, 3, prepare=lambda index, keys: prepared(index, KEYS))


def test_a_worker_without_the_file_is_sent_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "here.png").write_bytes(b"the photo")

    def prepare(index: int, keys: Mapping[str, str]) -> Job:
        name = ("here.png", "gone.png")[index]
        return PictureJob(source=Path(name), path=tmp_path / name, sha256="", style="style")

    workers = FakeWorkers(lambda job: Result(state=NEEDS_DATA) if job.data is None else Result(state=PAINTED, data=job.data))
    outcomes = {one.index: one.result for one in dispatched(workers, 2, prepare=prepare)}
    assert outcomes[0] == Result(state=PAINTED, data=b"the photo")
    assert outcomes[1].state == FAILED
    assert "gone.png" in outcomes[1].reason


def test_what_needs_no_painting_reaches_no_worker() -> None:
    workers = FakeWorkers(painted)
    outcomes = dispatched(workers, 4, prepare=lambda index, keys: Result(state=ALREADY_PAINTED) if index % 2 else prepared(index, keys))
    assert {one.index for one in outcomes if one.result.state == ALREADY_PAINTED} == {1, 3}
    assert len(workers.begun) == 2


def test_a_job_of_several_comes_before_all_others_and_may_be_painted_after_many_deaths() -> None:
    turns: Counter[str] = Counter()

    def react(job: Job) -> Message:
        turns[job.source.name] += 1
        return Ended(reason="signal 9") if turns[job.source.name] % MAX_DEATHS else painted(job)

    workers = FakeWorkers(react, count=1)
    dispatcher = Dispatcher(workers, 2, prepare=prepared, should_stop=lambda: False)
    seen = []
    for outcome in dispatcher.outcomes():
        assert outcome.result.state == PAINTED, outcome.result.reason  # the deaths are counted anew for every job
        seen.append(outcome.index)
        if seen.count(1) < 3 and outcome.index == 1:
            dispatcher.add_first(1)
    assert sorted(seen) == [0, 1, 1, 1]
    assert [job.source.name for job in workers.begun[-MAX_DEATHS:]] == ["1.png"] * MAX_DEATHS


def test_workers_must_have_the_keys_that_are_asked_for() -> None:
    with pytest.raises(StylenetError, match="same versions"):
        dispatched(FakeWorkers(painted), 1, keys={"style": "another"})


def test_nothing_is_handed_out_once_the_end_is_asked_for() -> None:
    workers = FakeWorkers(painted)
    outcomes = dispatched(workers, 50, should_stop=lambda: len(workers.begun) >= 3)
    assert len(workers.begun) == 3
    assert len(outcomes) <= 3
    assert workers.is_closed
