"""Adding styles to the library and removing them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from stylenet.catalog.styles import MEASURED_WITH, StyleCard, added_styles, added_styles_folder, built_in_styles
from stylenet.errors import OutputError, StyleError, UsageError
from stylenet.extras import require
from stylenet.image.files import ImageSource, load_image
from stylenet.image.output import check_output
from stylenet.image.resize import fit_within, resize
from stylenet.storage.atomic import delete_by_name

_SUFFIX = ".safetensors"
_RESERVED = ("photo",)
"""Names that have another meaning on the command line: `--mask FILE=photo` keeps the photo."""

_LARGEST_PX = 4096  # the limit of `styles.style.ladder_sizes`


def name_from(picture: Path) -> str:
    """A style name derived from a file name: lower-case letters, digits and single hyphens; "style" if nothing remains."""
    return re.sub(r"[^a-z0-9]+", "-", picture.stem.lower()).strip("-") or "style"


def add_style(
    picture: ImageSource,
    card: StyleCard,
    *,
    output: Path | None = None,
    replace: bool = False,
    notify: Callable[[str], object] = lambda notice: None,
) -> Path:
    """Make a style file from a painting; returns its path.

    Args:
        picture: The painting.
        card: Metadata such as name, title and artist; measured values are filled in.
        output: File to write instead of adding the style to the library.
        replace: Whether to replace an added style of this name.
        notify: Called with each notice about the painting.

    Raises:
        ImageError: The painting cannot be read.
        StyleError: The name is taken or not allowed, or the painting is too small.
        WeightsError: VGG-19 is not installed.
        OutputError: The file cannot be written.
        UsageError: torch is not installed.
    """
    torch = require("torch", "measuring a style")
    from stylenet.catalog.recipe import EncoderSection
    from stylenet.encoders.opening import open_encoder
    from stylenet.styles.files import write_style
    from stylenet.styles.measuring import measure_style

    target = _target(card, output, replace=replace)
    loaded = load_image(picture)
    for notice in loaded.notices:
        notify(notice)
    pixels = resize(loaded.pixels, fit_within(loaded.width, loaded.height, _LARGEST_PX))
    encoder = open_encoder(EncoderSection(name=MEASURED_WITH), device=torch.device("cpu"), dtype=torch.float32)
    style = measure_style(pixels, encoder.exact, card)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot create the folder of styles '{target.parent}': {error.strerror}; set STYLENET_STYLES to another one"
        ) from error
    write_style(style, target)
    return target


def remove_styles(names: Sequence[str]) -> list[Path]:
    """Delete added styles from the library, all or none; returns the deleted files.

    Raises:
        StyleError: A style is built in, or was not added to the library.
        OutputError: A file cannot be deleted.
    """
    added = added_styles()
    for name in names:
        if name not in added and name in built_in_styles():
            raise StyleError(f"'{name}' is a built-in style; only added styles can be deleted")
    return delete_by_name(names, added, missing="no style '{}' was added to the library", error=StyleError)


def _target(card: StyleCard, output: Path | None, *, replace: bool) -> Path:
    if output is None:
        if card.name in built_in_styles():
            raise StyleError(f"'{card.name}' is a built-in style; give another --name")
        if card.name in _RESERVED or re.fullmatch(r"[0-9]+", card.name):
            reason = "means the photo in --mask FILE=photo" if card.name in _RESERVED else "would be read as a share of --blend"
            raise StyleError(f"a style cannot be called '{card.name}', which {reason}; give another --name")
        target = added_styles_folder() / f"{card.name}{_SUFFIX}"
        if target.exists() and not replace:
            raise StyleError(f"a style '{card.name}' was added before; give another --name, or --replace")
        return target
    if replace:
        raise UsageError("--replace is for the library, and --output writes a file; omit one of them")
    return check_output(output, formats={_SUFFIX: "style file"})
