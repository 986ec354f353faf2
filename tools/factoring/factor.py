"""Factor VGG-19 in closed form, the first step to the encoder `compact`.

    python tools/factoring/factor.py --data DIR -o compact.safetensors

Every 3x3 convolution with C channels is replaced by a 3x3 convolution to r channels and a 1x1 convolution back to C, fitted to the
responses of the network by principal components. With y the responses of VGG-19 before the ReLU, z those of the same kernel W on the output
of the preceding factored layers, A the regression of y on z, and U the r leading eigenvectors of A cov(z) A^T, the kernels are U^T A W and
U, and the bias is mean(y) - U U^T A mean(z).

References:
    Zhang, Zou, He, Sun 2015 (Accelerating Very Deep Convolutional Networks for Classification and Detection), section 3.1 and the
    asymmetric reconstruction of section 3.3. We omit the ReLU from the fit; train.py accounts for it.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from pathlib import Path

import torch
from pictures import disturbed_crops, manifest
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import COMPACT, VGG19
from stylenet.encoders.opening import encoder_of
from stylenet.encoders.vgg import VggEncoder
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.library import find_weights
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

CONFIG = Path(__file__).with_name("compact.toml")
_CHUNK = 16  # crops processed at a time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/, paintings/ and content/")
    parser.add_argument("-o", "--output", type=Path, required=True, help="weights file to write, in float32")
    arguments = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text())
    fit = config["fit"]
    crops = disturbed_crops(arguments.data, fit["crops"], fit["crop_px"], seed=config["seed"], held_out_share=config["held_out_share"])
    tensors = factored(encoder_of(read_weights(find_weights("vgg19"))).state_dict(), crops)
    provenance = {
        "made_by": "tools/factoring/factor.py",
        "config": CONFIG.read_text(),
        "manifest_sha256": _sha256(manifest(arguments.data)),
    }
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    write_weights(EncoderWeights(record=COMPACT, tensors=arrays, provenance=provenance), arguments.output)


@torch.no_grad()
def factored(exact: dict[str, Tensor], crops: Tensor) -> dict[str, Tensor]:
    """Tensors of `COMPACT`, fitted to VGG-19's on crops (B, 3, S, S) in 0..1."""
    x = VggEncoder(VGG19).preprocess(crops)
    target, given = list(x.split(_CHUNK)), list(x.split(_CHUNK))
    tensors: dict[str, Tensor] = {}
    for name in COMPACT.widths:
        weight, bias = exact[f"{name}.weight"], exact[f"{name}.bias"]
        if name.endswith("_1") and name != "conv1_1":
            target, given = ([functional.max_pool2d(one, 2) for one in each] for each in (target, given))
        if name not in COMPACT.ranks:
            tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
            target, given = ([functional.conv2d(one, weight, bias, padding=1).relu_() for one in each] for each in (target, given))
            continue
        responses = [functional.conv2d(one, weight, bias, padding=1) for one in target]
        kernel, expand, offset = _fit(responses, given, weight, COMPACT.ranks[name])
        given = [functional.conv2d(functional.conv2d(one, kernel, padding=1), expand, offset) for one in given]
        error = sum(float((one - other).square().sum()) for one, other in zip(given, responses, strict=True))
        spread = sum(float((one - one.mean((0, 2, 3), keepdim=True)).square().sum()) for one in responses)
        print(f"{name}: rank {COMPACT.ranks[name]} of {len(weight)}, squared error of the responses {error / spread:.4f}", flush=True)
        tensors |= {f"{name}.weight": kernel, f"{name}_expand.weight": expand, f"{name}_expand.bias": offset}
        target, given = [one.relu_() for one in responses], [one.relu_() for one in given]
    return tensors


def _fit(responses: list[Tensor], given: list[Tensor], weight: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Kernel (r, in, 3, 3), expansion (C, r, 1, 1) and bias (C) of one convolution."""
    channels, count = len(weight), 0
    sum_y, sum_z = torch.zeros(2, channels, dtype=torch.float64)
    products_z, products_yz = torch.zeros(2, channels, channels, dtype=torch.float64)
    for y, x in zip(responses, given, strict=True):
        rows_y = y.permute(0, 2, 3, 1).flatten(0, 2)
        rows_z = functional.conv2d(x, weight, padding=1).permute(0, 2, 3, 1).flatten(0, 2)
        count += len(rows_y)
        sum_y += rows_y.sum(0, dtype=torch.float64)
        sum_z += rows_z.sum(0, dtype=torch.float64)
        products_z += (rows_z.T @ rows_z).double()
        products_yz += (rows_y.T @ rows_z).double()
    mean_y, mean_z = sum_y / count, sum_z / count
    covariance = products_z / count - mean_z[:, None] * mean_z
    across = products_yz / count - mean_y[:, None] * mean_z
    covariance += 1e-6 * covariance.diagonal().mean() * torch.eye(channels, dtype=torch.float64)
    regression = torch.linalg.solve(covariance, across.T).T
    _, directions = torch.linalg.eigh(regression @ covariance @ regression.T)
    basis = directions[:, -rank:]
    kernel = torch.einsum("rc,cikl->rikl", basis.T @ regression, weight.double())
    offset = mean_y - basis @ (basis.T @ (regression @ mean_z))
    return kernel.float().contiguous(), basis.float()[:, :, None, None].contiguous(), offset.float()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
