"""Write the built-in graphs without weights: those of the slim network of the standard record, and that of the encoder `compact`.

    python tools/graphs/build.py [FOLDER]

`weights.json` lists the weights of each graph and their shapes, in the order in which the page stores them in one buffer. The same version
of onnx always writes the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import onnx

from stylenet.catalog.encoders import COMPACT
from stylenet.catalog.networks import SlimRecord
from stylenet.networks.bare_graphs import body_graph, encoder_graph, head_graph
from stylenet.networks.descriptions import LAYERS

FOLDER = Path(__file__).parents[2] / "src" / "stylenet" / "engines" / "graphs"


def files() -> dict[str, bytes]:
    """Contents of all files, by file name."""
    graphs = {
        "slim-body": body_graph(SlimRecord()),
        "slim-head": head_graph(SlimRecord()),
        "compact": encoder_graph(COMPACT, tuple(LAYERS)),
    }
    lines = []
    for name, data in graphs.items():
        weights = {
            value.name: list(value.dims)
            for value in onnx.load_model_from_string(data).graph.initializer
            if value.data_location == onnx.TensorProto.EXTERNAL
        }
        shapes = ",\n".join(f"    {json.dumps(weight)}: {json.dumps(shape)}" for weight, shape in weights.items())
        lines.append(f"  {json.dumps(name)}: {{\n{shapes}\n  }}")
    listing = "{\n" + ",\n".join(lines) + "\n}\n"
    return {**{f"{name}.onnx": data for name, data in graphs.items()}, "weights.json": listing.encode()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
