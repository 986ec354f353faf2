"""Training, from a request to the network file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.catalog.networks import TextureRecord, read_network_card
from stylenet.errors import OutputError, UsageError
from stylenet.image.files import save_image
from stylenet.requests.training import TrainRequest
from stylenet.training.trainer import Update
from stylenet.workflows.training import FOLDER_SUFFIX, TrainingDone, TrainingStarted, train


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a painting; networks have a few channels."""
    monkeypatch.setattr("stylenet.training.trainer._PREVIEW_PX", 32)
    monkeypatch.setattr("stylenet.workflows.training._record", lambda request: TextureRecord(scales=2, width=2))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    save_image(np.random.default_rng(0).random((1, 3, 48, 60), dtype=np.float32), "the-great_wave.png")
    return here


def request_of(**values: Any) -> TrainRequest:
    """Textures need no photos."""
    quick = {"network": "texture", "steps": 2, "batch": 1, "crop": 64, "style_size": 48, "precision": "float32", "threads": 1}
    return TrainRequest(**{"paintings": ("the-great_wave.png",), **quick, **values})


def events_of(request: TrainRequest, should_stop: Callable[[], bool] = lambda: False) -> list[Any]:
    return list(train(request, should_stop=should_stop))


def updates(events: list[Any]) -> list[int]:
    return [event.step for event in events if isinstance(event, Update)]


def after(count: int) -> Callable[[], bool]:
    """A `should_stop` that returns True after `count` calls."""
    answers: Iterator[bool] = iter([False] * count)
    return lambda: next(answers, True)


def test_a_network_is_written_and_nothing_else(here: Path) -> None:
    started, *between, done = events_of(request_of(seed=3))
    assert isinstance(started, TrainingStarted)
    assert (started.step, started.processes) == (0, 1)
    assert (started.plan.steps, started.plan.crop_px, started.plan.seed, started.plan.warmup) == (2, 64, 3, 0)
    assert updates(between) == [1, 2]
    assert isinstance(done, TrainingDone)
    assert (done.output, done.paints, done.steps, done.max_steps, done.reason) == (
        Path("the-great_wave-network.safetensors"),
        "texture",
        2,
        2,
        "finished",
    )
    assert done.loss == [event for event in between if isinstance(event, Update)][-1].loss
    assert {path.name for path in here.iterdir()} == {"the-great_wave.png", done.output.name}
    card = read_network_card(done.output)
    assert (card.name, card.title, card.steps, card.paints) == ("the-great-wave", "The great wave", 2, "texture")


def test_a_training_that_was_stopped_is_continued_and_not_begun_anew(here: Path) -> None:
    output = here / "mine.safetensors"
    folder = here / f"mine.safetensors{FOLDER_SUFFIX}"
    seen: list[int] = []
    for event in train(request_of(output=str(output), steps=4), should_stop=lambda: bool(seen)):
        if isinstance(event, Update):
            seen.append(event.step)
    assert isinstance(event, TrainingDone)
    assert (event.reason, event.steps) == ("interrupted", seen[-1])
    assert seen[-1] < 4
    assert read_network_card(output).steps == seen[-1]
    with pytest.raises(UsageError, match="contains an unfinished training; continue it with --resume, or delete it to start over"):
        events_of(request_of(output=str(output), steps=4))
    started, *between, done = events_of(request_of(output=str(output), steps=4, resume=True))
    assert started.step == seen[-1]
    assert updates(between) == list(range(seen[-1] + 1, 5))
    assert (done.reason, done.steps, folder.exists()) == ("finished", 4, False)


@pytest.mark.parametrize("questions", [0, 1])
def test_stopped_before_the_first_update_nothing_is_written(here: Path, questions: int) -> None:
    assert events_of(request_of(), after(questions)) == []
    assert [path.name for path in here.iterdir()] == ["the-great_wave.png"]


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"output": "mine.png"}, OutputError, r"allowed are \.safetensors"),
        ({"output": "nowhere/mine.safetensors"}, OutputError, "nowhere"),
        ({"start": "start.safetensors", "output": "start.safetensors"}, UsageError, "also an input"),
        ({"photos": "mine.safetensors.training", "output": "mine.safetensors"}, UsageError, "'mine.safetensors.training' is also an input"),
        ({"device": "tpu"}, UsageError, "device is 'tpu'"),
    ],
)
def test_what_is_refused_before_work(here: Path, values: dict[str, Any], error: type[Exception], message: str) -> None:
    (here / "start.safetensors").write_bytes(b"network")
    (here / "mine.safetensors.training").mkdir()
    shutil.copy("the-great_wave.png", "mine.safetensors.training")
    with pytest.raises(error, match=message):
        events_of(request_of(**values))
    assert (here / "start.safetensors").read_bytes() == b"network"
    assert not (here / "mine.safetensors").exists()


def test_several_processes_need_one_output(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "localhost"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("stylenet.training.processes.process_group", None)  # would wait for the other process
    with pytest.raises(UsageError, match="several processes train one network, and need a common output file; give --output FILE"):
        events_of(request_of())
    assert [path.name for path in here.iterdir()] == ["the-great_wave.png"]
