"""Training tasks for super-resolution and colorization."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from stylenet.catalog.networks import JohnsonRecord
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.resampling import resize
from stylenet.errors import CheckpointError, ImageError, UsageError
from stylenet.networks.files import read_network, write_network
from stylenet.networks.restoring import luma, shrunk
from stylenet.training.restoration import Restoration, RestorationTask, color_loss
from stylenet.training.trainer import Trainer, Update
from tests.training.conftest import plan

SMALL: dict[Restoration, JohnsonRecord] = {
    "super-resolution": JohnsonRecord(width=3, blocks=1, normalization="batch", factor=4, residual=True),
    "colorization": JohnsonRecord(width=2, blocks=1),
}
BOTH: tuple[Restoration, ...] = ("super-resolution", "colorization")

Make = Callable[..., RestorationTask]


@pytest.fixture
def task(photos: list[Path], encoder: OpenEncoder) -> Make:
    """Creates a task with a small network."""

    def made(lost: Restoration, **changes: Any) -> RestorationTask:
        given = {"record": SMALL[lost], "plan": plan(), **changes}
        return RestorationTask(given.pop("photos", photos), lost, encoder=encoder, **given)

    return made


def trained(task: RestorationTask, folder: Path, **numbers: Any) -> Trainer:
    folder.mkdir(exist_ok=True)
    return Trainer(task, plan(**numbers), folder, device=torch.device("cpu"), dtype=torch.float32)


@pytest.mark.parametrize("lost", BOTH)
def test_a_batch_is_the_same_in_parts(task: Make, lost: Restoration) -> None:
    whole = task(lost).batch(3, range(4))
    assert whole.shape == (4, 3, 64, 64)
    assert torch.equal(whole, torch.cat([task(lost).batch(3, range(2)), task(lost).batch(3, range(2, 4))]))
    assert not torch.equal(whole, task(lost).batch(4, range(4)))


@pytest.mark.parametrize("lost", BOTH)
def test_stopped_and_gone_on_it_ends_in_the_same_bytes(task: Make, lost: Restoration, tmp_path: Path) -> None:
    whole = trained(task(lost), tmp_path / "whole")
    losses = [event.loss for event in whole.events() if isinstance(event, Update)]
    assert len(losses) == 6
    first = trained(task(lost), tmp_path / "parts")
    list(first.events(lambda: first.step == 3))
    assert first.reason == "interrupted"
    second = trained(task(lost), tmp_path / "parts")
    assert second.step == 3
    list(second.events())
    assert all(torch.equal(value, second.average[name]) for name, value in whole.average.items())
    assert any(not torch.equal(value, first.average[name]) for name, value in whole.average.items())


def test_super_resolution_begins_as_bicubic_enlargement(task: Make) -> None:
    made = task("super-resolution")
    photos = made.batch(0, range(2))
    restored = made._restored(made.network, photos).detach()
    assert torch.allclose(restored, resize(shrunk(photos), (64, 64)))
    terms = made.loss(photos)
    spread = (photos - photos.mean((2, 3), keepdim=True)).square().sum()
    assert terms["pixels"].item() == pytest.approx(float(12 * (restored - photos).square().sum() / spread), rel=1e-4)
    assert set(terms) == {"features", "pixels"}


def test_color_is_counted_relative_to_gray_and_strong_ones_more(task: Make) -> None:
    photos = task("colorization").batch(0, range(2))
    gray = luma(photos).expand_as(photos)
    assert color_loss(gray, photos).item() == pytest.approx(1)
    assert color_loss(photos, photos).item() == 0
    # Brightness does not count.
    assert color_loss(0.5 * photos + 0.5 * (photos - gray) + 0.1, photos).item() == pytest.approx(0, abs=1e-6)
    assert set(task("colorization").loss(photos)) == {"features", "color"}
    # Of two pixels, the one with the stronger color left gray costs more than its share of squared color.
    two = torch.tensor([[0.6, 0.5, 0.5], [0.9, 0.1, 0.1]]).T.view(1, 3, 1, 2)
    offered = two.clone()
    offered[..., 1] = luma(two)[..., 1]
    chroma = (two - luma(two)).square().sum((0, 1, 2))
    assert float(color_loss(offered, two)) > float(chroma[1] / chroma.sum())


def test_a_few_updates_learn_color(task: Make, tmp_path: Path) -> None:
    folder = tmp_path / "red"
    folder.mkdir()
    for index in range(2):
        light = np.random.default_rng(index).integers(20, 180, (80, 80, 1), np.uint8)
        PIL.Image.fromarray(np.concatenate((light + 70, light, light), axis=2)).save(folder / f"{index}.png")
    trainer = trained(task("colorization", photos=sorted(folder.iterdir())), tmp_path / "run", steps=30, learning_rate=0.02)
    colors = [event.terms["color"] for event in trainer.events() if isinstance(event, Update)]
    assert min(colors[-5:]) < 0.5 * colors[0]


@pytest.mark.parametrize("lost", BOTH)
def test_previews_show_photo_given_and_restored(task: Make, lost: Restoration, photos: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    made = task(lost, previews=[photos[0], broken, photos[1], photos[2]])
    with torch.no_grad():
        cells = made.pictures(made.network.eval())
    assert [name for name, _ in cells] == ["0", "given", "restored", "1", "given", "restored"]  # three files, one is broken
    photo, given, restored = (image for _, image in cells[:3])
    assert photo.shape == restored.shape
    assert given.shape[2] == photo.shape[2] // (4 if lost == "super-resolution" else 1)
    assert restored.min() >= 0
    assert restored.max() <= 1
    assert "broken.png" in made.notices()[0]


def test_the_job_and_the_card_say_what_it_is(task: Make, tmp_path: Path) -> None:
    one, other = task("super-resolution"), task("colorization")
    assert one.job() == task("super-resolution").job()
    assert one.job() != other.job()
    assert one.job() != task("super-resolution", plan=plan(seed=1)).job()
    list(trained(one, tmp_path / "run", steps=2).events())
    with pytest.raises(CheckpointError, match="another training: task, network differ"):
        trained(other, tmp_path / "run")
    write_network(tmp_path / "n.safetensors", one.network.state_dict(), one.card("super-resolution", steps=2, seconds=0.4))
    network, card = read_network(tmp_path / "n.safetensors")
    assert (card.paints, card.steps, card.record, card.trained["photos"]) == ("super-resolution", 2, SMALL["super-resolution"], 5)
    assert network(torch.rand(1, 3, 7, 5)).shape == (1, 3, 28, 20)


def test_what_cannot_be_learned_from(task: Make) -> None:
    with pytest.raises(UsageError, match="crops of 66 px cannot be shrunk to a quarter"):
        task("super-resolution", plan=plan(crop_px=66))
    with pytest.raises(ImageError, match="there are no training photos; give at least one"):
        task("colorization", photos=[])
    assert task("colorization", plan=plan(crop_px=66)).batch(0, range(1)).shape == (1, 3, 66, 66)
