"""Styles, read from the headers of their files without loading tensors or torch."""

from __future__ import annotations

import os
import shlex
from importlib import resources
from pathlib import Path

import msgspec
import platformdirs

from stylenet.catalog.networks import is_network
from stylenet.errors import StyleError, did_you_mean
from stylenet.storage.headers import read_metadata

KEY = "stylenet_style"
"""Key of the card in the file header."""

FORMAT = 2
"""Format of the style files that this version writes and reads. Format 1 had statistics of an encoder that no longer exists."""

MEASURED_WITH = "vgg19"
"""The network whose statistics they contain: VGG-19 as trained with Caffe."""


class StyleCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The metadata of a style.

    Attributes:
        name: Name on the command line, in kebab case.
        colors: The painting's palette as ("#rrggbb", share), the largest share first.
        mean_color: "#rrggbb".
        sizes_px: Square roots of the areas at which the statistics were measured.
        format: Format of the file.
        measured_with: The network whose statistics the file contains.
        width: Width of the image of the painting in pixels.
        height: Height of the image of the painting in pixels.
    """

    name: str
    title: str = ""
    artist: str = ""
    year: str = ""
    licence: str = ""
    colors: tuple[tuple[str, float], ...] = ()
    mean_color: str = "#808080"
    sizes_px: tuple[int, ...] = ()
    format: int = FORMAT
    measured_with: str = MEASURED_WITH
    width: int = 0
    height: int = 0

    @property
    def label(self) -> str:
        """The title, or the name if there is none."""
        return self.title or self.name


class _Version(msgspec.Struct, frozen=True):
    """The version of a card, read first because cards of other formats have other fields."""

    format: int = 1
    measured_with: str = ""


def list_styles() -> tuple[StyleCard, ...]:
    """Cards of all styles that can be used by name, built-in and added, sorted by name.

    Files in the library that cannot be read are omitted; `unusable_styles` gives the reasons.
    """
    return tuple(card for card in _cards().values() if isinstance(card, StyleCard))


def unusable_styles() -> dict[str, str]:
    """The reasons why files in the library cannot be used, by name."""
    hidden = {
        name: f"style file '{path}' is not used: a built-in style has this name; add it under another name"
        for name, path in added_styles().items()
        if name in built_in_styles()
    }
    return hidden | {name: str(error) for name, error in _cards().items() if isinstance(error, StyleError)}


def _cards() -> dict[str, StyleCard | StyleError]:
    cards: dict[str, StyleCard | StyleError] = {}
    for name, path in sorted(style_files().items()):
        try:
            cards[name] = read_card(path)
        except StyleError as error:
            cards[name] = error
    return cards


def style_files() -> dict[str, Path]:
    """Style files by name; built-in styles take precedence over the library."""
    return {**_files_in(added_styles_folder()), **built_in_styles()}


def built_in_styles() -> dict[str, Path]:
    """The files of the built-in styles, by name."""
    return _files_in(Path(str(resources.files("stylenet.catalog") / "styles")))


def added_styles() -> dict[str, Path]:
    """The files in the library of added styles, by name."""
    return _files_in(added_styles_folder())


def _files_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))} if folder.is_dir() else {}


def added_styles_folder() -> Path:
    """The folder of added styles: `STYLENET_STYLES`, or the platform's user data directory."""
    chosen = os.environ.get("STYLENET_STYLES")
    return Path(chosen) if chosen else platformdirs.user_data_path("stylenet") / "styles"


def find_style(name: str) -> Path:
    """The file of a style by name.

    Raises:
        StyleError: no style has this name.
    """
    files = style_files()
    if name not in files:
        if os.path.isfile(name):
            raise StyleError(f"'{name}' is not a style file; make one with `stylenet styles add {shlex.quote(name)}`")
        raise StyleError(
            f"'{name}' is neither a file nor one of the {len(files)} styles; `stylenet styles ls` lists them{did_you_mean(name, files)}"
        )
    return files[name]


def read_card(path: Path) -> StyleCard:
    """The card of a style file.

    Raises:
        StyleError: the file cannot be read, is not a style file, or is one of another version of StyleNet.
    """
    try:
        text = read_metadata(path)[KEY]
        version = msgspec.json.decode(text, type=_Version)
        if (version.format, version.measured_with) == (FORMAT, MEASURED_WITH):
            return msgspec.json.decode(text, type=StyleCard)
    except FileNotFoundError:
        raise StyleError(f"no style file '{path}'") from None
    except OSError as error:
        raise StyleError(f"style file '{path}' cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, msgspec.MsgspecError):
        if is_network(path):
            raise StyleError(
                f"'{path}' is a network, not a style file; use it with --recipe trained, or give the painting or a style here"
            ) from None
        raise StyleError(f"'{path}' is not a style file; make one with `stylenet styles add PICTURE`") from None
    if version.format < FORMAT:
        raise StyleError(
            f"style file '{path}' was made by an older StyleNet, with statistics of an encoder that no longer exists; recreate it from the "
            "painting: `stylenet styles add PICTURE`, with --replace if it was added to the library"
        )
    raise StyleError(
        f"style file '{path}' was made by a newer StyleNet: it has format {version.format} with statistics of "
        f"'{version.measured_with}', and this version reads format {FORMAT} with those of '{MEASURED_WITH}'; update stylenet, or recreate "
        "it with `stylenet styles add PICTURE`"
    )
