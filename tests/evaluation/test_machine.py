"""Description of this machine, and its self-test."""

from __future__ import annotations

import json

import pytest

from stylenet.catalog.recipes import load_recipe
from stylenet.errors import UsageError
from stylenet.evaluation import machine
from stylenet.evaluation.machine import describe_machine, measure_pass, measure_speed


@pytest.fixture(autouse=True)
def small_test_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "TEST_PX", 64)


def test_the_machine_is_described_with_and_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    full = describe_machine()
    monkeypatch.setattr(machine, "is_installed", lambda name: False)
    lean = describe_machine()
    assert set(full) == set(lean)
    assert (lean["cuda"], lean["mps"], lean["bfloat16_units"]) == ([], False, [])
    for found in (full, lean):
        assert json.loads(json.dumps(found)) == found
        assert found["threads"] >= 1
        assert found["cores"] >= 1
        assert found["processor"]
        assert found["memory_bytes"] is None or found["memory_bytes"] > 2**28


def test_a_pass_is_timed_at_least_once() -> None:
    found = measure_pass(seconds=0.0, device="cpu", threads=1)
    assert (found.passes, found.device) == (1, "cpu")
    assert found.seconds > 0


def test_the_estimate_counts_the_steps_of_all_levels_by_their_pixels() -> None:
    found = measure_speed(seconds=0.0, device="cpu", precision="float32")
    assert (found.steps, found.device, found.precision) == (1, "cpu", "float32")
    steps = load_recipe("standard").pyramid.steps
    assert steps[-1] <= found.estimate_seconds * found.steps_per_second <= sum(steps)


def test_an_unknown_device_is_refused() -> None:
    for measure in (measure_pass, measure_speed):
        with pytest.raises(UsageError, match="device is 'tpu'"):
            measure(seconds=0.0, device="tpu")
