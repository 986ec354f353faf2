"""One-pass paintings with torch and with onnxruntime, by the network for all styles and by networks for one style."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from stylenet.catalog.encoders import VGG16
from stylenet.catalog.networks import AnyRecord, JohnsonRecord, NetworkCard, SlimRecord, TextureRecord
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.one_pass import InstantEngine, TrainedEngine
from stylenet.engines.onnx_pass import OnnxInstantEngine, OnnxTrainedEngine
from stylenet.engines.protocol import Forecast
from stylenet.errors import StyleError, UsageError, WeightsError
from stylenet.events import Done, Started
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.resize import resize
from stylenet.losses.equivariance import shift_distance
from stylenet.networks.files import build, write_network
from stylenet.networks.slim import SlimNet
from stylenet.networks.texture import TextureNet
from stylenet.painting.painting import stylize, texture
from stylenet.painting.plan import Plan
from stylenet.painting.receipts import Replay
from stylenet.painting.regions import Region
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options

GOLDEN = Path(__file__).with_name("golden")
CPU = torch.device("cpu")
ENGINES = ("torch", "onnx")
RECIPES = ("instant", "trained")


def torch_trained() -> TrainedEngine:
    return TrainedEngine(load_recipe("trained"), device=CPU, dtype=torch.float32)


def opened(recipe: str, engine: str) -> Stylizer:
    """An engine of a recipe, in float32 on the CPU."""
    if engine == "onnx":
        pytest.importorskip("onnxruntime")
        if recipe == "instant":
            return Stylizer(OnnxInstantEngine(load_recipe(recipe), threads=2))
        return Stylizer(OnnxTrainedEngine(load_recipe(recipe), threads=2, with_torch=torch_trained))
    if recipe == "trained":
        return Stylizer(torch_trained())
    chosen = load_recipe(recipe)
    encoder = open_encoder(chosen.encoder, device=CPU, dtype=torch.float32)
    return Stylizer(InstantEngine(chosen, encoder=encoder, device=CPU, dtype=torch.float32))


@pytest.fixture(scope="module", params=ENGINES)
def instant(request: pytest.FixtureRequest) -> Stylizer:
    return opened("instant", request.param)


@pytest.fixture(scope="module", params=ENGINES)
def trained(request: pytest.FixtureRequest) -> Stylizer:
    return opened("trained", request.param)


@pytest.fixture(params=[(recipe, engine) for recipe in RECIPES for engine in ENGINES], ids="-".join)
def either(request: pytest.FixtureRequest) -> Stylizer:
    """All one-pass engines."""
    return opened(*request.param)


def last_image(stylizer: Stylizer, photo: Picture, **more: Any) -> Any:
    *_, last = stylizer.stylize(photo, "the-scream", **more)
    assert isinstance(last, Done)
    return last.image


@pytest.fixture
def scene(photo: Picture) -> Picture:
    """The photo at four times its size."""
    return Picture(pixels=resize(photo.pixels, (320, 256)))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network file, as written by `stylenet train`."""
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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("recipe", "style"), [("instant", "great-wave"), ("trained", "the-scream")])
def test_paints_the_golden_picture(recipe: str, style: str, engine: str, photo: Picture) -> None:
    given = stylize(photo, style, recipe=opened(recipe, engine)).pixels
    golden = load_image(GOLDEN / f"{recipe}-{style}.png").pixels
    assert np.abs(given - golden).mean() < 0.01
    assert np.abs(photo.pixels - golden).mean() > 0.1


def test_a_moved_photo_has_a_moved_painting(either: Stylizer, scene: Picture) -> None:
    moved = Picture(pixels=scene.pixels[:, :, 3:, 5:])

    def distance(**more: Any) -> float:
        first, second = (torch.from_numpy(last_image(either, one, **more)) for one in (scene, moved))
        return float(shift_distance(first, second, (3, 5)).sqrt())

    assert distance() < 0.04
    assert distance(noise_origin=(0, 0)) > 1.4 * distance(), "noise that stays in the frame"


def test_a_photo_with_grain_or_more_light_has_nearly_the_same_painting(either: Stylizer, scene: Picture) -> None:
    painted = stylize(scene, "the-scream", recipe=either).pixels
    grain = 0.01 * np.random.default_rng(0).standard_normal(scene.pixels.shape, dtype=np.float32)
    for pixels in (scene.pixels + grain, 1.05 * scene.pixels):
        again = stylize(Picture(pixels=pixels.clip(0, 1)), "the-scream", recipe=either).pixels
        assert np.sqrt(np.square(again - painted).mean()) < 0.04


def test_takes_on_the_colors_of_the_painting(instant: Stylizer, photo: Picture) -> None:
    night, senecio = (stylize(photo, name, recipe=instant).pixels.mean((0, 2, 3)) for name in ("starry-night", "senecio"))
    assert night[2] > night[0], "The Starry Night is blue"
    assert senecio[0] > senecio[2], "Senecio is red"


def test_same_bytes_again(instant: Stylizer, photo: Picture) -> None:
    first, second = (stylize(photo, "great-wave", recipe=instant).pixels for _ in range(2))
    assert np.array_equal(first, second)


def test_strength_goes_from_the_photo_on(instant: Stylizer, photo: Picture) -> None:
    far = [
        float(np.abs(stylize(photo, "the-scream", recipe=instant, strength=strength).pixels - photo.pixels).mean())
        for strength in (0, 5, 10, 50)
    ]
    assert far[0] == 0
    assert far == sorted(far)


def test_blends_styles(instant: Stylizer, photo: Picture) -> None:
    names = ["starry-night", "senecio"]
    first, second = (stylize(photo, name, recipe=instant).pixels for name in names)
    both = stylize(photo, names, recipe=instant).pixels
    only = stylize(photo, names, recipe=instant, blend=(1, 0)).pixels
    np.testing.assert_allclose(only, first, atol=1e-5)
    between = np.abs(both - first).mean() + np.abs(both - second).mean()
    assert between < 2.5 * np.abs(first - second).mean()


def test_keeps_what_a_mask_keeps(instant: Stylizer, photo: Picture) -> None:
    mask = np.zeros((1, 1, 64, 80), np.float32)
    mask[..., :40] = 1
    painted = stylize(photo, "starry-night", recipe=instant, regions=[Region(mask=mask, style=None)]).pixels
    assert np.array_equal(painted[..., :40], photo.pixels[..., :40])
    assert not np.array_equal(painted[..., 40:], photo.pixels[..., 40:])


def test_regions_have_their_own_styles(instant: Stylizer, photo: Picture) -> None:
    mask = np.zeros((1, 1, 64, 80), np.float32)
    mask[..., :40] = 1
    painted = stylize(photo, "starry-night", recipe=instant, regions=[Region(mask=mask, style="senecio")]).pixels
    np.testing.assert_allclose(painted[..., :40], stylize(photo, "senecio", recipe=instant).pixels[..., :40], atol=1e-5)
    np.testing.assert_allclose(painted[..., 40:], stylize(photo, "starry-night", recipe=instant).pixels[..., 40:], atol=1e-5)


def test_keeps_colors_as_every_engine(instant: Stylizer, photo: Picture) -> None:
    painted = stylize(photo, "starry-night", recipe=instant, keep_colors="mean-covariance").pixels
    np.testing.assert_allclose(painted.mean((0, 2, 3)), photo.pixels.mean((0, 2, 3)), atol=0.03, rtol=0)


def test_a_style_is_measured_once(instant: Stylizer, photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    style, asked = instant.open_style("edtaonisl"), []
    at = type(style.value).at

    def counted(self: Any, size_px: float, layers: Any) -> Any:
        asked.append(size_px)
        return at(self, size_px, layers)

    monkeypatch.setattr(type(style.value), "at", counted)
    first, again, other = (stylize(photo, "edtaonisl", recipe=instant, strength=strength).pixels for strength in (50, 50, 70))
    assert len(asked) == 1
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_paints_with_a_network_of_ones_own(trained: Stylizer, own: Path, photo: Picture) -> None:
    painting = stylize(photo, str(own), recipe=trained)
    assert painting.pixels.shape == photo.pixels.shape
    assert painting.receipt["styles"][0]["name"] == "mine"
    still = stylize(photo, str(own), recipe=trained, strength=0)
    assert np.array_equal(still.pixels, photo.pixels)


@pytest.mark.parametrize("record", [SlimRecord(), SlimRecord(fine=8, coarse=8, blocks=1)])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_is_opened_once_and_again_when_its_file_changes(engine: str, record: SlimRecord, tmp_path: Path, photo: Picture) -> None:
    stylizer, path = opened("trained", engine), tmp_path / "mine.safetensors"
    pictures, styles = [], []
    for seed in (0, 1):
        torch.manual_seed(seed)
        write_network(path, build(record).state_dict(), NetworkCard(name="mine", paints="style", record=record))
        os.utime(path, ns=(seed, seed))
        pictures += [stylize(photo, str(path), recipe=stylizer).pixels for _ in range(2)]
        styles += [stylizer.open_style(str(path)) for _ in range(2)]
    assert styles[0] is styles[1]
    assert styles[1] is not styles[2]
    assert styles[1].sha256 != styles[2].sha256
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


@pytest.mark.parametrize("record", [JohnsonRecord(width=4, blocks=1), TextureRecord(content=True, scales=2, width=4)])
def test_paints_with_the_networks_of_the_literature(trained: Stylizer, record: AnyRecord, tmp_path: Path, photo: Picture) -> None:
    torch.manual_seed(0)
    path = tmp_path / "classic.safetensors"
    write_network(path, build(record).state_dict(), NetworkCard(name="classic", paints="style", record=record))
    first, again = (stylize(photo, str(path), recipe=trained, seed=4).pixels for _ in range(2))
    assert np.array_equal(first, again)
    half = stylize(photo, str(path), recipe=trained, seed=4, strength=25).pixels
    np.testing.assert_allclose(half, (first + photo.pixels) / 2, atol=1e-5, rtol=0)


def texture_file(path: Path, scales: int = 3) -> Path:
    torch.manual_seed(0)
    record = TextureRecord(scales=scales, width=4)
    write_network(path, build(record).state_dict(), NetworkCard(name="tile", paints="texture", record=record))
    return path


def test_a_network_paints_a_texture_that_repeats_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(texture_file(tmp_path / "tile.safetensors"))
    tile = texture(path, size="96x64", seed=3).pixels
    assert tile.shape == (1, 3, 64, 96)
    noise = TextureNet.noise

    def moved(self: TextureNet, *arguments: Any, **options: Any) -> list[torch.Tensor]:
        """Noise with another origin, so that other values lie at the border."""
        return [part.roll((16 // 2**scale, 40 // 2**scale), (2, 3)) for scale, part in enumerate(noise(self, *arguments, **options))]

    monkeypatch.setattr(TextureNet, "noise", moved)
    # What was at the border is inside now, and looks the same: there is no border.
    np.testing.assert_allclose(texture(path, size="96x64", seed=3).pixels, np.roll(tile, (16, 40), (2, 3)), rtol=0, atol=3e-2)


def test_seeds_give_other_textures(tmp_path: Path) -> None:
    path = str(texture_file(tmp_path / "tile.safetensors"))
    first, again, other = (texture(path, size=48, seed=seed).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.01


def test_a_size_at_which_a_texture_has_a_seam_is_reported(tmp_path: Path) -> None:
    path, told = str(texture_file(tmp_path / "tile.safetensors")), []
    for size in (48, 50):
        texture(path, size=size, on_event=lambda event: told.append(event.notices) if isinstance(event, Started) else None)
    assert told[0] == ()
    assert "tiles seamlessly only if its sides are multiples of 4 pixels" in told[1][0]


def test_networks_name_the_command_that_they_are_for(own: Path, tmp_path: Path, photo: Picture) -> None:
    with pytest.raises(StyleError, match=r"is not for a texture but for style; use it with: stylenet stylize"):
        texture(str(own))
    with pytest.raises(StyleError, match=r"is not for a style but for texture; use it with: stylenet texture"):
        stylize(photo, str(texture_file(tmp_path / "tile.safetensors")))


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """An untrained network with three styles."""
    torch.manual_seed(0)
    record = JohnsonRecord(width=4, blocks=1, styles=3)
    network = build(record)
    for name, parameter in network.named_parameters():
        if name.endswith(("scales", "shifts")):
            parameter.data.add_(0.5 * torch.randn_like(parameter))
    path = tmp_path / "many.safetensors"
    write_network(path, network.state_dict(), NetworkCard(name="many", paints="style", record=record, styles=("night", "wave", "sun")))
    return path


def test_a_network_of_several_styles_paints_in_the_first_one_and_says_so(many: Path, photo: Picture) -> None:
    told: list[str] = []
    alone = stylize(photo, str(many), on_event=lambda event: told.extend(event.notices) if isinstance(event, Started) else None)
    assert "'many' has 3 styles and paints in the first one: night, wave, sun; select another one with many.safetensors:NAME" in told[0]
    assert np.array_equal(alone.pixels, stylize(photo, f"{many}:night").pixels)
    assert np.array_equal(alone.pixels, stylize(photo, str(many), blend=(1, 0, 0)).pixels)
    assert alone.receipt["styles"][0]["shares"] == [1.0, 0.0, 0.0]


def test_blend_gives_the_shares_of_a_networks_own_styles(many: Path, photo: Picture) -> None:
    sun, wave = (stylize(photo, f"{many}:{name}").pixels for name in ("sun", "wave"))
    both = stylize(photo, str(many), blend=(0, 2, 2))
    assert np.abs(sun - wave).mean() > 0.01
    assert not np.allclose(both.pixels, (sun + wave) / 2, atol=1e-3), "scales and shifts are mixed, not pixels"
    assert both.receipt["styles"][0]["shares"] == [0.0, 0.5, 0.5]
    pixels = stylize(photo, [f"{many}:sun", f"{many}:wave"], blend=(1, 3)).pixels
    np.testing.assert_allclose(pixels, 0.25 * sun + 0.75 * wave, atol=1e-5)


def test_a_blend_of_a_network_is_painted_again_from_its_receipt(many: Path, photo: Picture, tmp_path: Path) -> None:
    stylize(photo, str(many), blend=(0.2, 0.8, 0), size="80x64").save(tmp_path / "out.png")
    again = Replay.of(tmp_path / "out.png")
    assert again.options.blend == (0.2, 0.8, 0.0)
    stylizer = open_stylizer(again.recipe, precision=again.receipt["precision"])
    *_, done = stylizer.stylize(photo, str(many), again.options, replay=again)
    assert isinstance(done, Done)
    assert done.receipt["styles"] == again.receipt["styles"]
    with pytest.raises(UsageError, match=r"different inputs \(styles\)"):
        next(stylizer.stylize(photo, f"{many}:sun", Options(size="80x64"), replay=again))


def test_shares_and_names_that_a_network_does_not_know_are_rejected(many: Path, own: Path, photo: Picture) -> None:
    with pytest.raises(UsageError, match="blend has 2 shares for 3 styles"):
        stylize(photo, str(many), blend=(1, 2))
    with pytest.raises(StyleError, match=r"has no style 'wafe'; available: night, wave, sun. Did you mean 'wave'\?"):
        stylize(photo, f"{many}:wafe")
    with pytest.raises(StyleError, match="has a single style; omit ':sun'"):
        stylize(photo, f"{own}:sun")


def test_no_network_for_a_style(trained: Stylizer, photo: Picture) -> None:
    with pytest.raises(StyleError, match="no network was trained for 'nobody'"):
        stylize(photo, "nobody", recipe=trained)


def test_a_picture_is_no_network(trained: Stylizer, photo: Picture, tmp_path: Path) -> None:
    save_image(photo.pixels, tmp_path / "painting.png")
    with pytest.raises(StyleError, match="is not a network; recipe 'trained' needs a file written by `stylenet train`"):
        stylize(photo, str(tmp_path / "painting.png"), recipe=trained)
    with pytest.raises(StyleError, match="recipe 'trained' paints with networks: give the file of one, or a name"):
        stylize(photo, photo, recipe=trained)


def test_a_network_is_no_texture(instant: Stylizer) -> None:
    with pytest.raises(UsageError, match="recipe 'instant' paints photos"):
        texture("starry-night", recipe=instant, size=64)


def test_rejects_another_encoder() -> None:
    with torch.device("meta"):
        looks = VggEncoder(VGG16)
    encoder = OpenEncoder(fast=looks, exact=looks, sha256="0" * 64, weights="vgg16")
    with pytest.raises(
        WeightsError, match="needs statistics of VGG-19 as trained with Caffe, but the encoder 'vgg16' is a different network"
    ):
        InstantEngine(load_recipe("instant"), encoder=encoder, device=CPU, dtype=torch.float32)


def test_nothing_is_started_or_shown_on_the_way(either: Stylizer, photo: Picture) -> None:
    with pytest.raises(UsageError, match="paints in one pass and has no initial image; omit --start"):
        next(either.stylize(photo, "the-scream", start=photo))
    with pytest.raises(UsageError, match="paints in one pass, without intermediate pictures; omit --save-every and --timelapse"):
        next(either.stylize(photo, "the-scream", Options(save_every=2)))
    with pytest.raises(UsageError, match="paints in one pass, without intermediate pictures"):
        next(either.stylize(photo, "the-scream", timelapse_frames=5))


def test_networks_have_no_painting_to_recolor(trained: Stylizer, photo: Picture) -> None:
    with pytest.raises(UsageError, match="have no painting to recolor; give --keep-colors histogram for the result"):
        next(trained.stylize(photo, "the-scream", Options(keep_colors="histogram:before")))


def test_what_does_not_fit_is_rejected_before_painting(instant: Stylizer, photo: Picture) -> None:
    memory = f"{psutil.Process().memory_info().rss // 10**6 + 100}MB"
    with pytest.raises(
        UsageError, match=r"a picture of 12\.8 megapixels needs (at least )?\d+ MB.*give a smaller --size, or more --memory"
    ):
        instant.plan(photo, Options(size=4000, memory=memory))


def limited(whole: Callable[[], Plan], of_whole: float) -> int:
    """A memory limit that allows a given share of the memory that the painting needs without tiles."""
    resident = psutil.Process().memory_info().rss
    return resident + int(of_whole * (whole().values["memory_bytes"] - resident))


def test_what_does_not_fit_is_painted_by_tiles(instant: Stylizer, photo: Picture) -> None:
    size = 1000
    whole = instant.plan(photo, Options(size=size))
    assert (whole.tile_px, whole.values["tiles"]) == (None, 1)
    memory = limited(lambda: instant.plan(photo, Options(size=size)), 0.8)
    plan = instant.plan(photo, Options(size=size, memory=memory))
    assert plan.tile_px is not None
    assert plan.tile_px < 1000 * 800
    assert plan.values["tiles"] > 1
    assert plan.values["memory_bytes"] <= memory


def test_tiles_are_not_seen(either: Stylizer, photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stylize(photo, "starry-night", recipe=either, size=640)
    assert whole.receipt["tile_px"] is None
    # With torch the halo is as wide as such tiles: of smaller ones there would be hundreds, for every layer.
    by_torch = isinstance(either.engine, (InstantEngine, TrainedEngine))
    tile_px = 600 * 600 if by_torch else 360 * 360
    geometry = SlimNet.geometry(SlimRecord(), 512, 640)
    assert not by_torch or all(len(geometry.tiles(field, tile_px)) > 1 for field in geometry.fields)
    told = Forecast(memory_bytes=0, tile_px=tile_px, tiles=2)
    monkeypatch.setattr(either.engine, "forecast", lambda *_, **__: told)
    by_tiles = stylize(photo, "starry-night", recipe=either, size=640)
    assert by_tiles.receipt["tile_px"] == tile_px
    np.testing.assert_allclose(by_tiles.pixels, whole.pixels, rtol=0, atol=1e-4)


def test_texture_networks_have_no_tiles(trained: Stylizer, tmp_path: Path, photo: Picture) -> None:
    record = TextureRecord(content=True, scales=2, width=4)
    write_network(tmp_path / "u.safetensors", build(record).state_dict(), NetworkCard(name="u", paints="style", record=record))
    more_than_the_program = f"{psutil.Process().memory_info().rss // 10**6 + 200}MB"
    with pytest.raises(UsageError, match="texture networks do not support tiles"):
        stylize(photo, str(tmp_path / "u.safetensors"), recipe=trained, size=4000, memory=more_than_the_program)


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_engines_paint_alike(recipe: str, photo: Picture) -> None:
    """Whole paintings with styles, shares, regions and colors."""
    mask = np.linspace(0, 1, 80, dtype=np.float32)[None, None, None].repeat(64, 2)
    regions = [Region(mask=mask, style="great-wave")]
    torchs, onnxs = (
        stylize(
            photo, ["starry-night", "the-scream"], recipe=opened(recipe, engine), blend=(0.3, 0.7), regions=regions, keep_colors="luminance"
        )
        for engine in ENGINES
    )
    np.testing.assert_allclose(onnxs.pixels, torchs.pixels, rtol=0, atol=2e-3)
    assert np.abs(onnxs.pixels - torchs.pixels).mean() < 1e-4
    same = ("styles", "network_sha256", "photo_sha256", "regions_sha256", "recipe", "device", "precision")
    assert {name: torchs.receipt[name] for name in same} == {name: onnxs.receipt[name] for name in same}
