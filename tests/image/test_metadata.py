"""Metadata and receipts of photos and paintings."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL.ExifTags import GPS, IFD, Base

from stylenet.errors import ImageError
from stylenet.image.files import load_image, save_image
from stylenet.image.metadata import Metadata, read_receipt
from stylenet.shapes import Image

RECEIPT = {"recipe": "standard", "seed": 7, "strength": 62.5, "styles": ["Große Welle"], "note": 'quotes " and \n lines'}


def random_image(seed: int, *, height: int = 13, width: int = 17, levels: int = 255) -> Image:
    return np.random.default_rng(seed).integers(0, levels + 1, (1, 3, height, width)).astype(np.float32) / np.float32(levels)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "b.tiff"])
def test_metadata_and_receipt_travel(tmp_path: Path, photo: PIL.Image.Image, name: str) -> None:
    metadata = Metadata(
        author="Jörg Müller", copyright="CC BY", date="2024:05:31 18:30:00", camera_make="Pentax", camera_model="K-1", dpi=(300.0, 300.0)
    )
    save_image(load_image(photo).pixels, tmp_path / name, metadata=metadata, receipt=RECEIPT)
    loaded = load_image(tmp_path / name).metadata
    dpi = loaded.dpi or (0.0, 0.0)
    assert read_receipt(tmp_path / name) == RECEIPT
    assert (loaded.author, loaded.copyright, loaded.date) == (metadata.author, metadata.copyright, metadata.date)
    assert (loaded.camera_make, loaded.camera_model) == ("Pentax", "K-1")
    if name != "a.webp":  # has no field for it beside EXIF's, which Pillow does not read there
        assert dpi == pytest.approx((300, 300), abs=0.1)


def test_the_user_comment_names_its_character_code(tmp_path: Path) -> None:
    save_image(random_image(0), tmp_path / "a.jpg", receipt={"seed": 1})
    with PIL.Image.open(tmp_path / "a.jpg") as saved:
        assert saved.getexif().get_ifd(IFD.Exif)[Base.UserComment] == b'ASCII\0\0\0stylenet:{"seed":1}'


def test_place_and_thumbnail_stay_behind(tmp_path: Path, photo: PIL.Image.Image) -> None:
    exif = PIL.Image.Exif()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (47.0, 22.0, 0.0)
    exif.get_ifd(IFD.Exif)[Base.BodySerialNumber] = "SECRET-1"
    exif[Base.Artist] = "A. Painter"
    photo.save(tmp_path / "in.jpg", exif=exif)
    picture = load_image(tmp_path / "in.jpg")
    save_image(picture.pixels, tmp_path / "out.jpg", metadata=picture.metadata)
    with PIL.Image.open(tmp_path / "out.jpg") as saved:
        assert not saved.getexif().get_ifd(IFD.GPSInfo)
        assert saved.getexif()[Base.Artist] == "A. Painter"
    assert b"SECRET" not in (tmp_path / "out.jpg").read_bytes()


def test_damaged_exif_does_not_cost_the_picture(photo: PIL.Image.Image) -> None:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(range(40)))
    assert load_image(buffer.getvalue()).metadata.author is None


def test_a_picture_without_receipt(tmp_path: Path, photo: PIL.Image.Image) -> None:
    exif = PIL.Image.Exif()
    exif.get_ifd(IFD.Exif)[Base.UserComment] = b"ASCII\0\0\0a day at the sea"
    photo.save(tmp_path / "a.jpg", exif=exif)
    assert read_receipt(tmp_path / "a.jpg") is None
    exif.get_ifd(IFD.Exif)[Base.UserComment] = b'ASCII\0\0\0stylenet:{"seed": '
    photo.save(tmp_path / "b.jpg", exif=exif)
    with pytest.raises(ImageError, match=r"cannot read the receipt of '.*b\.jpg': it is damaged"):
        read_receipt(tmp_path / "b.jpg")
