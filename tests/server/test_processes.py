"""Painting processes as seen by the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from stylenet.server.processes import Worker, WorkerError, WorkerLostError
from tests.server.conftest import FAKE, Open, add_job, events_of, upload
from tests.server.fake_painter import SEEDS

SECONDS = 60.0
"""Nothing takes so long, even on a busy machine."""


def run(work: Callable[[Worker], Coroutine[Any, Any, None]], folder: Path, *, memory_bytes: int = 10**9) -> Worker:
    """A worker that has already painted."""

    async def whole() -> Worker:
        worker = Worker(folder / "empty", memory_bytes=memory_bytes, silent_seconds=SECONDS, command=FAKE)
        try:
            await work(worker)
        finally:
            await worker.kill()
        return worker

    return asyncio.run(whole())


async def frame(worker: Worker, data: bytes = b"a frame") -> bytes:
    """The result for a frame, whose content determines what happens to it."""
    return (await worker.call("frame", seconds=SECONDS, data=data)).data


def test_one_process_answers_call_after_call(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"huge")

    async def work(worker: Worker) -> None:
        assert worker.started == 0
        result = await worker.call("inspect", seconds=SECONDS, path=str(tmp_path / "picture"))
        assert (result.values["width"], result.values["height"], result.data) == (10_000, 10_000, b"")
        for data in (b"", b"\x00\n{}", b"x" * 100_000):
            assert (await frame(worker, data)).startswith(data)
        assert worker.memory_bytes_now == 10**6

    assert run(work, tmp_path).started == 1
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_error_of_a_call_keeps_the_process(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        with pytest.raises(WorkerError, match="it is damaged; get it again") as caught:
            await frame(worker, b"damaged")
        assert (caught.value.code, caught.value.is_unusable_picture, caught.value.is_unexpected) == ("damaged-picture", True, False)
        assert await frame(worker)

    assert run(work, tmp_path).started == 1


def test_a_process_that_dies_is_replaced_at_the_next_call(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        with pytest.raises(WorkerLostError, match=r"the painting process ended \(signal 9\)") as caught:
            await frame(worker, b"dies once")
        assert caught.value.code == "process-lost"
        assert (await frame(worker, b"dies once")).startswith(b"dies once")

    assert run(work, tmp_path).started == 2


def test_a_call_has_a_time_limit(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        request = {"output": str(tmp_path / "out.png"), "seed": SEEDS["hangs"]}
        await frame(worker)  # it is started
        with pytest.raises(WorkerLostError, match="the painting process exceeded its time limit") as caught:
            await worker.call("paint", seconds=0.2, request=request, stop_after_step=False)
        assert caught.value.code == "out-of-time"
        assert (await frame(worker, b"next")).startswith(b"next")

    assert run(work, tmp_path).started == 2


def test_a_process_that_keeps_too_much_memory_is_replaced_after_its_call(tmp_path: Path) -> None:
    async def work(worker: Worker) -> None:
        for _ in range(3):
            assert await frame(worker)

    assert run(work, tmp_path, memory_bytes=10**6 - 1).started == 3


def test_events_come_before_the_result(tmp_path: Path) -> None:
    seen: list[str] = []

    async def work(worker: Worker) -> None:
        await worker.call(
            "paint",
            seconds=SECONDS,
            on_event=lambda event: seen.append(event["event"]),
            request={"output": str(tmp_path / "out.png")},
            stop_after_step=False,
        )

    run(work, tmp_path)
    assert seen == ["started", *["step"] * 4, "saved", "done"]


def test_a_hanging_process_is_killed_and_the_job_painted_again(open_server: Open) -> None:
    server = open_server(silent_seconds=1)
    job = add_job(server, upload(server), seed=SEEDS["hangs"])
    found = events_of(server.get(f"/v1/jobs/{job}/events").text)
    assert "did not respond for 1 s" in next(values["message"] for _, name, values in found if name == "notice")
    assert found[-1][1] == "done"
