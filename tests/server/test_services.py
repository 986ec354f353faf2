"""The services of a server, and their shared folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.serving import ServeRequest
from stylenet.server.services import Services
from tests.server.conftest import FAKE


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a folder in use."""
    monkeypatch.setattr("stylenet.server.services._LOCK_SECONDS", 0.05)


def services(folder: Path, **settings: Any) -> Services:
    return Services(ServeRequest(data=str(folder), **settings), command=FAKE)


def test_a_folder_is_for_one_server_until_it_is_released(tmp_path: Path) -> None:
    first = services(tmp_path / "new" / "data")
    with pytest.raises(UsageError, match=r"another server uses the folder '.*data'; stop it, or choose another one with --data"):
        services(tmp_path / "new" / "data")
    services(tmp_path / "other").close()
    first.close()
    services(tmp_path / "new" / "data").close()
    assert (tmp_path / "new" / "data").stat().st_mode & 0o077 == 0, "others must not read pictures"


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        UsageError, match=r"cannot use the folder '.*'; choose another one with --data|cannot use the folder '.*': .*; choose"
    ):
        services(tmp_path / "file" / "data")


def test_jobs_have_as_many_workers_as_are_asked_for_and_passes_one_each(tmp_path: Path) -> None:
    opened = services(tmp_path, workers=3)
    workers = [*opened.jobs.workers, opened.previews.worker, opened.passes.worker]
    assert len({id(worker) for worker in workers}) == 5
    assert [worker.started for worker in workers] == [0] * 5, "a process is started for its first call"
    background = opened.background_work()
    assert len(background) == 3 + 2 + 1
    for work in background:
        work.close()
    opened.close()


def test_the_server_goes_on_if_old_files_cannot_be_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = services(tmp_path, keep_minutes=0.001)
    tried: list[int] = []

    async def full_disk() -> None:
        tried.append(1)
        if len(tried) == 3:
            raise asyncio.CancelledError  # the end of the server
        raise OSError("no space left")

    async def sweep() -> None:
        *others, sweeping = opened.background_work()
        for other in others:
            other.close()
        with pytest.raises(asyncio.CancelledError):
            await sweeping

    monkeypatch.setattr(opened.pictures, "sweep", full_disk)
    asyncio.run(sweep())
    opened.close()
