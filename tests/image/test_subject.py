"""Masks of drawn faces and subjects."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter

from stylenet.errors import ImageError, UsageError
from stylenet.image import subject
from stylenet.image.files import load_image
from stylenet.image.masks import regions
from stylenet.image.subject import find_faces, find_subject
from stylenet.shapes import Image, Mask

WALL = (70, 95, 120)

cv2 = pytest.importorskip("cv2")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread, which is faster for small pictures than several that wait for each other."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def draw_face(picture: PIL.Image.Image, x: int, y: int, *, scale: float = 1.0, tilt: float = 0.0) -> PIL.Image.Image:
    """Draw a face on `picture`: skin with half axes 42 and 56, times `scale`, and hair 10 beyond."""
    face = PIL.Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(face)

    def oval(left: float, top: float, across: float, down: float, color: tuple[int, int, int]) -> None:
        corner = (x + (left - across) * scale, y + (top - down) * scale)
        draw.ellipse((*corner, x + (left + across) * scale, y + (top + down) * scale), fill=color)

    oval(0, -12, 50, 66, (50, 35, 25))
    oval(0, 0, 42, 56, (215, 175, 150))
    for side in (-1, 1):
        oval(18 * side, -14, 13, 9, (150, 110, 95))
        oval(18 * side, -12, 9, 5, (245, 240, 235))
        oval(18 * side, -12, 5, 5, (30, 20, 15))
        brow = (x + 8 * side * scale, y - 25 * scale, x + 30 * side * scale, y - 26 * scale)
        draw.line(brow, fill=(60, 40, 30), width=round(4 * scale))
    draw.polygon([(x - 7 * scale, y + 14 * scale), (x + 7 * scale, y + 14 * scale), (x, y - 8 * scale)], fill=(195, 150, 125))
    oval(0, 32, 17, 5, (150, 60, 60))
    draw.line((x - 17 * scale, y + 32 * scale, x + 17 * scale, y + 32 * scale), fill=(90, 30, 30), width=round(2 * scale))
    face = face.rotate(tilt, resample=PIL.Image.Resampling.BICUBIC, center=(x, y))
    picture.paste(face, (0, 0), face)
    return picture.filter(ImageFilter.GaussianBlur(1.5 * scale))


def pixels(picture: PIL.Image.Image) -> Image:
    return load_image(picture).pixels


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).random((1, 3, height, width), dtype=np.float32)


def ellipse(height: int, width: int, *, middle: tuple[float, float], half: tuple[float, float], tilt: float = 0.0) -> NDArray[np.bool_]:
    """Mask of an ellipse, tilted counterclockwise by degrees."""
    y, x = np.arange(height)[:, None] + 0.5 - middle[1], np.arange(width) + 0.5 - middle[0]
    angle = np.deg2rad(-tilt)
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (across / half[0]) ** 2 + (down / half[1]) ** 2 <= 1


def overlap(found: Mask, true: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    is_found = found[0, 0] > 0.5
    return float((is_found & true).sum() / (is_found | true).sum())


@pytest.mark.parametrize(("x", "scale", "tilt"), [(160, 0.6, 0), (160, 1, 0), (110, 1, 20), (220, 0.8, -30)])
def test_a_face_is_covered_with_hair_and_chin(x: int, scale: float, tilt: float) -> None:
    photo = draw_face(PIL.Image.new("RGB", (320, 240), WALL), x, 110, scale=scale, tilt=tilt)
    mask = find_faces(pixels(photo))
    assert mask.shape == (1, 1, 240, 320)
    assert mask.min() >= 0
    assert mask.max() == 1
    skin = ellipse(240, 320, middle=(x, 110), half=(40 * scale, 54 * scale), tilt=tilt)
    assert mask[0, 0][skin].min() > 0.9
    assert mask[0, 0][~ellipse(240, 320, middle=(x, 110), half=(110 * scale, 140 * scale), tilt=tilt)].max() < 0.01


def test_two_faces_are_two_and_far_from_them_nothing() -> None:
    photo = draw_face(PIL.Image.new("RGB", (400, 160), WALL), 90, 80, scale=0.7)
    mask = find_faces(pixels(draw_face(photo, 310, 80, scale=0.7)))[0, 0]
    assert mask[80, 90] == 1
    assert mask[80, 310] == 1
    assert mask[:, 190:210].max() == 0


def test_a_large_photo_gives_a_mask_of_its_size_with_exact_ends() -> None:
    photo = draw_face(PIL.Image.new("RGB", (1500, 900), WALL), 600, 400, scale=3)
    mask = find_faces(pixels(photo))
    assert mask.shape == (1, 1, 900, 1500)
    kept = regions([mask], (1500, 900))
    assert kept[0, 0, 400, 600] == 1
    assert kept[1, 0, 20, 1400] == 1


@pytest.mark.parametrize("size", [(200, 150), (4, 3)])
def test_no_face(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"no face is found in the photo; .* paint the mask"):
        find_faces(pixels(PIL.Image.new("RGB", size, WALL)))


def disc_photo(*, x: int = 100, y: int = 70, size: tuple[int, int] = (200, 150)) -> Image:
    """An orange disc of radius 40 on a bluish, grainy background."""
    grain = np.random.default_rng(0).normal(0, 8, (size[1], size[0], 3))
    picture = PIL.Image.fromarray((np.array(WALL) + grain).clip(0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).ellipse((x - 40, y - 40, x + 40, y + 40), fill=(230, 140, 40))
    return pixels(picture)


def test_a_subject_is_cut_out_along_its_edge() -> None:
    mask = find_subject(disc_photo())
    assert mask.shape == (1, 1, 150, 200)
    assert overlap(mask, ellipse(150, 200, middle=(100.5, 70.5), half=(40.5, 40.5))) > 0.95
    assert mask[0, 0, 70, 100] == 1
    assert mask[0, 0, 5, 5] == 0
    assert ((mask > 0) & (mask < 1)).any()


def test_specks_and_pinholes_are_left_out() -> None:
    photo = disc_photo()
    photo[:, :, 62:67, 95:100] = photo[:, :, 2:7, 95:100]  # a hole
    photo[:, :, 60:70, 165:175] = photo[:, :, 60:70, 70:80]  # a speck
    mask = find_subject(photo)
    assert mask[..., 64, 97] > 0.5
    assert mask[..., 150:].max() < 0.5


def test_a_rectangle_tells_which_of_two() -> None:
    photo = disc_photo(x=60, size=(300, 150))
    photo[:, :, 40:100, 200:260] = np.array([0.2, 0.8, 0.3]).reshape(1, 3, 1, 1)
    left = find_subject(photo, (10, 20, 100, 110))
    right = find_subject(photo, (190, 30, 90, 80))
    assert overlap(left, ellipse(150, 300, middle=(60.5, 70.5), half=(40.5, 40.5))) > 0.95
    assert left[..., 150:].max() == 0
    square = np.zeros((150, 300), bool)
    square[40:100, 200:260] = True
    assert overlap(right, square) > 0.9
    assert right[..., :150].max() == 0


def test_a_rectangle_of_numpy() -> None:
    photo = disc_photo(x=60, size=(300, 150))
    np.testing.assert_array_equal(find_subject(photo, np.array((10, 20, 100, 110))), find_subject(photo, (10, 20, 100, 110)))  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="no subject was found in the rectangle"):
        find_subject(np.full((1, 3, 60, 80), 0.5, np.float32), np.array((20, 20, 30, 30)))  # type: ignore[arg-type]


@pytest.mark.parametrize("rectangle", ["10,10,50,50", (10, 10, 50), ("10", "10", "50", "50"), (np.nan, 0, 10, 10), 5])
def test_rectangles_of_other_types(rectangle: Any) -> None:
    with pytest.raises(UsageError, match="a rectangle is left, top, width and height in pixels; got"):
        find_subject(disc_photo(), rectangle)


def test_teeth_finer_than_the_rough_cut_are_followed() -> None:
    """A wheel of 1000 px. The first segmentation, at 320 px, misses its outline by 2.3 pixels of the photo."""
    grain = np.random.default_rng(0).normal(0, 8, (750, 1000, 3))
    photo, true = PIL.Image.fromarray((np.array(WALL) + grain).clip(0, 255).astype(np.uint8)), PIL.Image.new("1", (1000, 750))
    angles = np.pi * np.arange(60) / 30
    radii = np.where(np.arange(60) % 2, 210, 190)
    corners = np.stack([500 + radii * np.cos(angles), 375 + radii * np.sin(angles)], axis=1).flatten().tolist()
    ImageDraw.Draw(photo).polygon(corners, fill=(230, 140, 40))
    ImageDraw.Draw(true).polygon(corners, fill=1)
    mask = find_subject(pixels(photo))
    assert mask.shape == (1, 1, 750, 1000)
    missed_px = np.abs(mask[0, 0] - np.array(true)).sum() / (2 * np.pi * 200)
    assert missed_px < 1


def test_a_person_is_the_subject_with_body() -> None:
    """The person is found although a bright ball is more conspicuous."""
    picture = PIL.Image.new("RGB", (320, 240), WALL)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((250, 100, 300, 150), fill=(255, 240, 0))
    draw.rectangle((90, 130, 170, 240), fill=(120, 30, 40))
    mask = find_subject(pixels(draw_face(picture, 130, 80, scale=0.8)))[0, 0]
    assert mask[80, 130] == 1
    assert mask[200, 130] == 1
    assert mask[120, 275] == 0


def test_a_head_that_fills_the_photo_is_no_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_HEAD", (5, 5))
    with pytest.raises(ImageError, match="no subject was found in the photo by its colors; give a rectangle around it"):
        find_subject(pixels(draw_face(PIL.Image.new("RGB", (320, 240), WALL), 160, 110)))


def test_the_same_photo_gives_the_same_mask() -> None:
    photo = noise(90, 120)
    masks = []
    for seed in (1, 2):
        cv2.setRNGSeed(seed)  # a state that something else has left
        masks.append(find_subject(photo))
    assert np.array_equal(masks[0], masks[1])


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        (np.full((1, 3, 60, 80), 0.5, np.float32), "its middle has the colors of its border"),
        (noise(4, 5), "a photo of 5 x 4 pixels is too small"),
        (noise(2, 900), "too small or too narrow"),
    ],
)
def test_photos_without_a_subject(photo: Image, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        find_subject(photo)


def test_a_rectangle_that_holds_nothing_else_than_its_surroundings() -> None:
    with pytest.raises(ImageError, match="no subject was found in the rectangle by its colors; give another rectangle"):
        find_subject(np.full((1, 3, 60, 80), 0.5, np.float32), (20, 20, 30, 30))
    with pytest.raises(ImageError, match="no subject was found"):
        find_subject(disc_photo(), (10, 10, 2, 2))


@pytest.mark.parametrize(
    ("rectangle", "message"),
    [
        ((0, 0, 200, 150), "the rectangle is the whole photo"),
        ((-1, 0, 20, 20), "is not inside the photo, which has 200 x 150 pixels"),
        ((10, 10, 191, 20), "the rectangle 10,10,191,20 is not inside"),
        ((10, 10, 0, 20), "is not inside"),
        ((10, 10, 10**400, 20), "is not inside"),
    ],
)
def test_rectangles_that_are_none(rectangle: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_subject(disc_photo(), rectangle)


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    for find in (find_faces, find_subject):
        with pytest.raises(UsageError, match=r'pip install "stylenet\[masks\]"'):
            find(disc_photo())


def test_an_opencv_without_its_detector_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV 5 has no detector; its contrib package has the code without the data."""
    monkeypatch.setattr(cv2.data, "haarcascades", "/nowhere/")
    with pytest.raises(UsageError, match="does not include its face detector"):
        find_faces(disc_photo())
    assert find_subject(disc_photo(), (50, 20, 100, 100)).max() == 1
