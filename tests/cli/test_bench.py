"""`stylenet bench`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from stylenet.evaluation import speed
from stylenet.evaluation.speed import Measured
from tests.cli.conftest import Run

ROWS = [
    Measured(recipe="instant", size_px=256, seconds=(0.04, 0.05, 0.08), memory_bytes=310_000_000),
    Measured(recipe="fine", size_px=256, seconds=(12.5,), memory_bytes=400_000_000, device_bytes=2_000_000_000),
    Measured(recipe="fine", size_px=4096, forecast_seconds=2104.4),
    Measured(recipe="trained", size_px=256, problem="there is no included network for one painting"),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Arguments of the library's `bench`, which returns `ROWS`."""
    calls: list[Any] = []

    def answered(recipes: Any, sizes_px: Any, **more: Any) -> Iterator[Measured]:
        calls.append((list(recipes), list(sizes_px), more))
        yield from ROWS

    monkeypatch.setattr(speed, "bench", answered)
    return calls


def test_a_table(run: Run, asked: list[Any]) -> None:
    ended = run("bench")
    assert (ended.code, ended.err) == (0, "")
    head, *rows = [line.split() for line in ended.out.splitlines()]
    assert head == ["recipe", "size", "pictures/s", "seconds", "fastest", "slowest", "memory"]
    assert rows[0] == ["instant", "256", "20", "0.05", "0.04", "0.08", "0.31", "GB"]
    assert " ".join(rows[1]) == "fine 256 0.08 12.5 12.5 12.5 0.40 GB, 2.00 GB on the GPU"
    assert " ".join(rows[2]) == "fine 4096 would take about 2104 s; --all runs it"
    assert " ".join(rows[3]) == "trained 256 there is no included network for one painting"
    ((recipes, sizes, more),) = asked
    assert {"draft", "standard", "fine"} <= set(recipes)
    assert sizes == [256, 512, 1024, 2048, 4096]
    assert more["longest_seconds"] == 60


def test_choices_are_handed_on(run: Run, asked: list[Any]) -> None:
    run("bench", "--recipes", "draft,fine", "--sizes", "64, 128", "--all", "--threads", "1", "--repeats", "2", "--device", "cpu")
    run("bench", "--quick")
    told = {"repeats": 2, "longest_seconds": None, "device": "cpu", "threads": 1}
    assert asked[0] == (["draft", "fine"], [64, 128], told)
    assert asked[1][1:] == ([256, 512], {"repeats": 1, "longest_seconds": 60.0, "device": "auto", "threads": None})


def test_as_json(run: Run, asked: list[Any]) -> None:
    report = json.loads(run("bench", "--json").out)
    assert set(report) == {"machine", "measurements"}
    assert report["measurements"][0]["seconds"] == [0.04, 0.05, 0.08]
    assert report["measurements"][2]["forecast_seconds"] == 2104.4


@pytest.mark.parametrize("sizes", ["big", "256,", ",", "", "8", "99999", "256x256"])
def test_a_wrong_size_is_said(run: Run, asked: list[Any], sizes: str) -> None:
    ended = run("bench", "--sizes", sizes)
    if sizes == "256,":
        assert ended.code == 0
        return
    assert ended.code == 2
    assert f"--sizes is '{sizes}'; allowed are sides of square pictures" in ended.error
    assert asked == []


@pytest.mark.parametrize("recipes", [",", " ", ""])
def test_an_empty_list_of_recipes_is_refused(run: Run, asked: list[Any], recipes: str) -> None:
    ended = run("bench", "--recipes", recipes)
    assert ended.code == 2
    assert f"--recipes is '{recipes}'; allowed are names of recipes, such as instant,trained," in ended.err
    assert not asked
