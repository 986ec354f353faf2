"""Steadying of still areas: noise is averaged, and moving objects leave no traces."""

from __future__ import annotations

import numpy as np

from stylenet.shapes import Image
from stylenet.video.stillness import StillSteadier

HEIGHT, WIDTH = 96, 128


def scene(chance: np.random.Generator, *, block_at: int | None = None, noise: float = 0.015) -> Image:
    columns = np.linspace(0.2, 0.8, WIDTH, dtype=np.float32)
    pixels = np.broadcast_to(columns, (1, 3, HEIGHT, WIDTH)).copy()
    if block_at is not None:
        pixels[..., 30:60, block_at : block_at + 24] = 0.95
    return (pixels + chance.normal(0, noise, pixels.shape)).astype(np.float32).clip(0, 1)


def flicker(steady: float) -> float:
    """Deviation over time of a painting that shows the noise of its photo enlarged."""
    chance, steadier = np.random.default_rng(0), StillSteadier(steady)
    photos = [scene(chance) for _ in range(30)]
    painted = [steadier.steady(photo, np.float32(3) * photo - np.float32(1)) for photo in photos]
    return float(np.std(painted[10:], axis=0).mean())


def test_noise_is_averaged_where_nothing_moves() -> None:
    shares = {steady: flicker(steady) / flicker(0) for steady in (30, 60)}
    for steady, share in shares.items():
        kept = 0.9 * steady / 100
        assert abs(share - np.sqrt((1 - kept) / (1 + kept))) < 0.05  # an exponential average of independent noise


def test_what_moves_leaves_nothing_behind() -> None:
    chance, steadier = np.random.default_rng(0), StillSteadier(100)
    for place in range(10, 90, 10):
        photo = scene(chance, block_at=place, noise=0.005)
        steadied = steadier.steady(photo, photo)
        moved = np.s_[..., 32:58, place - 8 : place + 32]
        assert np.abs(steadied - photo)[moved].max() < 0.02


def test_without_steadiness_and_after_a_change_of_size_paintings_are_as_they_were() -> None:
    chance = np.random.default_rng(0)
    photos = [scene(chance) for _ in range(3)]
    plain, steadier = StillSteadier(0), StillSteadier(100)
    for photo in photos:
        np.testing.assert_array_equal(plain.steady(photo, 1 - photo), 1 - photo)
        steadier.steady(photo, photo)
    narrow = photos[0][..., :100]
    np.testing.assert_array_equal(steadier.steady(narrow, narrow), narrow)


def test_frames_smaller_than_a_cell() -> None:
    steadier = StillSteadier(60)
    for value in (0.2, 0.21):
        photo = np.full((1, 3, 1, 3), value, np.float32)
        assert steadier.steady(photo, photo).shape == photo.shape
