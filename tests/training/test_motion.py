"""Moved and mirrored photos for the equivariance and symmetry terms."""

from __future__ import annotations

import pytest
import torch

from stylenet.training.motion import Motion

CPU = torch.device("cpu")
BOTH = torch.tensor([True, True])


def drawn(step: int, count: int = 3) -> Motion:
    return Motion.random(count, 64, seed=1, step=step, device=CPU)


def test_a_window_begins_where_the_shift_says() -> None:
    motion = Motion(shift=torch.tensor([2, 5]), exposure=torch.ones(1, 1, 1, 1), grain=torch.zeros(1, 3, 48, 48), mirrored=BOTH)
    photos = torch.rand(1, 3, 64, 64)
    assert torch.equal(motion.window(photos), photos[:, :, 2:50, 5:53])
    assert torch.equal(motion.moved(photos), motion.window(photos))


def test_a_window_passes_gradients_on() -> None:
    photos = torch.rand(1, 3, 64, 64, requires_grad=True)
    motion = Motion(shift=torch.tensor([3, 0]), exposure=torch.ones(1, 1, 1, 1), grain=torch.zeros(1, 3, 48, 48), mirrored=BOTH)
    motion.window(photos).sum().backward()
    assert photos.grad is not None
    inside = torch.zeros(64, 64)
    inside[3:51, :48] = 1
    assert torch.equal(photos.grad[0, 0], inside)


def test_photos_stay_pictures_with_slight_changes() -> None:
    motion = drawn(0)
    photos = torch.rand(3, 3, 64, 64)
    moved = motion.moved(photos)
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 1
    assert 0.005 < float((moved - motion.window(photos)).abs().mean()) < 0.03


def test_every_update_has_its_own_motion_and_always_the_same() -> None:
    first, again = drawn(4), drawn(4)
    assert torch.equal(first.shift, again.shift)
    assert torch.equal(first.grain, again.grain)
    shifts = [tuple(drawn(step).shift.tolist()) for step in range(50)]
    assert len(set(shifts)) > 25
    assert (0, 0) not in shifts
    assert max(map(max, shifts)) == 15


@pytest.mark.parametrize(("mirrored", "axes"), [((True, False), (2,)), ((False, True), (3,)), ((True, True), (2, 3))])
def test_pictures_are_mirrored(mirrored: tuple[bool, bool], axes: tuple[int, ...]) -> None:
    photos = torch.rand(2, 3, 5, 8)
    motion = Motion(shift=torch.tensor([0, 1]), exposure=torch.ones(1), grain=torch.zeros(1), mirrored=torch.tensor(mirrored))
    assert torch.equal(motion.mirror(photos), photos.flip(axes))


def test_every_axis_is_mirrored_in_some_updates_and_one_in_every() -> None:
    seen = {tuple(drawn(step).mirrored.tolist()) for step in range(50)}
    assert seen == {(True, False), (False, True), (True, True)}
