"""Paintings in one pass: the network of every style, and networks that were trained for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from stylenet.catalog.networks import AnyRecord, JohnsonRecord, NetworkCard, SlimRecord, TextureRecord
from stylenet.errors import StyleError, UsageError, WeightsError
from stylenet.events import Done, Started
from stylenet.image.files import Picture
from stylenet.networks.files import build, write_network
from stylenet.stylizers.plan import Options
from stylenet.stylizers.regions import Region
from stylenet.stylizers.stylize import stylize, texture
from stylenet.stylizers.stylizer import Stylizer, open_stylizer


@pytest.fixture(scope="module")
def instant() -> Stylizer:
    return open_stylizer("instant", precision="float32")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network as `stylenet train` writes it, not trained at all."""
    torch.manual_seed(0)
    record = SlimRecord(fine=8, coarse=8, blocks=1)
    path = tmp_path_factory.mktemp("networks") / "mine.safetensors"
    write_network(path, build(record).state_dict(), NetworkCard(name="mine", paints="style", record=record), bits=8)
    return path


def test_yields_what_every_engine_yields(instant: Stylizer, photo: Picture) -> None:
    started, done = instant.stylize(photo, "starry-night")
    assert isinstance(started, Started)
    assert started.steps == 0
    assert isinstance(done, Done)
    assert done.reason == "finished"
    assert done.image.shape == photo.pixels.shape
    assert done.receipt["network_sha256"]


def test_takes_on_the_colors_of_the_painting(instant: Stylizer, photo: Picture) -> None:
    night, senecio = (stylize(photo, name, recipe=instant).pixels.mean((0, 2, 3)) for name in ("starry-night", "senecio"))
    assert night[2] > senecio[2], "The Starry Night is bluer"
    assert senecio[0] > night[0], "Senecio is redder"


def test_same_bytes_again(instant: Stylizer, photo: Picture) -> None:
    first, second = (stylize(photo, "great-wave", recipe=instant).pixels for _ in range(2))
    assert torch.equal(first, second)


def test_strength_goes_from_the_photo_on(instant: Stylizer, photo: Picture) -> None:
    far = [
        float((stylize(photo, "the-scream", recipe=instant, strength=strength).pixels - photo.pixels).abs().mean())
        for strength in (0, 5, 10, 50)
    ]
    assert far[0] == 0
    assert far == sorted(far)


def test_blends_styles(instant: Stylizer, photo: Picture) -> None:
    names = ["starry-night", "senecio"]
    first, second = (stylize(photo, name, recipe=instant).pixels for name in names)
    both = stylize(photo, names, recipe=instant).pixels
    only = stylize(photo, names, recipe=instant, blend=(1, 0)).pixels
    torch.testing.assert_close(only, first)
    between = (both - first).abs().mean() + (both - second).abs().mean()
    assert between < 2.5 * (first - second).abs().mean()


def test_keeps_what_a_mask_keeps(instant: Stylizer, photo: Picture) -> None:
    mask = torch.zeros(1, 1, 64, 80)
    mask[..., :40] = 1
    painted = stylize(photo, "starry-night", recipe=instant, regions=[Region(mask=mask, style=None)]).pixels
    assert torch.equal(painted[..., :40], photo.pixels[..., :40])
    assert not torch.equal(painted[..., 40:], photo.pixels[..., 40:])


def test_regions_have_their_own_styles(instant: Stylizer, photo: Picture) -> None:
    mask = torch.zeros(1, 1, 64, 80)
    mask[..., :40] = 1
    painted = stylize(photo, "starry-night", recipe=instant, regions=[Region(mask=mask, style="senecio")]).pixels
    torch.testing.assert_close(painted[..., :40], stylize(photo, "senecio", recipe=instant).pixels[..., :40])
    torch.testing.assert_close(painted[..., 40:], stylize(photo, "starry-night", recipe=instant).pixels[..., 40:])


def test_keeps_colors_as_every_engine(instant: Stylizer, photo: Picture) -> None:
    painted = stylize(photo, "starry-night", recipe=instant, keep_colors="mean-covariance").pixels
    torch.testing.assert_close(painted.mean((0, 2, 3)), photo.pixels.mean((0, 2, 3)), atol=0.03, rtol=0)


def test_a_style_is_measured_once(instant: Stylizer, photo: Picture) -> None:
    stylize(photo, "edtaonisl", recipe=instant)
    painter = instant._instant
    assert painter is not None
    known = len(painter._described)
    stylize(photo, "edtaonisl", recipe=instant, strength=70)
    assert len(painter._described) == known


def test_paints_with_a_network_of_ones_own(own: Path, photo: Picture) -> None:
    painting = stylize(photo, str(own), recipe="trained")
    assert painting.pixels.shape == photo.pixels.shape
    assert painting.receipt["styles"][0]["name"] == "mine"
    still = stylize(photo, str(own), recipe="trained", strength=0)
    assert torch.equal(still.pixels, photo.pixels)


def test_a_network_is_opened_once_and_again_when_its_file_changes(tmp_path: Path, photo: Picture) -> None:
    stylizer, path = open_stylizer("trained"), tmp_path / "mine.safetensors"
    record = SlimRecord(fine=8, coarse=8, blocks=1)
    pictures = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        write_network(path, build(record).state_dict(), NetworkCard(name="mine", paints="style", record=record))
        os.utime(path, ns=(seed, seed))
        pictures += [stylize(photo, str(path), recipe=stylizer).pixels for _ in range(2)]
        assert len(stylizer._trained) == seed + 1
    assert torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])


@pytest.mark.parametrize("record", [JohnsonRecord(width=4, blocks=1), TextureRecord(content=True, scales=2, width=4)])
def test_paints_with_the_networks_of_the_literature(record: AnyRecord, tmp_path: Path, photo: Picture) -> None:
    torch.manual_seed(0)
    path = tmp_path / "classic.safetensors"
    write_network(path, build(record).state_dict(), NetworkCard(name="classic", paints="style", record=record))
    first, again = (stylize(photo, str(path), recipe="trained", seed=4).pixels for _ in range(2))
    assert torch.equal(first, again)
    half = stylize(photo, str(path), recipe="trained", seed=4, strength=25).pixels
    torch.testing.assert_close(half, (first + photo.pixels) / 2, atol=1e-5, rtol=0)


def test_no_network_for_a_style(photo: Picture) -> None:
    with pytest.raises(StyleError, match="no network was trained for 'nobody'"):
        stylize(photo, "nobody", recipe="trained")


def test_a_picture_is_no_network(photo: Picture, tmp_path: Path) -> None:
    from stylenet.image.files import save_image

    save_image(photo.pixels, tmp_path / "painting.png")
    with pytest.raises(StyleError, match="is no network; recipe 'trained' needs one"):
        stylize(photo, str(tmp_path / "painting.png"), recipe="trained")


def test_a_network_is_no_texture() -> None:
    with pytest.raises(UsageError, match="recipe 'instant' paints photos"):
        texture("starry-night", recipe="instant", size=64)


def test_refuses_another_encoder(photo: Picture) -> None:
    from stylenet.stylizers.one_pass import InstantPainter

    with pytest.raises(WeightsError, match="was trained with other encoder weights"):
        InstantPainter("instant", encoder_sha256="0" * 64, device=torch.device("cpu"), dtype=torch.float32)


def test_what_does_not_fit_is_refused_before_painting(instant: Stylizer, photo: Picture) -> None:
    with pytest.raises(UsageError, match="megapixels takes"):
        instant.plan(photo, Options(size=4000, memory="100MB"))
