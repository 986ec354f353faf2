"""The doctor."""

from __future__ import annotations

import json

import pytest

from stylenet.stylizers import machine
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def small_test_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "TEST_PX", 64)


def test_tells_the_machine_and_its_speed(run: Run) -> None:
    ended = run("doctor", "--seconds", "0.2")
    assert (ended.code, ended.err) == (0, "")
    for word in ("processor", "threads", "bfloat16", "torch", "weights", "compact", "cache", "steps a second", "all is well"):
        assert word in ended.out


def test_as_json(run: Run) -> None:
    report = json.loads(run("doctor", "--seconds", "0.2", "--json").out)
    assert set(report) == {"machine", "installed", "speed"}
    assert report["speed"]["steps_per_second"] > 0
    assert report["speed"]["estimate_seconds"] > 0


def test_what_cannot_work_is_an_error(run: Run) -> None:
    ended = run("doctor", "--device", "tpu", "--seconds", "0.2")
    assert ended.code == 2
    assert "device is 'tpu'" in ended.error
