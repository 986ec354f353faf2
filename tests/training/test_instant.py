"""The training task for all styles."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from stylenet.encoders.opening import OpenEncoder
from stylenet.networks import coder
from stylenet.training import instant
from stylenet.training.instant import InstantTask, Paintings, rotated_colors
from stylenet.training.photos import PhotoStack
from stylenet.training.trainer import Trainer
from tests.training.conftest import TINY, plan
from tests.training.test_trainer import kept, run, same


@pytest.fixture
def task(photos: list[Path], encoder: OpenEncoder, monkeypatch: pytest.MonkeyPatch) -> InstantTask:
    """The task, with a coder for the few channels of the tiny encoder."""
    monkeypatch.setattr(instant, "_CALIBRATION", 3)
    monkeypatch.setattr(coder, "DIRECTIONS", 3)
    monkeypatch.setattr(coder, "LAYERS", {f"relu{block}_1": encoder.record.widths[f"conv{block}_1"] for block in range(1, 6)})
    stack = PhotoStack(photos, side_px=80, device=torch.device("cpu"))
    paintings = [Paintings(paths=photos[:3], views=2, share=0.5), Paintings(paths=photos[3:], views=1, share=0.5)]
    return InstantTask(stack, paintings, encoder=encoder.exact, plan=plan(steps=2), record=msgspec.structs.replace(TINY, code=2))


def test_it_learns_and_goes_on(task: InstantTask, tmp_path: Path) -> None:
    trainer = Trainer(task, plan(steps=2), tmp_path, device=torch.device("cpu"), dtype=torch.float32)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    assert len(run(trainer)) == 2
    assert not same(before, task.network.state_dict())
    after = kept(trainer)
    again = Trainer(task, plan(steps=2), tmp_path, device=torch.device("cpu"), dtype=torch.float32)
    assert again.step == 2
    assert same(kept(again), after)


def test_a_batch_is_the_same_in_parts(task: InstantTask) -> None:
    whole = task.batch(1, range(4))
    parts = [task.batch(1, range(1)), task.batch(1, range(1, 4))]
    assert torch.equal(whole.photos, torch.cat([part.photos for part in parts]))
    assert torch.equal(whole.strengths, torch.cat([part.strengths for part in parts]))
    assert whole.motion.shift.tolist() == parts[0].motion.shift.tolist() == parts[1].motion.shift.tolist()
    assert whole.motion.shift.tolist() != task.batch(2, range(1)).motion.shift.tolist()
    assert torch.equal(whole.views, torch.cat([part.views for part in parts]))
    assert set(whole.views.tolist()) <= set(range(8))


def test_the_same_loss_again(task: InstantTask) -> None:
    batch = task.batch(0, range(4))
    first, again = task.loss(batch), task.loss(batch)
    assert set(first) == {"content", "style", "smoothness", "mesh", "equivariance", "symmetry"}
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_some_paintings_are_to_be_left_as_they_are(task: InstantTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instant, "_IDENTITY", 1.0)
    batch = task.batch(0, range(2))
    for photo, view in zip(batch.photos, batch.views.tolist(), strict=True):
        assert torch.equal(photo, task._pixels[view].float() / 255)


def test_previews_show_painting_photo_and_picture(task: InstantTask) -> None:
    shown = task.pictures(task.network)
    assert all(picture.shape == (1, 3, 64, 3 * 64) for _, picture in shown)


def test_the_job_is_unchanged(task: InstantTask) -> None:
    assert task.job() == {"task": "instant", "seed": 0, "photos": 5, "paintings": [3, 2]}


def test_a_training_starts_from_a_network(task: InstantTask, photos: list[Path], encoder: OpenEncoder) -> None:
    known = task.network
    known.coder.get_buffer("code_low").fill_(-1)
    stack = PhotoStack(photos, side_px=80, device=torch.device("cpu"))
    paintings = [Paintings(paths=photos[2:], views=1, share=1.0)]
    record = msgspec.structs.replace(TINY, code=2)
    again = InstantTask(stack, paintings, encoder=encoder.exact, plan=plan(steps=2), record=record, start=known).network
    assert torch.equal(again.coder.center, known.coder.center), "descriptions mean the same"
    assert torch.equal(again.painter.enter.weight, known.painter.enter.weight)
    assert float(again.coder.code_low.max()) < -1000, "the bounds are those of the former paintings"


def test_rotated_colors_keep_luma_and_gray() -> None:
    picture = 0.3 + 0.4 * np.random.default_rng(0).random((3, 5, 6), dtype=np.float32)
    luma = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    for angle in (0.0, 2 * math.pi):
        assert np.allclose(rotated_colors(picture, angle), picture, atol=1e-5)
    gray = np.full((3, 2, 2), 0.4, dtype=np.float32)
    for angle in (0.3, 2.0, 5.0):
        rotated = rotated_colors(picture, angle)
        assert np.abs(rotated - picture).max() > 0.05
        assert np.allclose(np.tensordot(luma, rotated, 1), np.tensordot(luma, picture, 1), atol=1e-5)
        assert np.allclose(rotated_colors(gray, angle), gray, atol=1e-6)


def test_every_second_crop_of_a_recolored_painting_has_other_colors(task: InstantTask, photos: list[Path], encoder: OpenEncoder) -> None:
    stack = PhotoStack(photos, side_px=80, device=torch.device("cpu"))
    record = msgspec.structs.replace(TINY, code=2)
    plain, recolored = (
        InstantTask(
            stack,
            [Paintings(paths=photos[:2], views=2, share=1.0, recolored=recolored)],
            encoder=encoder.exact,
            plan=plan(steps=2),
            record=record,
        )._pixels
        for recolored in (False, True)
    )
    assert torch.equal(plain[::2], recolored[::2])
    assert not torch.equal(plain[1::2], recolored[1::2])
