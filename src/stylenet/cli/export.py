"""`stylenet export`: a network as a file that paints without StyleNet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.extras import require
from stylenet.workflows.outputs import keep_apart


def export(
    network: Annotated[
        str,
        typer.Argument(
            metavar="NETWORK", help="instant, the name of an included network, or a file written by 'train'.", show_default=False
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Output file; ends in .onnx.", show_default=False)],
    *,
    style: Annotated[
        str | None,
        typer.Option("--style", metavar="NAME|PICTURE", help="For 'instant': store this style in the file."),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a network as an ONNX file that paints with onnxruntime alone, also in a browser."""
    keep_apart([("FILE", output)], [network, style])

    for module in ("torch", "onnx"):
        require(module, "exporting a network")
    from stylenet.workflows.exporting import COMPARED_SIZES, export_network

    exported = export_network(network, output, style=style)
    if not quiet:
        size = f"{exported.path.stat().st_size / 1e6:.1f} MB"
        print(f"{exported.path}  ({size}); inputs: {', '.join(exported.inputs)}; output: painting")
        print(f"compared with the network at {len(COMPARED_SIZES)} sizes: no pixel differs by more than {exported.difference:.1g}")
