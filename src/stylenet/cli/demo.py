"""`stylenet demo`: sample photos painted in built-in styles, and a sheet that shows them side by side."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.cli.fields import parse_changes
from stylenet.errors import counted
from stylenet.painting.defaults import default_recipe
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.outputs import make_folder
from stylenet.workflows.samples import choose_pairs, sample_photos


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
    """Paint sample photos in built-in styles, and report how long this machine takes."""
    from stylenet.catalog.styles import list_styles

    start = time.perf_counter()
    samples = sample_photos()
    pairs = choose_pairs([card.name for card in list_styles()], list(samples))
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
                "recipe": recipe if number == 1 else recipe or default_recipe([style]),  # so that a notice is shown only once
                "changes": parse_changes(changes),
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
        print(f"\n{counted(len(pairs), 'picture')} painted in {painting_seconds:.0f} s ({time.perf_counter() - start:.0f} s in all)")
        print(f"saved in {output.resolve()}; side by side: {sheet}")
