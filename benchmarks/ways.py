"""Alternatives to bfloat16 convolution for the slowest layers of VGG-19: Winograd, 8-bit integers, a compiler.

    python benchmarks/ways.py

Only the forward pass, in channels_last, compared with oneDNN's bfloat16 convolution by interleaved runs in one process. Errors are relative
to float32.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import torch
from report import spread, write_result
from torch import Tensor
from torch.nn import functional

from stylenet.encoders.freed_memory import keep_freed_memory

RUNS = 9

# Lavin, Gray 2016 (Fast Algorithms for Convolutional Neural Networks): F(2x2, 3x3) and F(4x4, 3x3).
TWO = {
    "picture": [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    "kernel": [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
    "result": [[1, 1, 1, 0], [0, 1, -1, -1]],
}
FOUR = {
    "picture": [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    "kernel": [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    "result": [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
}


def winograd(weight: Tensor, matrices: dict[str, list[list[float]]]) -> Callable[[Tensor], Tensor]:
    """A 3 x 3 convolution by Winograd's algorithm, with the kernel transformed in advance."""
    picture, kernel, result = (torch.tensor(matrices[name], dtype=torch.float32) for name in ("picture", "kernel", "result"))
    size, step = len(picture), len(result)
    both = torch.kron(kernel, kernel)  # (size^2, 9)
    kernels = torch.einsum("pq,oiq->pio", both, weight.float().flatten(2)).to(weight.dtype).contiguous()
    into, out = torch.kron(picture, picture).to(weight.dtype), torch.kron(result, result).to(weight.dtype)

    def convolve(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        x = functional.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)
        tiles = x.unfold(1, size, step).unfold(2, size, step)  # (1, h, w, C, size, size)
        rows, columns = tiles.shape[1:3]
        values = tiles.permute(4, 5, 0, 1, 2, 3).reshape(size * size, -1)
        transformed = (into @ values).view(size * size, rows * columns, channels)
        products = torch.bmm(transformed, kernels)
        painted = (out @ products.view(size * size, -1)).view(step, step, rows, columns, -1)
        return painted.permute(2, 0, 3, 1, 4).reshape(batch, height, width, -1).permute(0, 3, 1, 2)

    return convolve


def in_bytes(weight: Tensor, x: Tensor) -> Callable[[Tensor], Tensor]:
    """The convolution in 8-bit integers, with quantized inputs."""
    torch.backends.quantized.engine = "onednn"
    scale, zero = float(x.float().amax()) / 255, 0
    quantized = torch.quantize_per_tensor(x.float(), scale, zero, torch.quint8).contiguous(memory_format=torch.channels_last)
    kernels = torch.quantize_per_channel(
        weight.float(), weight.float().abs().amax((1, 2, 3)) / 127, torch.zeros(len(weight), dtype=torch.long), 0, torch.qint8
    )
    packed = torch.ops.quantized.conv2d_prepack(kernels, None, [1, 1], [1, 1], [1, 1], 1)
    output_scale = float(functional.conv2d(x.float(), weight.float(), padding=1).abs().amax()) / 127
    return lambda _: torch.ops.quantized.conv2d(quantized, packed, output_scale, 128)


def measure(channels: int, side: int) -> dict[str, object]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand((1, channels, side, side), generator=generator)
    weight = torch.randn((channels, channels, 3, 3), generator=generator) * (2 / (9 * channels)) ** 0.5
    exact = functional.conv2d(x, weight, padding=1)
    half = x.bfloat16().contiguous(memory_format=torch.channels_last)
    kernels = weight.bfloat16().contiguous(memory_format=torch.channels_last)
    compiled = torch.compile(lambda value: functional.relu(functional.conv2d(value, kernels, padding=1)))
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "bfloat16": lambda value: functional.conv2d(value, kernels, padding=1),
        "Winograd 2x2": winograd(weight.bfloat16(), TWO),
        "Winograd 4x4": winograd(weight.bfloat16(), FOUR),
        "8-bit integers": in_bytes(weight, x),
        "bfloat16 and ReLU": lambda value: functional.relu_(functional.conv2d(value, kernels, padding=1)),
        "the same, compiled": compiled,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    errors: dict[str, float] = {}
    for name, way in list(ways.items()):
        try:
            result = way(half)
        except RuntimeError as error:
            print(f"{name}: {error}")
            del ways[name], times[name]
            continue
        result = result.dequantize() if result.is_quantized else result.float()
        expected = exact.clamp_min(0) if "ReLU" in name or "compiled" in name else exact
        errors[name] = round(float((result - expected).norm() / expected.norm()), 5)
    for _ in range(RUNS):
        for name, way in ways.items():
            started = time.perf_counter()
            way(half)
            times[name].append(1e3 * (time.perf_counter() - started))
    baseline = spread(times["bfloat16"])["median"]
    return {
        name: {
            "milliseconds": spread(values),
            "times faster": round(baseline / spread(values)["median"], 2),
            "relative error": errors[name],
        }
        for name, values in times.items()
    }


def main() -> None:
    warnings.filterwarnings("ignore", category=UserWarning)  # torch announces that quantization will move to another package
    keep_freed_memory()
    with torch.inference_mode():
        write_result(
            "ways", {f"{channels} channels at {side} px": measure(channels, side) for channels, side in ((128, 256), (256, 128), (512, 64))}
        )


if __name__ == "__main__":
    main()
