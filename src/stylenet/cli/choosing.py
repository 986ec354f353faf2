"""`stylenet sheet` and `stylenet sequence`: several paintings of one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.catalog.networks import usual_recipe
from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.places import keep_apart, make_folder, place
from stylenet.errors import UsageError
from stylenet.image.output import check_output

_ANIMATIONS = (".gif", ".webp", ".apng", ".mp4")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(sheet)
    app.command()(sequence)


def sheet(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The picture to paint.", show_default=False)],
    style: Annotated[
        str, typer.Argument(metavar="STYLE", help="A style's name, a painting, a style file, or a folder.", show_default=False)
    ],
    *,
    output: options.Output = None,
    strengths: Annotated[str, typer.Option("--strengths", metavar="NUMBER...", help="Strengths to show.")] = "30 50 70",
    style_scales: Annotated[str, typer.Option("--style-scales", metavar="NUMBER...", help="Sizes of strokes to show.")] = "0.5 1 2",
    colors: Annotated[
        str, typer.Option("--colors", metavar="WAY...", help="painting, and ways of --keep-colors to show.")
    ] = "painting luminance",
    size: Annotated[int, typer.Option("--size", "-s", min=64, max=1024, help="Long side of each picture in pixels.")] = 256,
    recipe: options.RecipeName = None,
    quiet: options.Quiet = False,
) -> None:
    """Show what strength, stroke size and colors do to a photo: small paintings on one sheet, each with its options."""
    options.check_photo(str(photo), [style])
    rows, columns, ways = _numbers(strengths, "--strengths"), _numbers(style_scales, "--style-scales"), colors.replace(",", " ").split()
    with place(output, f"{photo.stem}-{Path(style).stem}-sheet") as output:
        check_output(output)
        keep_apart([("--output", output)], [photo, style, options.recipe_file(recipe)])

        from stylenet.image.files import save_image
        from stylenet.image.sheet import contact_sheet
        from stylenet.stylizers.choosing import cells
        from stylenet.stylizers.stylizer import open_stylizer

        painted = []
        for cell in cells(
            photo,
            style,
            strengths=rows,
            style_scales=columns,
            colors=ways,
            size_px=size,
            stylizer=open_stylizer(recipe or _quick_recipe(style)),
        ):
            painted.append((cell.words, cell.image.cpu()))
            if not quiet:
                print(f"{len(painted)} of {len(rows) * len(columns) * len(ways)}: {cell.words}", flush=True)
        save_image(contact_sheet(painted, columns=len(columns) * len(ways), cell_px=size), output)
        if not quiet:
            print(output)


def sequence(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The picture to paint.", show_default=False)],
    styles: options.Styles,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE|FOLDER", help="A .gif, .webp, .apng or .mp4, or a folder for the frames.")
    ],
    frames: Annotated[int, typer.Option("--frames", "-n", min=2, max=1000, help="Pictures, the first and the last style's included.")] = 9,
    recipe: options.RecipeName = None,
    size: options.Size = None,
    strength: options.Strength = None,
    style_scale: options.StyleScale = None,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Paint a photo in styles that turn into one another: as an animation, or as a folder of pictures."""
    named = list(styles or [])
    if len(named) < 2:
        raise UsageError("a sequence goes from one style to another: name at least two")
    options.check_photo(str(photo), named)
    is_clip = output.suffix.lower() in _ANIMATIONS
    written = [output] if is_clip else [_frame(output, number) for number in range(1, frames + 1)]
    keep_apart([("--output", path) for path in written], [photo, *named, options.recipe_file(recipe)])
    _check_target(output, is_clip=is_clip)

    from stylenet.image.files import load_image
    from stylenet.image.resize import fit_within, resize
    from stylenet.image.timelapse import save_timelapse
    from stylenet.stylizers.plan import Options
    from stylenet.stylizers.sequence import sequence as painted_sequence
    from stylenet.stylizers.stylize import Painting
    from stylenet.stylizers.stylizer import open_stylizer
    from stylenet.video.writing import CLIP_SUFFIXES, save_clip

    wishes = {"size": size, "strength": strength, "style_scale": style_scale, "seed": seed}
    chosen = Options(**{name: value for name, value in wishes.items() if value is not None})  # type: ignore[arg-type]
    picture, stop, pictures = load_image(photo), Stop(), []
    with signals_call(stop.handle):
        for done in painted_sequence(
            open_stylizer(recipe or usual_recipe(named)), picture, named, frames, options=chosen, should_stop=stop
        ):
            if done.reason == "interrupted":
                break
            pictures.append(done.image.cpu())
            if not is_clip:
                Painting(pixels=pictures[-1], photo=picture, done=done).save(_frame(output, len(pictures)))
            if not quiet:
                print(f"{len(pictures)} of {frames}, {done.seconds:.1f} s", flush=True)
    if is_clip and pictures:
        height, width = pictures[-1].shape[2:]
        limit = max(height, width) if output.suffix.lower() in CLIP_SUFFIXES else 640  # loops of larger pictures are no small files
        small = [resize(image, fit_within(int(width), int(height), limit)) for image in pictures]
        save_clip(small, output) if output.suffix.lower() in CLIP_SUFFIXES else save_timelapse(small, output)
    if not quiet:
        print(output)
    if len(pictures) < frames:
        raise typer.Exit(INTERRUPTED)


def _quick_recipe(style: str) -> str:
    """The recipe of a sheet where a person names none."""
    usual = usual_recipe([style])
    return "draft" if usual == "standard" else usual


def _frame(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.png"


def _check_target(output: Path, *, is_clip: bool) -> None:
    from stylenet.image.timelapse import check_timelapse
    from stylenet.video.writing import CLIP_SUFFIXES, check_clip

    if not is_clip:
        if output.suffix or output.is_file():
            raise UsageError(f"'{output}' is neither an animation ({', '.join(_ANIMATIONS)}) nor a folder")
        make_folder(output)
    elif output.suffix.lower() in CLIP_SUFFIXES:
        check_clip(output)
    else:
        check_timelapse(output)


def _numbers(text: str, name: str) -> list[float]:
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise UsageError(f"{name} is '{text}'; write numbers, like 30 50 70") from None
