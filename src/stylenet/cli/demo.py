"""`stylenet demo`: photographs painted in built-in styles, and a sheet that shows them side by side."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stylenet.cli import options
from stylenet.errors import StyleError
from stylenet.extras import is_installed
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.outputs import make_folder

_PAIRS = {"astronaut": "starry-night", "coffee": "great-wave", "cat": "the-scream", "rocket": "edtaonisl"}
"""Photograph and style; where the library lacks one, another of it takes its place."""

_SCENE_PAIRS = {"face": "the-scream", "hills": "starry-night", "street": "great-wave"}
"""The same for computed scenes, where scikit-image's photographs are not installed."""


def register(app: typer.Typer) -> None:
    """Add the command of this module to the tree."""
    app.command()(demo)


def demo(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Output folder; created if it does not exist.")] = Path(
        "demo-output"
    ),
    recipe: options.RecipeName = None,
    size: Annotated[int, typer.Option("--size", "-s", min=32, max=4096, help="Long side in pixels.")] = 512,
    changes: options.Changes = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Paint sample pictures in built-in styles, to see what to expect of this machine."""
    from stylenet.catalog.styles import list_styles

    began = time.perf_counter()
    samples = _samples()
    pairs = choose_pairs([card.name for card in list_styles()], _PAIRS if "cat" in samples else _SCENE_PAIRS)
    make_folder(output)

    from stylenet.cli.painting import run_painting
    from stylenet.image.files import load_image, save_image
    from stylenet.image.sheet import contact_sheet

    photos, paintings, painting_seconds = [], [], 0.0
    for number, (name, style) in enumerate(pairs.items(), start=1):
        if not quiet:
            print(f"{number} of {len(pairs)}: {name} as {style}", flush=True)
        photo = output / f"{name}.png"
        pixels = load_image(samples[name]()).pixels
        save_image(pixels, photo)
        request = PaintFileRequest.of(
            {
                "photo": str(photo),
                "styles": (style,),
                "output": str(output / f"{name}-{style}.png"),
                "recipe": recipe,
                "changes": options.parse_changes(changes),
                "size": size,
                "seed": seed,
                "threads": threads,
            }
        )
        done = run_painting(request, quiet=quiet)
        if done is None:
            raise TypeError("a painting ends with Done")
        photos.append((name, pixels))
        paintings.append((f"{style}, {done.seconds:.1f} s", done.image))
        painting_seconds += done.seconds
    sheet = save_image(contact_sheet([*photos, *paintings], columns=len(pairs)), output / "sheet.png")
    if not quiet:
        print(f"\n{len(pairs)} pictures painted in {painting_seconds:.0f} s ({time.perf_counter() - began:.0f} s in all)")
        print(f"they lie in {output.resolve()}; side by side: {sheet}")


def choose_pairs(styles: Sequence[str], pairs: Mapping[str, str] = _PAIRS) -> Mapping[str, str]:
    """A style for each photograph: its own, or one that no other photograph has, or any.

    Raises:
        StyleError: There are no styles at all.
    """
    if not styles:
        raise StyleError("the library has no styles; install stylenet again, or make one with: stylenet styles add PICTURE")
    others = [style for style in styles if style not in pairs.values()] or list(styles)
    lacking = [photo for photo, style in pairs.items() if style not in styles]
    return {**pairs, **{photo: others[index % len(others)] for index, photo in enumerate(lacking)}}


def _samples() -> Mapping[str, Callable[[], Any]]:
    """Functions that give arrays: scikit-image's sample photographs, or scenes that are computed where it is not installed."""
    if not is_installed("skimage"):
        from stylenet.cli.scenes import SCENES

        return SCENES
    data = importlib.import_module("skimage.data")
    return {name: getattr(data, name) for name in _PAIRS}
