"""Requests of trainings: what each task needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.training import TrainRequest, style_name


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "PAINTING is missing: give the style image, or another --task"),
        ({"paintings": ("a.jpg",)}, "--photos is missing: give a folder with photos to learn from"),
        (
            {"paintings": ("a.jpg", "b.jpg"), "photos": "."},
            "2 paintings are given, and a network 'slim' supports one; use --network johnson",
        ),
        (
            {"paintings": ("x/Night.jpg", "y/night.png"), "photos": ".", "network": "johnson"},
            "the styles would be named night, night, after their files; give each file a different name",
        ),
        ({"task": "colorization"}, "--photos is missing: give a folder with photos for --task colorization"),
        (
            {"task": "colorization", "photos": ".", "paintings": ("a.jpg",)},
            "a painting is for a style; --task colorization learns from photos",
        ),
        ({"task": "super-resolution", "photos": ".", "network": "slim"}, "--network is for a style"),
        ({"paintings": ("a.jpg",), "photos": ".", "network": "texture", "steps": 0}, "steps is 0; allowed are whole numbers from 1"),
        ({"paintings": ("a.jpg",), "photos": ".", "minutes": 0.0}, "minutes is 0; allowed are minutes from 0.01"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        TrainRequest(**values)


def test_a_texture_needs_no_photos_and_johnsons_network_takes_many_paintings() -> None:
    assert TrainRequest(paintings=("a.jpg",), network="texture").network_kind == "texture"
    assert TrainRequest(paintings=("a.jpg", "b.jpg"), photos=".", network="johnson").style_names == ("a", "b")


def test_steps_are_bounded_by_minutes_where_they_are_given() -> None:
    plain = {"paintings": ("a.jpg",), "photos": "."}
    assert [TrainRequest(**plain, **more).max_steps for more in ({}, {"steps": 7}, {"minutes": 1.0})] == [2000, 7, 1_000_000]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "name"), [("Starry Night (1889).jpg", "starry-night-1889"), ("__.png", "painting"), ("あ.png", "painting")]
)
def test_names_of_styles(file: str, name: str) -> None:
    assert style_name(Path(file)) == name
