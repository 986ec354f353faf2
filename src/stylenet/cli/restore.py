"""`stylenet enlarge` and `stylenet colorize`: what networks do that give photos back what they have lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.cli.places import keep_apart, place
from stylenet.errors import UsageError
from stylenet.image.output import check_output

if TYPE_CHECKING:
    from stylenet.image.files import Picture
    from stylenet.stylizers.stylize import Painting

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", help="Any picture file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(enlarge)
    app.command()(colorize)


def enlarge(
    photo: Photo,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="A file of 'train --task super-resolution'.", show_default=False)],
    *,
    output: options.Output = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Enlarge a photo to four times its width and height, with a network that was trained for it."""

    def run(picture: Picture, device: str, precision: str) -> Painting:
        from stylenet.stylizers.restoring import enlarge

        return enlarge(picture, network, device=device, precision=precision)

    _run(run, [photo, network], output, machine=(device, precision, threads), made="enlarged", factor=4, quiet=quiet)


def colorize(
    photo: Photo,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="A file of 'train --task colorization'.", show_default=False)],
    *,
    output: options.Output = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Give a gray photo colors, with a network that was trained for it; lightness stays as it is."""

    def run(picture: Picture, device: str, precision: str) -> Painting:
        from stylenet.stylizers.restoring import colorize

        return colorize(picture, network, device=device, precision=precision)

    _run(run, [photo, network], output, machine=(device, precision, threads), made="colored", quiet=quiet)


def _run(
    run: Callable[[Picture, str, str], Painting],
    inputs: list[Path],
    output: Path | None,
    *,
    machine: tuple[str | None, str | None, int | None],
    made: str,
    factor: int = 1,
    quiet: bool,
) -> None:
    device, precision, threads = machine
    if threads is not None and threads < 1:
        raise UsageError(f"--threads is {threads}; allowed are whole numbers from 1")
    with place(output, f"{inputs[0].stem}-{made}") as output:
        check_output(output)
        keep_apart([("--output", output)], inputs)

        import torch

        from stylenet.image.files import load_image

        if threads is not None:
            torch.set_num_threads(threads)
        picture = load_image(inputs[0])
        # Said now, and not when the work is done: not every format holds as many pixels.
        check_output(output, size=(factor * picture.width, factor * picture.height))
        painting = run(picture, device or "auto", precision or "auto")
        painting.save(output)
        if not quiet:
            for notice in painting.photo.notices:
                print(f"note: {notice}")
            size = f"{painting.pixels.shape[3]} x {painting.pixels.shape[2]}"
            print(f"{output}  ({size} pixels, {made} in {painting.done.seconds:.1f} s)")
