"""The training loop: a resumed training gives the same bytes, and non-finite updates are discarded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from stylenet.catalog.networks import JohnsonRecord, TextureRecord
from stylenet.errors import CheckpointError, NumericalError
from stylenet.events import Notice, Preview
from stylenet.image.sheet import contact_sheet
from stylenet.shapes import Image
from stylenet.training.checkpoint import CHECKPOINT
from stylenet.training.one_style import OneStyleTask
from stylenet.training.plateau import Plateau
from stylenet.training.trainer import Trainer, Update
from tests.training.conftest import TINY, Make


def run(trainer: Trainer) -> list[Update]:
    return [event for event in trainer.events() if isinstance(event, Update)]


def kept(trainer: Trainer) -> Mapping[str, Tensor]:
    return load_file(trainer.folder / CHECKPOINT)


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


def test_it_learns(make: Make) -> None:
    updates = run(make("a", steps=24, learning_rate=1e-2, checkpoint_every=40))
    assert [update.step for update in updates] == list(range(1, 25))
    first, last = (sum(update.loss for update in part) for part in (updates[:6], updates[-6:]))
    assert last < 0.9 * first
    assert updates[0].loss == pytest.approx(sum(updates[0].terms.values()))
    assert set(updates[0].terms) == {"content", "style", "smoothness", "mesh", "equivariance", "symmetry"}
    assert updates[-1].seconds_left == 0


@pytest.mark.parametrize("record", [TINY, JohnsonRecord(width=2, blocks=1, normalization="batch")])
def test_interrupted_and_gone_on_is_uninterrupted_to_the_byte(make: Make, record: JohnsonRecord) -> None:
    whole = make("whole", record=record)
    run(whole)
    stopped = make("parts", record=record)
    updates = [event for event in stopped.events(lambda: stopped.step == 3) if isinstance(event, Update)]
    assert (len(updates), stopped.reason) == (3, "interrupted")
    killed = make("parts", record=record)
    assert killed.step == 3
    events = killed.events()
    while killed.step < 5:  # one update behind the checkpoint of the fourth
        next(events)
    del events
    last = make("parts", record=record)
    assert last.step == 4
    run(last)
    assert last.reason == "finished"
    assert same(kept(last), kept(whole))
    assert any(name.startswith("optimizer.") for name in kept(whole))
    assert not same(kept(make_other_seed(make)), kept(whole))


def make_other_seed(make: Make) -> Trainer:
    other = make("other", seed=1)
    run(other)
    return other


def test_a_finished_training_has_nothing_to_do(make: Make) -> None:
    run(make("a"))
    again = make("a")
    assert run(again) == []
    longer = make("a", steps=8)
    assert [update.step for update in run(longer)] == [7, 8]


def test_a_checkpoint_of_another_training_is_rejected(make: Make) -> None:
    run(make("a", steps=1))
    with pytest.raises(CheckpointError, match=r"another training: network differ"):
        make("a", record=JohnsonRecord(width=2, blocks=1))


def test_a_checkpoint_of_another_version_of_the_network_is_rejected(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run(make("a", steps=1))
    job = make("a").task.job()
    monkeypatch.setattr(OneStyleTask, "job", lambda self: job)
    with pytest.raises(CheckpointError, match=r"was written by an incompatible version; delete it to start over"):
        make("a", record=JohnsonRecord(width=2, blocks=1))


def test_a_damaged_checkpoint_is_reported(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / CHECKPOINT).write_bytes(b"no")
    with pytest.raises(CheckpointError, match="cannot be read"):
        make("a")


@pytest.mark.parametrize("normalization", ["instance", "batch"])
def test_what_is_no_number_is_not_kept(make: Make, monkeypatch: pytest.MonkeyPatch, normalization: str) -> None:
    record = JohnsonRecord(width=2, blocks=1, normalization="batch" if normalization == "batch" else "instance")
    trainer = make("a", record=record, checkpoint_every=100)
    good = make("good", record=record, steps=6)
    batch = trainer.task.batch
    monkeypatch.setattr(trainer.task, "batch", lambda step, places: poisoned(batch(step, places)) if step == 3 else batch(step, places))
    with pytest.raises(NumericalError, match=r"update 4: the loss became NaN; the last good state is kept"):
        run(trainer)
    list(good.events(lambda: good.step == 3))
    assert same(kept(trainer), kept(good))
    assert all(torch.isfinite(value).all() for value in kept(trainer).values())


def poisoned(batch: object) -> object:
    batch.photos[0, 0, 0, 0] = float("nan")  # type: ignore[attr-defined]
    return batch


def test_a_plateau_begins_the_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make("a", steps=50, patience=1, decay=0.5, checkpoint_every=100)
    monkeypatch.setattr(Plateau, "reached", lambda self, loss, patience: patience == 1 and trainer.step >= 4)
    updates = run(trainer)
    assert [update.steps for update in updates] == [50] * 3 + [8] * 5  # half of all updates decay: as many as there were before
    rates = [update.rate for update in updates]
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] < 0.2 * rates[3]
    assert trainer.reason == "stalled"


def test_a_decay_that_has_started_is_resumed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make("a", steps=50, decay=0.5, warmup=0)
    list(trainer.events(lambda: trainer.step == 3))
    monkeypatch.setattr(Plateau, "reached", lambda self, loss, patience: True)
    second = make("a", steps=50, decay=0.5, warmup=0)
    list(second.events(lambda: second.step == 5))
    monkeypatch.undo()
    third = make("a", steps=50, decay=0.5, warmup=0)
    run(third)
    assert (third.step, third.reason) == (8, "stalled")


def test_minutes_begin_the_end(make: Make) -> None:
    trainer = make("a", steps=1000, minutes=0.2 / 60)
    run(trainer)
    assert trainer.step < 100
    assert trainer.reason == "out of time"


def test_previews_are_of_the_average_and_of_fixed_photos(make: Make) -> None:
    trainer = make("a", steps=4, preview_every=3, learning_rate=0.02)
    previews = [event for event in trainer.events() if isinstance(event, Preview)]
    assert [preview.step for preview in previews] == [1, 3, 4]
    network = trainer.task.network

    def sheet() -> Image:
        cells = list(trainer.task.pictures(network))
        assert [name for name, _ in cells] == ["0", "1", "2", "3"]
        return contact_sheet([(name, image.detach().numpy()) for name, image in cells], cell_px=32)

    assert not np.array_equal(sheet(), previews[-1].image)  # the weights themselves are not what is shown
    network.load_state_dict(trainer.average)
    assert np.array_equal(sheet(), previews[-1].image)


def test_broken_photos_are_notices_once_each(make: Make, photos: list[Path]) -> None:
    photos[1].write_text("no picture")
    photos[3].write_bytes(photos[3].read_bytes()[:300])
    notices = [event.message for event in make("a", steps=12, checkpoint_every=100).events() if isinstance(event, Notice)]
    assert len(notices) == 2
    assert any("1.png" in message and "text" in message for message in notices)
    assert any("3.png" in message and "damaged or cut off" in message for message in notices)


def test_checkpoints_of_earlier_versions_are_read(make: Make) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    trainer = make("a", steps=2)
    run(trainer)
    path = trainer.folder / CHECKPOINT
    with safe_open(path, framework="pt") as file:
        progress = json.loads(file.metadata()["stylenet_training"])
    tensors = load_file(path)
    old = {name: progress[name] for name in ("step", "seconds", "job")}
    save_file(tensors, path, metadata={"stylenet_training": json.dumps(old)})
    again = make("a", steps=3)
    assert again.step == 2
    assert len(run(again)) == 1


def test_texture_from_noise(make: Make) -> None:
    trainer = make("a", record=TextureRecord(scales=2, width=2), steps=2)
    updates = run(trainer)
    assert set(updates[0].terms) == {"style"}
    assert trainer.task.paints == "texture"
