"""`stylenet weights`: the networks' weights on this machine, and those that can be fetched."""

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


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    group = Commands(help="Networks' weights: list, fetch, import and prove them.", no_args_is_help=True)
    group.command("ls")(list_all)
    group.command("get")(get)
    group.command("import")(import_file)
    group.command("verify")(verify)
    group.command("rm")(remove)
    app.add_typer(group, name="weights")


def list_all(json: options.JsonList = False) -> None:
    """List what ships, what comes with other packages, what is installed, and what can be fetched by name."""
    from stylenet.cli.tables import print_table
    from stylenet.weights.library import list_weights

    lines = list_weights()
    if json:
        import msgspec

        rows = [{**vars(line), "path": None if line.path is None else str(line.path)} for line in lines]
        print(msgspec.json.encode(rows).decode())
        return
    print_table((line.name, line.state, _megabytes(line.size_bytes), line.summary, line.licence or "") for line in lines)


def get(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Which weights; see 'weights ls'.", autocompletion=complete_weights, show_default=False),
    ],
    keep_download: Annotated[
        bool, typer.Option("--keep-download", metavar="", help="Keep the published file beside the converted one.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch published weights: resumed where they were interrupted, checked before they are opened."""
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
            print(f"'{name}' is already here: it comes with {PACKAGED[name].distribution}, and nothing needs to be fetched")
        print(f"{path}  ({_megabytes(path.stat().st_size)}); use it: stylenet stylize PHOTO PAINTING --encoder {name}")


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="safetensors, .pth, .mat, .h5, .npy or .npz.", show_default=False)],
    *,
    name: Annotated[str | None, typer.Option("--name", help="Name of the weights; default: their kind.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of installing.")] = None,
    kind: _KIND = None,
    replace: Annotated[
        bool, typer.Option("--replace", metavar="", help="Replace weights of this name that are installed already.")
    ] = False,
) -> None:
    """Convert a weights file of any usual format. Nothing in it is run."""
    from stylenet.weights.cache import weights_folder
    from stylenet.weights.library import import_weights

    if name is not None and output is not None:
        raise UsageError("--name and --output cannot be combined; choose one")
    # Installed weights that are imported again would be written over themselves.
    option, target = ("--name", weights_folder() / f"{name or file.stem}.safetensors") if output is None else ("--output", output)
    keep_apart([(option, target)], [file])
    require("torch", "importing weights")
    path = import_weights(file, name=name, output=output, kind=kind, replace=replace)
    use = path if output else path.stem
    print(f"{path}  ({_megabytes(path.stat().st_size)}); use it: stylenet stylize PHOTO PAINTING --encoder {use}")


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
        Path | None, typer.Option("--original", metavar="FILE", help="The original file, to be compared value by value.")
    ] = None,
    kind: _KIND = None,
) -> None:
    """Prove that weights are what they say: shapes, values, and what their layers answer to a probe picture."""
    from stylenet.weights.library import find_weights

    if kind is not None and original is None:
        raise UsageError("--kind requires --original FILE")
    require("torch", "verifying weights")
    from stylenet.weights.probe import verify as prove

    result = prove(find_weights(weights), original=original, kind=kind)
    for sentence in result.proven:
        print(f"proven: {sentence}")
    for sentence in result.open:
        print(f"open:   {sentence}")


def remove(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Fetched or imported weights.", show_default=False)]) -> None:
    """Delete weights that were fetched or imported. Those that ship, or come with another package, stay."""
    from stylenet.weights.library import remove_weights

    for path in remove_weights(names):
        print(f"{path} is deleted")


def _megabytes(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"
