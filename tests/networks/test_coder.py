"""From the moments of a painting to a description, and from a description to knobs."""

import torch

from stylenet.catalog.networks import SlimRecord
from stylenet.losses.moments import Moments, moments
from stylenet.networks.coder import LAYERS
from stylenet.networks.instant import InstantNet


def statistics(seed: int, count: int = 1) -> dict[str, Moments]:
    generator = torch.Generator().manual_seed(seed)
    return {layer: moments(torch.rand((count, channels, 6, 7), generator=generator)) for layer, channels in LAYERS.items()}


def network() -> InstantNet:
    torch.manual_seed(0)
    return InstantNet(SlimRecord(fine=8, coarse=8, deep=8, blocks=1, code=6)).requires_grad_(False)


def test_description_has_the_stated_size_and_follows_the_painting() -> None:
    coder = network().coder
    first, second = coder.describe(statistics(0)), coder.describe(statistics(1))
    assert first.shape == (1, coder.description_size)
    assert not torch.allclose(first, second)
    torch.testing.assert_close(first, coder.describe(statistics(0)))


def test_a_batch_of_paintings_is_described_one_by_one() -> None:
    coder = network().coder
    both = statistics(0, count=2)
    first = {layer: Moments(one.mean[:1], one.gram[:1], one.positions) for layer, one in both.items()}
    torch.testing.assert_close(coder.describe(both)[:1], coder.describe(first))


def test_calibration_brings_what_is_usual_about_zero() -> None:
    coder = network().coder
    usual = [statistics(seed) for seed in range(12)]
    coder.calibrate(usual)
    size = len(coder.center)
    rows = torch.cat([coder.describe(one)[:, :size] for one in usual])
    torch.testing.assert_close(rows.mean(0), torch.zeros(size), atol=1e-3, rtol=0)
    assert (rows.std(0) < 1.2).all()


def test_what_no_painting_ever_did_is_bounded() -> None:
    coder = network().coder
    coder.calibrate([statistics(seed) for seed in range(4)])
    loud = {layer: Moments(one.mean * 1e6, one.gram * 1e12, one.positions) for layer, one in statistics(0).items()}
    assert coder.describe(loud)[:, : len(coder.center)].abs().max() <= 4


def test_strength_changes_the_knobs_up_to_its_limits() -> None:
    coder = network().coder
    description = coder.describe(statistics(0)).repeat(4, 1)
    knobs = coder(description, torch.tensor([0.0, 10.0, 100.0, 110.0]))
    torch.testing.assert_close(knobs[0], knobs[1])
    torch.testing.assert_close(knobs[2], knobs[3])
    assert not torch.allclose(knobs[1], knobs[2])


def test_a_description_that_says_nothing_leaves_the_network_as_it_starts() -> None:
    instant = network()
    knobs = instant.coder.knobs.bias
    torch.testing.assert_close(knobs[None], instant.painter.neutral())


def test_bounds_leave_known_paintings_nearly_alone_and_hold_unknown_ones() -> None:
    coder = network().coder
    known = torch.randn((400, coder.description_size), generator=torch.Generator().manual_seed(0))
    strange = 40 * known[:1]
    strengths = torch.full((400,), 50.0)
    before, far = (coder(each, strengths[: len(each)]) - coder.knobs.bias for each in (known, strange))
    coder.bound(known)
    after, held = (coder(each, strengths[: len(each)]) - coder.knobs.bias for each in (known, strange))
    assert (after - before).norm() < 0.1 * before.norm()
    assert far.abs().max() > 3 * before.abs().max()
    assert held.abs().max() < 2 * before.abs().max()
