from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from stylenet.errors import ShapeError
from stylenet.networks.normalization import Normalization, instance_norm


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


@pytest.fixture
def features(generator) -> torch.Tensor:
    return 3 * torch.randn((3, 4, 7, 10), generator=generator) + torch.tensor([0.0, 5.0, -20.0, 1.0]).view(1, 4, 1, 1)


def styled(styles: int, kind: str = "instance") -> Normalization:
    normalization = Normalization(4, kind=kind, styles=styles)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(6)
    for parameter in normalization.parameters():
        parameter.data.normal_(generator=generator)
    return normalization.requires_grad_(False)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_torchs(features, generator, memory_format):
    scale, shift = torch.randn((2, 1, 4), generator=generator)
    given = instance_norm(features.contiguous(memory_format=memory_format), scale, shift)
    torch.testing.assert_close(given, functional.instance_norm(features, weight=scale[0], bias=shift[0]), rtol=1e-4, atol=1e-5)
    assert given.is_contiguous(memory_format=memory_format)


def test_instance_norm_takes_a_scale_and_a_shift_for_each_picture(features, generator):
    scale, shift = torch.randn((2, 3, 4), generator=generator)
    given = instance_norm(features, scale, shift)
    torch.testing.assert_close(given.mean((2, 3)), shift, rtol=0, atol=1e-4)
    torch.testing.assert_close(given.std((2, 3), correction=0), scale.abs(), rtol=1e-4, atol=1e-4)


def test_instance_norm_has_right_gradients(generator):
    features = torch.randn((2, 3, 4, 3), dtype=torch.float64, generator=generator).requires_grad_()
    scale, shift = torch.randn((2, 2, 3), dtype=torch.float64, generator=generator).unbind()
    assert torch.autograd.gradcheck(instance_norm, (features, scale.requires_grad_(), shift.requires_grad_()))


@pytest.mark.parametrize("value", [0.0, 0.3, -40.0])
def test_a_channel_without_differences_becomes_the_shift(value):
    features = torch.full((1, 2, 1, 1), value, requires_grad=True)
    given = instance_norm(features, torch.ones(1, 2), torch.tensor([[0.25, -1.0]]))
    torch.testing.assert_close(given.flatten(), torch.tensor([0.25, -1.0]), rtol=0, atol=1e-3)
    given.sum().backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_bfloat16_is_measured_in_float32(generator):
    features = (torch.randn((1, 4, 96, 96), generator=generator) + 0.5).bfloat16()
    given = instance_norm(features, torch.ones(1, 4), torch.zeros(1, 4))
    assert given.dtype == torch.bfloat16
    # Two roundings to eight digits of two: that of the constant and that of the sum. Sums of 9216 values in bfloat16 would be far off.
    torch.testing.assert_close(given.double(), functional.instance_norm(features.double()), rtol=2**-7, atol=2**-8)


def test_batch_kind_measures_bfloat16_in_float32(generator):
    features = (torch.randn((1, 4, 96, 96), generator=generator) + 4).bfloat16()
    normalization = Normalization(4, kind="batch")
    normalization(features)
    torch.testing.assert_close(10 * normalization.running_mean[0].double(), features.double().mean((0, 2, 3)), rtol=1e-5, atol=1e-5)


def test_rounding_makes_no_negative_variance():
    features = torch.linspace(50, 500, 200).view(1, 200, 1, 1).expand(1, 200, 3, 5)
    assert instance_norm(features, torch.ones(1, 200), torch.zeros(1, 200)).isfinite().all()


def test_three_digits_are_left_of_a_mean_of_a_hundred_deviations(generator):
    features = torch.randn((1, 2, 64, 64), generator=generator) + 100
    given = instance_norm(features, torch.ones(1, 2), torch.zeros(1, 2))
    torch.testing.assert_close(given.double(), functional.instance_norm(features.double()), rtol=2e-3, atol=2e-3)


def test_batch_kind_trains_and_remembers_as_torchs(features):
    normalization, expected = Normalization(4, kind="batch"), nn.BatchNorm2d(4)
    for part in (features, 2 * features + 1):
        torch.testing.assert_close(normalization(part), expected(part), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(normalization.running_mean[0], expected.running_mean)
    torch.testing.assert_close(normalization.running_variance[0], expected.running_var)
    torch.testing.assert_close(normalization.eval()(features), expected.eval()(features), rtol=1e-4, atol=1e-5)


def test_batch_kind_trains_on_a_single_value():
    normalization = Normalization(4, kind="batch")
    assert torch.equal(normalization(torch.zeros(1, 4, 1, 1)), torch.zeros(1, 4, 1, 1))
    assert normalization.running_variance.isfinite().all()


@pytest.mark.parametrize("kind", ["instance", "batch"])
def test_a_weight_of_one_is_that_style(features, kind):
    several = styled(3, kind)
    for style in range(3):
        one = Normalization(4, kind=kind)
        one.scales.data = several.scales[style : style + 1]
        one.shifts.data = several.shifts[style : style + 1]
        torch.testing.assert_close(several(features, torch.eye(3)[style : style + 1]), one(features))


def test_a_blend_lies_between_its_styles(features):
    several = styled(3)
    blend = several(features, torch.tensor([[0.7, 0.0, 0.3]]))
    first, third = several(features, torch.eye(3)[:1]), several(features, torch.eye(3)[2:])
    torch.testing.assert_close(blend, 0.7 * first + 0.3 * third, rtol=1e-4, atol=1e-5)


def test_every_picture_can_have_its_own_style(features):
    several = styled(3)
    together = several(features, torch.eye(3))
    for style in range(3):
        alone = several(features[style : style + 1], torch.eye(3)[style : style + 1])
        torch.testing.assert_close(together[style : style + 1], alone)


def test_the_name_of_no_weight_ends_like_a_stored_scale():
    # A file with 8 bits a weight keeps `<name>.scale` beside the tensor `<name>`.
    assert sorted(Normalization(4, kind="batch").state_dict()) == ["running_mean", "running_variance", "scales", "shifts"]


def test_wrong_features_are_rejected(features):
    with pytest.raises(ShapeError, match=r"is for 4 channels; got features of shape \(3, 3, 7, 10\)"):
        styled(1)(features[:, :3])
    with pytest.raises(ShapeError, match=r"features have shape \(B, C, H, W\); got \(4, 7, 10\)"):
        styled(1)(features[0])


@pytest.mark.parametrize("shape", [(1, 2), (2, 3), (3,), (3, 1)])
def test_wrong_style_weights_are_rejected(features, shape):
    with pytest.raises(ShapeError, match=r"have shape \(1, 3\) for all pictures or \(3, 3\) for each; got \("):
        styled(3)(features, torch.ones(shape))


def test_several_styles_need_weights(features):
    with pytest.raises(ShapeError, match=r"has 3 styles: give their weights, shape \(1, 3\)"):
        styled(3)(features)
