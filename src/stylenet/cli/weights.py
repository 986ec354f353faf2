"""`stylenet weights`: network weights on this machine, and those that can be downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.cli.completion import complete_weights
from stylenet.cli.trees import Commands
from stylenet.errors import UsageError
from stylenet.extras import require
from stylenet.workflows.outputs import keep_apart

_KIND = Annotated[
    str | None,
    typer.Option("--kind", metavar="KIND", help="Kind of weights, if it is not recognized: torchvision, caffe, caffe-rgb, keras, ..."),
]


app = Commands(help="List, download, import and verify network weights.", no_args_is_help=True)


@app.command("ls")
def list_all(json: options.JsonList = False) -> None:
    """List included and installed weights, and those that can be downloaded by name."""
    from stylenet.cli.tables import print_table
    from stylenet.weights.library import list_weights

    lines = list_weights()
    if json:
        import msgspec

        rows = [{**vars(line), "path": None if line.path is None else str(line.path)} for line in lines]
        print(msgspec.json.encode(rows).decode())
        return
    print_table((line.name, line.state, _megabytes(line.size_bytes), line.summary, line.licence or "") for line in lines)


@app.command("get")
def get(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of the weights; see 'weights ls'.", autocompletion=complete_weights, show_default=False),
    ],
    keep_download: Annotated[bool, typer.Option("--keep-download", help="Also keep the published file.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Download published weights. Interrupted downloads are resumed, and the checksum is verified before opening the file."""
    from stylenet.catalog.weights import PACKAGED
    from stylenet.cli.downloads import Download
    from stylenet.weights.library import get_weights

    if name not in PACKAGED:
        for module in ("httpx", "torch"):
            require(module, "downloading weights")
    with Download(quiet=quiet) as download:
        path = get_weights(name, on_progress=download.show, keep_download=keep_download)
    if not quiet:
        if name in PACKAGED:
            print(f"'{name}' is already installed: it is included in {PACKAGED[name].distribution}, so there is nothing to download")
        print(f"{path}  ({_megabytes(path.stat().st_size)}); use it: stylenet stylize PHOTO PAINTING --encoder {name}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="safetensors, .pth, .mat, .h5, .npy or .npz.", show_default=False)],
    *,
    name: Annotated[str | None, typer.Option("--name", help="Name of the weights; default: their kind.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of installing.")] = None,
    kind: _KIND = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace installed weights of this name.")] = False,
) -> None:
    """Convert a weights file of any common format. Code in the file is never run."""
    from stylenet.weights.cache import weights_folder
    from stylenet.weights.library import import_weights

    if name is not None and output is not None:
        raise UsageError("--name and --output cannot be combined; choose one")
    # Otherwise importing an installed file would overwrite it while it is read.
    option, target = ("--name", weights_folder() / f"{name or file.stem}.safetensors") if output is None else ("--output", output)
    keep_apart([(option, target)], [file])
    require("torch", "importing weights")
    path = import_weights(file, name=name, output=output, kind=kind, replace=replace)
    use = path if output else path.stem
    print(f"{path}  ({_megabytes(path.stat().st_size)}); use it: stylenet stylize PHOTO PAINTING --encoder {use}")


@app.command("verify")
def verify(
    weights: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            autocompletion=complete_weights,
            help="Weights that 'ls' shows as bundled, packaged or installed, or a weights file.",
            show_default=False,
        ),
    ],
    original: Annotated[
        Path | None, typer.Option("--original", metavar="FILE", help="The original file; every value is compared with it.")
    ] = None,
    kind: _KIND = None,
) -> None:
    """Verify weights: their shapes, their values, and the response of the layers to a probe image."""
    from stylenet.weights.library import find_weights

    if kind is not None and original is None:
        raise UsageError("--kind requires --original FILE")
    require("torch", "verifying weights")
    from stylenet.weights.probe import verify as run_verification

    result = run_verification(find_weights(weights), original=original, kind=kind)
    for sentence in result.proven:
        print(f"proven: {sentence}")
    for sentence in result.open:
        print(f"open:   {sentence}")


@app.command("rm")
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Downloaded or imported weights.", show_default=False)],
) -> None:
    """Delete downloaded or imported weights. Those included in StyleNet or another package cannot be deleted."""
    from stylenet.weights.library import remove_weights

    for path in remove_weights(names):
        print(f"deleted {path}")


def _megabytes(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"
