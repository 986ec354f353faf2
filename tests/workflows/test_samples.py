"""Sample photos and the styles that suit them."""

from __future__ import annotations

import pytest

from stylenet.catalog.styles import built_in_styles
from stylenet.errors import StyleError
from stylenet.image.files import load_image
from stylenet.image.scenes import SCENES
from stylenet.workflows import samples
from stylenet.workflows.samples import choose_pairs, sample_photos


def test_pairs() -> None:
    photos = ["astronaut", "coffee", "cat", "rocket"]
    assert list(choose_pairs(["starry-night", "a", "great-wave", "b"], photos).values()) == ["starry-night", "great-wave", "a", "b"]
    assert set(choose_pairs(["starry-night"], photos).values()) == {"starry-night"}
    with pytest.raises(StyleError, match="no styles"):
        choose_pairs([], photos)


def test_photos_are_pictures_and_have_styles() -> None:
    photos = sample_photos()
    assert len(photos) >= 3
    styles = choose_pairs(list(built_in_styles()), list(photos))
    assert set(styles) == set(photos)
    assert len(set(styles.values())) == len(photos)
    picture = load_image(next(iter(photos.values()))())
    assert min(picture.width, picture.height) >= 256


def test_computed_scenes_take_the_place_of_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "is_installed", lambda name: False)
    assert sample_photos() is SCENES
    assert set(choose_pairs(list(built_in_styles()), list(SCENES)).values()) <= set(built_in_styles())
