"""The training task for one style."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from stylenet.catalog.networks import JohnsonRecord, NetworkCard, SlimRecord, TextureRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.errors import ImageError, ShapeError, WeightsError
from stylenet.image.files import load_image
from stylenet.networks.files import build, read_network, write_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import relayed
from stylenet.networks.slim import SlimNet
from stylenet.networks.slim_geometry import STRENGTHS
from stylenet.training import one_style
from stylenet.training.motion import Motion
from stylenet.training.one_style import OneStyleTask, StyleBatch
from stylenet.training.perceptual import PerceptualLoss, Weights
from stylenet.training.style_targets import StyleTargets
from stylenet.training.trainer import Trainer
from tests.training.conftest import TINY, Make, plan


def test_a_batch_is_the_same_in_parts(make: Make) -> None:
    task = make("a", batch=4).task
    whole = task.batch(3, range(4))
    parts = [task.batch(3, range(2)), task.batch(3, range(2, 4))]
    assert torch.equal(whole.photos, torch.cat([part.photos for part in parts]))
    assert torch.equal(whole.strengths, torch.cat([part.strengths for part in parts]))
    assert whole.photos.shape == (4, 3, 64, 64)
    assert not torch.equal(whole.photos, task.batch(4, range(4)).photos)


def test_a_slim_network_learns_strengths_and_others_the_usual_one(make: Make) -> None:
    strengths = make("a").task.batch(0, range(40)).strengths
    assert float((strengths == 50).float().mean()) == pytest.approx(0.5, abs=0.25)
    assert float(strengths.min()) < 30 < 70 < float(strengths.max())
    others = make("b", record=JohnsonRecord(width=2, blocks=1)).task.batch(0, range(40)).strengths
    assert set(others.tolist()) == {50.0}


def test_the_loss_is_that_of_the_everyday_recipes(make: Make, painting: Path, encoder: OpenEncoder) -> None:
    task = make("a").task
    photos = task.batch(0, range(2)).photos
    assert photos is not None
    # The first of them begins with what is painted at half of the size.
    noise, small_noise = torch.randn(2, 1, 64, 64), torch.randn(1, 1, 32, 32)
    motion = Motion(
        shift=torch.tensor([1, 2]),
        exposure=torch.tensor([1.0, 0.9])[:, None, None, None],
        grain=torch.zeros(2, 3, 48, 48),
        mirrored=torch.tensor([False, True]),
    )
    batch = StyleBatch(
        photos=photos,
        strengths=torch.tensor([50.0, 20.0]),
        styles=torch.zeros(2, dtype=torch.int64),
        noise=(noise,),
        small_noise=(small_noise,),
        motion=motion,
    )
    judge = PerceptualLoss(encoder.exact, Weights())
    pixels = load_image(painting).pixels
    small = torch.from_numpy(one_style._reduced_to_area(pixels, 64))
    assert small.shape[2] * small.shape[3] == pytest.approx(64**2, rel=0.03)
    whole, half = (StyleTargets.of(statistics)[torch.tensor([0, 0])] for statistics in judge.statistics(small))
    network = task.network
    assert isinstance(network, SlimNet)
    knobs = network.knobs_at(batch.strengths)
    smaller = torch.nn.functional.avg_pool2d(photos[:1], 2)
    early = network(smaller, small_noise, knobs[:1]).detach()
    begun = torch.cat((relayed(early, smaller, photos[:1]), photos[1:]))
    painted = network(begun, noise, knobs, rim_px=16)
    shifted = begun[:, :, 1:49, 2:50] * motion.exposure
    moved = network(shifted, noise[:, :, 1:49, 2:50], knobs)
    mirrored = np.pad(photos.numpy(), ((0, 0), (0, 0), (16, 16), (16, 16)), mode="reflect")
    expected = judge(painted, torch.from_numpy(mirrored), (whole, half), batch.strengths)
    expected["equivariance"] = 60 * (painted[:, :, 17:65, 18:66] - moved)[:, :, 12:-12, 12:-12].square().mean()
    flipped = network(begun.flip(3), noise.flip(3), knobs)
    colors = (painted[:, :, 16:-16, 16:-16].flip(3) - flipped).reshape(2, 3, 2, 32, 2, 32).mean((3, 5))
    expected["symmetry"] = 60 * colors.square().mean()
    given = task.loss(batch)
    assert set(given) == {"content", "style", "smoothness", "mesh", "equivariance", "symmetry"}
    for name, term in given.items():
        assert term.item() == pytest.approx(expected[name].item(), rel=1e-4)


def test_texture_is_judged_by_style_alone_and_needs_no_photo(make: Make) -> None:
    task = make("a", record=TextureRecord(scales=2, width=2)).task
    batch = task.batch(0, range(2))
    assert batch.photos is None
    assert set(task.loss(batch)) == {"style"}
    assert task.loss(batch)["style"].item() == task.loss(batch)["style"].item()  # the noise is the seed's
    assert [name for name, _ in task.pictures(task.network)] == ["texture"]


def test_the_painting_itself_has_no_texture_loss(painting: Path, encoder: OpenEncoder) -> None:
    judge = PerceptualLoss(encoder.exact, Weights())
    pixels = torch.from_numpy(load_image(painting).pixels)
    target = StyleTargets.of(judge.statistics(pixels)[0])
    same, other = judge.of_texture(pixels, target)["style"], judge.of_texture(1 - pixels, target)["style"]
    assert float(same) < 0.01 * float(other)


def instant_file(path: Path) -> InstantNet:
    record = msgspec.structs.replace(TINY, code=3)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = build(record)
    card = NetworkCard(name="instant", paints="every style", record=record)
    write_network(path, network.state_dict(), card)
    known, _ = read_network(path)
    assert isinstance(known, InstantNet)
    return known


def task_with(
    painting: Path, photos: list[Path], encoder: OpenEncoder, start: Path | None, record: SlimRecord | JohnsonRecord = TINY
) -> OneStyleTask:
    return OneStyleTask(load_image(painting).pixels, photos, record=record, encoder=encoder, plan=plan(), style_px=64, start=start)


def test_it_begins_with_what_the_network_of_every_style_knows(
    painting: Path, photos: list[Path], encoder: OpenEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "instant.safetensors"
    known = instant_file(path)
    task = task_with(painting, photos, encoder, path)
    assert isinstance(task.network, SlimNet)
    assert torch.equal(task.network.enter.weight, known.painter.enter.weight)
    # The description is the compact encoder's, whatever the loss network is: three rows of knobs, one for each strength.
    compact = open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32).exact
    small = torch.from_numpy(one_style._reduced_to_area(load_image(painting).pixels, 64))
    described = known.coder.describe(PerceptualLoss(compact, Weights()).statistics(small)[0])
    for row, strength in enumerate(STRENGTHS):
        expected = known.coder(described, torch.tensor([strength]))[0]
        assert torch.allclose(task.network.knobs[row], expected, atol=1e-6)
    monkeypatch.setattr(one_style, "network_files", lambda: {"instant": path})
    shipped = task_with(painting, photos, encoder, None)
    assert all(torch.equal(value, shipped.network.state_dict()[name]) for name, value in task.network.state_dict().items())
    assert shipped.job()["start"] != ""


def test_a_start_of_another_architecture_is_rejected(painting: Path, photos: list[Path], encoder: OpenEncoder, tmp_path: Path) -> None:
    path = tmp_path / "instant.safetensors"
    instant_file(path)
    with pytest.raises(WeightsError, match="has a different architecture; give one with the same architecture"):
        task_with(painting, photos, encoder, path, JohnsonRecord(width=2, blocks=1))
    with pytest.raises(WeightsError, match="is not a network file"):
        task_with(painting, photos, encoder, painting)


def test_the_job_knows_painting_network_encoder_and_seed(make: Make, painting: Path, photos: list[Path], encoder: OpenEncoder) -> None:
    job = dict(make("a").task.job())
    assert job == make("a").task.job()
    other = dataclasses.replace(encoder, sha256="1" * 64)
    assert task_with(painting, photos, other, None).job() != job
    assert task_with(photos[0], photos, encoder, None).job() != job
    assert task_with(painting, photos[1:], encoder, None).job() != job


def test_photos_are_needed(painting: Path, encoder: OpenEncoder) -> None:
    with pytest.raises(ImageError, match="there are no training photos; give at least one"):
        task_with(painting, [], encoder, None)


SEVERAL = JohnsonRecord(width=2, blocks=1, styles=2)


@pytest.fixture
def several(painting: Path, photos: list[Path], encoder: OpenEncoder) -> OneStyleTask:
    """Two paintings for one network."""
    pixels = load_image(painting).pixels
    return OneStyleTask([pixels, 1 - pixels], photos, record=SEVERAL, encoder=encoder, plan=plan(batch=8), style_px=64)


def test_every_picture_of_a_batch_has_a_style(several: OneStyleTask) -> None:
    whole = several.batch(2, range(8))
    assert set(whole.styles.tolist()) == {0, 1}
    assert torch.equal(torch.cat((several.batch(2, range(3)).styles, several.batch(2, range(3, 8)).styles)), whole.styles)
    assert set(several.batch(3, range(8)).styles.tolist()) == {0, 1}


def test_a_picture_is_judged_by_its_own_painting(several: OneStyleTask, painting: Path, encoder: OpenEncoder) -> None:
    judge, pixels = PerceptualLoss(encoder.exact, Weights()), load_image(painting).pixels
    batch = dataclasses.replace(several.batch(0, range(2)), styles=torch.tensor([1, 0]))
    each = [judge.statistics(torch.from_numpy(one_style._reduced_to_area(one, 64))) for one in (1 - pixels, pixels)]
    whole, half = (StyleTargets.concatenate([StyleTargets.of(one[size]) for one in each]) for size in range(2))
    painted = several.network(batch.photos, torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert batch.photos is not None
    expected = judge(painted, batch.photos, (whole, half), batch.strengths)
    for name, term in several.loss(batch).items():
        assert term.item() == pytest.approx(expected[name].item(), rel=1e-4)


def test_several_styles_are_shown_by_turns_and_named_in_the_card(several: OneStyleTask) -> None:
    assert [name for name, _ in several.pictures(several.network)] == ["0 1", "1 2", "2 1", "3 2"]
    assert several.card("both", styles=["night", "day"], steps=1, seconds=1).styles == ("night", "day")
    assert len(several.job()["painting"].split()) == 2


def test_a_network_knows_as_many_styles_as_there_are_paintings(painting: Path, photos: list[Path], encoder: OpenEncoder) -> None:
    pixels = load_image(painting).pixels
    with pytest.raises(ShapeError, match="has 2 styles, but there are 3 paintings"):
        OneStyleTask([pixels] * 3, photos, record=SEVERAL, encoder=encoder, plan=plan())
    with pytest.raises(ShapeError, match="has 1 styles, but there are 2 paintings"):
        OneStyleTask([pixels] * 2, photos, record=TINY, encoder=encoder, plan=plan())


def test_several_styles_go_on_to_the_same_bytes(painting: Path, photos: list[Path], encoder: OpenEncoder, tmp_path: Path) -> None:
    pixels, averages = load_image(painting).pixels, []
    for name, parts in (("whole", (4,)), ("parts", (2, 4))):
        (tmp_path / name).mkdir()
        for steps in parts:
            numbers = plan(steps=4, batch=4)
            task = OneStyleTask([pixels, 1 - pixels], photos, record=SEVERAL, encoder=encoder, plan=numbers, style_px=64)
            trainer = Trainer(task, numbers, tmp_path / name, device=torch.device("cpu"), dtype=torch.float32)
            for _ in trainer.events(lambda done=trainer, last=steps: done.step >= last):  # type: ignore[misc]
                pass
        averages.append(trainer.average)
    assert all(torch.equal(value, averages[1][name]) for name, value in averages[0].items())


def test_the_card_says_what_it_is(make: Make, tmp_path: Path) -> None:
    task = make("a", record=TextureRecord(content=True, scales=2, width=2)).task
    assert isinstance(task, OneStyleTask)
    card = task.card("the-painting", title="The painting", steps=6, seconds=1.4)
    path = tmp_path / "out.safetensors"
    write_network(path, task.network.state_dict(), card)
    _, read = read_network(path)
    assert (read.name, read.paints, read.steps, read.style_px, read.encoder_sha256) == ("the-painting", "style", 6, 64, "0" * 64)
    assert (read.trained["photos"], read.trained["loss_network"]) == (5, "tiny")
