"""Training pictures: find and split them, write a manifest of their hashes, and read augmented crops."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylenet.storage.hashing import file_sha256

FOLDERS = {"photo": ("photos",), "painting": ("paintings/movements", "paintings/named")}


def find(data: Path, held_out_share: float) -> tuple[dict[str, list[Path]], list[Path]]:
    """Training pictures by kind, and the held-out ones: a share by hash of the path, and all of `content`."""
    training: dict[str, list[Path]] = {}
    held_out = sorted((data / "content").glob("*.jpg"))
    for kind, folders in FOLDERS.items():
        training[kind] = []
        for path in sorted(path for folder in folders for path in (data / folder).rglob("*.jpg")):
            digest = hashlib.sha256(path.relative_to(data).as_posix().encode()).digest()
            chosen = held_out if digest[0] / 256 < held_out_share else training[kind]
            chosen.append(path)
    return training, held_out


def manifest(data: Path) -> str:
    """One line per picture, `sha256  path`, in the format of `sha256sum`, sorted by path."""
    paths = sorted(path for path in data.rglob("*.jpg"))
    return "".join(f"{file_sha256(path)}  {path.relative_to(data).as_posix()}\n" for path in paths)


def crop(path: Path, size_px: int, rng: random.Random, *, disturb: bool = True) -> Tensor:
    """A random square of a picture at a random scale, randomly flipped; `disturb` adds color shifts and noise. Shape (3, S, S), 0..1."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    shortest = min(picture.size)
    side = rng.uniform(min(size_px * 0.7, shortest), min(size_px * 2.5, shortest))
    left, top = rng.uniform(0, picture.width - side), rng.uniform(0, picture.height - side)
    resized = picture.resize((size_px, size_px), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side), reducing_gap=2.0)
    pixels = np.asarray(resized, dtype=np.float32) / 255.0
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    generator = np.random.default_rng(rng.getrandbits(32))
    if disturb and rng.random() < 0.5:
        gain = generator.uniform(0.7, 1.3, 3) * generator.uniform(0.6, 1.4)
        pixels = (pixels - 0.5) * gain + 0.5 + generator.uniform(-0.15, 0.15, 3)
    if disturb and rng.random() < 0.3:
        pixels = pixels + generator.normal(0.0, generator.uniform(0.0, 0.15), pixels.shape)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)).clamp(0, 1)


def random_crops(pictures: dict[str, list[Path]], count: int, size_px: int, rng: random.Random, *, disturb: bool = True) -> Tensor:
    """Crops of all kinds of pictures in turn, shape (B, 3, S, S)."""
    kinds = list(pictures)
    return torch.stack([crop(rng.choice(pictures[kinds[index % len(kinds)]]), size_px, rng, disturb=disturb) for index in range(count)])


def mixed(crops: Tensor, rng: random.Random) -> Tensor:
    """The crops, half of them mixed with noise or another crop, like pictures during optimization."""
    result = crops.clone()
    generator = torch.Generator().manual_seed(rng.getrandbits(32))
    for index in rng.sample(range(len(crops)), len(crops) // 2):
        if rng.random() < 0.5:
            noise = torch.randn(crops[index].shape, generator=generator)
            result[index] = (crops[index] + rng.uniform(0.05, 0.3) * noise).clamp(0, 1)
        else:
            result[index] = crops[index].lerp(crops[rng.randrange(len(crops))], rng.uniform(0.2, 0.8))
    return result


def disturbed_crops(data: Path, count: int, size_px: int, *, seed: int, held_out_share: float) -> Tensor:
    """Crops of the training pictures, half of them mixed; reproducible by `seed`."""
    rng = random.Random(seed)
    training, _ = find(data, held_out_share)
    return mixed(random_crops(training, count, size_px, rng), rng)
