"""A painting becomes a style of the library, or a style file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stylenet.catalog.styles import MEASURED_WITH, StyleCard, added_styles, added_styles_folder, built_in_styles
from stylenet.errors import OutputError, StyleError
from stylenet.extras import require
from stylenet.image.files import ImageSource, load_image
from stylenet.image.resize import fit_within, resize
from stylenet.storage.atomic import delete_by_name

_SUFFIX = ".safetensors"
_RESERVED = ("photo",)
"""Names that mean something else on the command line: `--mask FILE=photo` keeps the photo."""

_LARGEST_PX = 4096  # `styles.style.ladder_sizes` looks at no more


def name_from(picture: Path) -> str:
    """A style's name made from a file's: small letters, digits and single hyphens; "style" where nothing of it is left."""
    return re.sub(r"[^a-z0-9]+", "-", picture.stem.lower()).strip("-") or "style"


def add_style(picture: ImageSource, card: StyleCard, *, output: Path | None = None, replace: bool = False) -> Path:
    """The style file made of a painting.

    Args:
        picture: The painting.
        card: Name, title, artist and so on; what can be measured is filled in.
        output: A file to write in place of the library.
        replace: Whether a style of this name that was added before may be replaced; a built-in one never is.

    Raises:
        ImageError: The painting cannot be read.
        StyleError: The name is taken or cannot be one, or the painting is too small.
        WeightsError: VGG-19, which measures styles, is not installed.
        OutputError: The file cannot be written.
        UsageError: torch, which measures, is not installed.
    """
    torch = require("torch", "measuring a style")
    from stylenet.catalog.recipe import EncoderSection
    from stylenet.encoders.opening import open_encoder
    from stylenet.styles.files import write_style
    from stylenet.styles.measuring import measure_style

    target = _target(card, output, replace=replace)
    pixels = load_image(picture).pixels
    pixels = resize(pixels, fit_within(int(pixels.shape[3]), int(pixels.shape[2]), _LARGEST_PX))
    encoder = open_encoder(EncoderSection(name=MEASURED_WITH), device=torch.device("cpu"), dtype=torch.float32)
    style = measure_style(pixels, encoder.exact, card)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder of styles '{target.parent}': {error.strerror}; set STYLENET_STYLES to another one"
        ) from error
    write_style(style, target)
    return target


def remove_styles(names: Sequence[str]) -> list[Path]:
    """Delete added styles from the library, all or none; the files that are gone.

    Raises:
        StyleError: One of them is built in, or none was added under this name.
        OutputError: A file cannot be deleted.
    """
    added = added_styles()
    for name in names:
        if name not in added and name in built_in_styles():
            raise StyleError(f"'{name}' is a built-in style and stays; only added styles can be deleted")
    return delete_by_name(names, added, missing="no style '{}' was added to the library", error=StyleError)


def _target(card: StyleCard, output: Path | None, *, replace: bool) -> Path:
    if output is None:
        if card.name in built_in_styles():
            raise StyleError(f"'{card.name}' is a built-in style, which stays; give another --name")
        if card.name in _RESERVED or re.fullmatch(r"[0-9]+", card.name):
            reason = "means the photo in --mask FILE=photo" if card.name in _RESERVED else "reads as a number, like the shares of --blend"
            raise StyleError(f"a style cannot be called '{card.name}', which {reason}; give another --name")
        target = added_styles_folder() / f"{card.name}{_SUFFIX}"
        if target.exists() and not replace:
            raise StyleError(f"a style '{card.name}' was added before; give another --name, or --replace")
        return target
    if output.suffix != _SUFFIX:
        raise OutputError(f"cannot write '{output}': style files end in {_SUFFIX}")
    if output.is_dir() or not output.parent.is_dir():
        raise OutputError(f"cannot write '{output}': {'it is a folder' if output.is_dir() else f'there is no folder {output.parent}'}")
    return output
