"""Masks as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import ImageError, OutputError, UsageError
from stylenet.image.files import load_image, save_image
from stylenet.workflows.masking import mask_file, parse_rectangle


@pytest.mark.parametrize(
    ("text", "rectangle"),
    [
        ("10,20,50,60", (10, 20, 50, 60)),
        (" 10 , 20px,50.4 ,60", (10, 20, 50, 60)),
        ("10%,20%,50%,60%", (20, 20, 100, 60)),
        ("50%,.5%,50%,99.5%", (100, 0, 100, 100)),
    ],
)
def test_rectangles(text: str, rectangle: tuple[int, int, int, int]) -> None:
    assert parse_rectangle(text, (200, 100)) == rectangle


def test_halves_never_reach_beyond_the_photo() -> None:
    for width in range(2, 40):
        x, _, across, _ = parse_rectangle("50%,0,50%,1", (width, 1))
        assert x + across == width


@pytest.mark.parametrize("text", ["", "1,2,3,4,5", "a,b,c,d", "-1,2,3,4", "1,2,3,4 cm"])
def test_rectangles_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="write X,Y,WIDTH,HEIGHT"):
        parse_rectangle(text, (200, 100))


@pytest.fixture
def square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo of an orange square of 30 x 30 on gray-blue, in the current folder."""
    pytest.importorskip("cv2")
    monkeypatch.chdir(tmp_path)
    pixels = np.empty((1, 3, 60, 80), np.float32)
    pixels[:] = np.reshape([0.27, 0.37, 0.47], (1, 3, 1, 1))
    pixels[..., 15:45, 25:55] = np.reshape([0.9, 0.55, 0.16], (3, 1, 1))
    return save_image(pixels, "square.png")


def test_a_mask_is_white_where_the_subject_is(square: Path) -> None:
    path, share = mask_file(square)
    assert path == Path("square-mask.png")
    assert share == pytest.approx(900 / 4800, abs=0.03)
    mask = load_image(path).pixels
    assert mask[0, :, 30, 40].tolist() == [1, 1, 1]
    assert mask[0, :, 5, 5].tolist() == [0, 0, 0]
    inverted, rest = mask_file(square, Path("rest.tif"), rectangle="25%,20%,50%,60%", invert=True)
    assert rest == pytest.approx(1 - share, abs=0.02)
    assert load_image(inverted).pixels[0, 0, 30, 40] == 0


@pytest.mark.parametrize("invert", [False, True])
def test_a_soft_edge_that_leaves_nothing_of_the_mask(square: Path, invert: bool) -> None:
    with pytest.raises(UsageError, match="--feather 500 leaves nothing of the mask, which is smaller; use fewer pixels"):
        mask_file(square, Path("mask.png"), feather=500, invert=invert)
    assert not Path("mask.png").exists()


def test_outside_of_the_mask_the_photo_is_shown_dark(square: Path) -> None:
    mask_file(square, Path("mask.png"), show=Path("shown.png"))
    photo, shown = load_image(square).pixels, load_image("shown.png").pixels
    assert np.allclose(shown[..., 30, 40], photo[..., 30, 40], atol=0.01)
    assert shown[0, 1, 5, 5] < 0.5 * photo[0, 1, 5, 5]


def test_a_photo_is_not_replaced_by_its_mask(square: Path) -> None:
    before = square.read_bytes()
    for output, shown in ((square, None), (Path("mask.png"), square)):
        with pytest.raises(UsageError, match="also an input"):
            mask_file(square, output, show=shown)
    with pytest.raises(OutputError, match=r"allowed are \.png"):
        mask_file(square, Path("mask.jpg"))
    with pytest.raises(ImageError, match="no face is found"):
        mask_file(square, faces=True)
    assert square.read_bytes() == before
    assert [path.name for path in square.absolute().parent.glob("*.*")] == ["square.png"]
