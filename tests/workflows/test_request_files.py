"""Files of a request, on a machine that does not have them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.catalog.styles import added_styles_folder, style_files
from stylenet.requests.batch import BatchRequest
from stylenet.requests.video import VideoRequest
from stylenet.workflows.request_files import read_named_files, with_local_files
from tests.workflows.batches import pictures, request_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with files for every option."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    pictures(home / "paintings", 2)
    (home / "paintings" / "notes.txt").write_text("no picture")
    for name in ("style.png", "palette.png"):
        PIL.Image.fromarray(np.random.default_rng(len(name)).integers(0, 255, (32, 40, 3), dtype=np.uint8)).save(home / name)
    for name in ("recipe.toml", "weights.pth", "mask.png", "both.safetensors"):
        (home / name).write_bytes(name.encode())
    return home


def everything(**values: Any) -> BatchRequest:
    styles = ("style.png", "paintings", "starry-night", "both.safetensors:one")
    return request_of(Path(), styles=styles, recipe="recipe.toml", encoder="weights.pth", palette="palette.png", **values)


def test_files_are_read_and_names_are_not(home: Path) -> None:
    named = read_named_files(everything())
    assert set(named.files) == {"style.png", "paintings", "both.safetensors:one", "recipe.toml", "weights.pth", "palette.png"}
    folder = named.files["paintings"]
    assert (folder.is_folder, set(folder.data)) == (True, {"0.png", "1.png"})
    assert folder.path == home / "paintings"
    weights = named.files["weights.pth"]
    assert weights.data == {"weights.pth": b"weights.pth"}
    assert weights.hashes == {"weights.pth": hashlib.sha256(b"weights.pth").hexdigest()}
    included = read_named_files(request_of(home, palette="#ff0000", encoder="compact"))
    assert included.files == {}


def test_a_style_of_the_library_is_a_file_and_a_built_in_one_is_not(home: Path) -> None:
    library = added_styles_folder()
    library.mkdir(parents=True)
    for name in ("mine", "great-wave"):
        (library / f"{name}.safetensors").write_bytes(style_files()["starry-night"].read_bytes())
    named = read_named_files(request_of(home, styles=("mine", "great-wave")))
    assert {word: file.path for word, file in named.files.items()} == {"mine": library / "mine.safetensors"}


def test_files_that_are_here_are_used_where_they_are(home: Path, tmp_path: Path) -> None:
    request = everything()
    local = with_local_files(request, read_named_files(request), tmp_path / "copies")
    assert local.styles == (str(home / "style.png"), str(home / "paintings"), "starry-night", f"{home / 'both.safetensors'}:one")
    assert (local.recipe, local.encoder, local.palette) == tuple(str(home / name) for name in ("recipe.toml", "weights.pth", "palette.png"))
    assert (local.photos, local.output, local.strength) == (request.photos, request.output, request.strength)
    assert not (tmp_path / "copies").exists()


def test_files_that_are_missing_or_others_are_copied(home: Path, tmp_path: Path) -> None:
    request = everything()
    named = read_named_files(request)
    for name in ("style.png", "both.safetensors"):
        (home / name).unlink()
    (home / "weights.pth").write_bytes(b"of another machine")
    (home / "paintings" / "1.png").write_bytes(b"of another machine")
    local = with_local_files(request, named, tmp_path / "copies")
    style, folder, _, one = local.styles
    assert one.endswith("both.safetensors:one")
    for word, copy in (("style.png", style), ("weights.pth", local.encoder), ("both.safetensors:one", one.removesuffix(":one"))):
        assert copy is not None
        assert Path(copy).is_relative_to(tmp_path / "copies")
        assert Path(copy).read_bytes() == named.files[word].data[Path(copy).name]
    assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == named.files["paintings"].data
    assert local.palette == str(home / "palette.png")


def test_masks_of_a_clip(home: Path, tmp_path: Path) -> None:
    values = {"clip": "clip.mkv", "styles": ("starry-night",), "output": "out.mkv", "recipe": "instant"}
    request = VideoRequest.of({**values, "masks": ("invert:mask.png=style.png", "paintings=photo")})
    named = read_named_files(request)
    assert set(named.files) == {str(home / "mask.png"), "style.png", str(home / "paintings")}
    assert with_local_files(request, named, tmp_path).masks == (
        f"invert:{home / 'mask.png'}={home / 'style.png'}",
        f"{home / 'paintings'}=photo",
    )
    (home / "mask.png").unlink()
    inverted, _ = with_local_files(request, named, tmp_path / "copies").masks
    mask = Path(inverted.removeprefix("invert:").removesuffix(f"={home / 'style.png'}"))
    assert mask.is_relative_to(tmp_path / "copies")
    assert mask.read_bytes() == b"mask.png"
