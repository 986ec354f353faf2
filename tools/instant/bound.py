"""Set the bounds of the coder of a network for all styles to its range for paintings, in the network file.

    python tools/instant/bound.py NETWORK --data DIR [--config FILE]

DIR is that of `train.py`. The bounds are set by every tenth painting of the training set and all well-known ones, each measured at one of
the sizes in `SIZES_PX`; see `StyleCoder.bound`. The rest of the file does not change.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save
from train import chosen

from stylenet.engines.onnx_encoder import OnnxEncoder
from stylenet.engines.style_coder import StyleCoder
from stylenet.image.files import load_image
from stylenet.networks.descriptions import BOUNDED
from stylenet.networks.file_arrays import read_arrays
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.storage.atomic import write_whole
from stylenet.storage.headers import read_metadata

SIZES_PX = (192, 256, 320, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("instant.toml"))
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    paintings = chosen(arguments.data, config, "movements")[::10] + chosen(arguments.data, config, "named")
    network, _ = read_network(arguments.network)
    if not isinstance(network, InstantNet):
        raise SystemExit(f"{arguments.network} is not a network for all styles")
    coder, encoder = StyleCoder(read_arrays(arguments.network), arguments.network), OnnxEncoder()
    descriptions = [
        coder.describe(encoder.style_statistics(load_image(path).pixels, SIZES_PX[index % len(SIZES_PX)]))
        for index, path in enumerate(paintings)
    ]
    network.coder.bound(torch.from_numpy(np.stack(descriptions)))
    metadata, arrays = read_metadata(arguments.network), load_file(arguments.network)
    for name in (f"{layer}_{end}" for layer in BOUNDED for end in ("low", "high")):
        arrays[f"coder.{name}"] = network.coder.get_buffer(name).half().numpy()
    write_whole(arguments.network, save(arrays, metadata=metadata))
    print(f"bounded by {len(descriptions)} paintings: {arguments.network}")


if __name__ == "__main__":
    main()
