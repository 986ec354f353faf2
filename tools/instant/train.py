"""Train the network for all styles.

    python tools/instant/train.py --data DIR --run DIR [--config FILE] [--device cuda] [--minutes N]

The run folder keeps the configuration, the data manifest, a log and a checkpoint; the same command resumes an interrupted run.
The loss network is VGG-19.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import torch
from PIL import Image

from stylenet.catalog.networks import NetworkCard, SlimRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import fastest_dtype
from stylenet.networks.files import read_network, write_network
from stylenet.networks.instant import InstantNet
from stylenet.storage.hashing import file_sha256
from stylenet.training.instant import InstantTask, Paintings
from stylenet.training.journal import Journal
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.trainer import Trainer

PHOTO_PX = 256


def split(data: Path, folders: list[str], share: float) -> tuple[list[Path], list[Path]]:
    """Training and held-out pictures: a share by hash of the path."""
    training, held_out = [], []
    for path in sorted(path for folder in folders for path in (data / folder).rglob("*.jpg")):
        digest = hashlib.sha256(path.relative_to(data).as_posix().encode()).digest()
        (held_out if digest[0] / 256 < share else training).append(path)
    return training, held_out


def chosen(data: Path, config: dict[str, Any], kind: str) -> list[Path]:
    """The training pictures of a kind, sorted by path."""
    training, _ = split(data, config[kind]["folders"], 0.0 if kind == "photos" else config["held_out_share"])
    min_side_px = config[kind].get("min_px", 0)
    if min_side_px:
        training = [path for path in training if min(Image.open(path).size) >= min_side_px]

    def rank(path: Path) -> bytes:
        return hashlib.sha256(f"chosen {path.relative_to(data).as_posix()}".encode()).digest()

    return sorted(sorted(training, key=rank)[: config[kind]["count"]])


def prepare(device: torch.device) -> None:
    """Enable the fast settings of a GPU."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cuda.matmul.allow_tf32 = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("instant.toml"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--start", type=Path, help="network of this architecture to start from")
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    if arguments.minutes:
        config["plan"]["minutes"] = arguments.minutes
    data, run = arguments.data, arguments.run
    run.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    plan = msgspec.convert(config["plan"], Plan)
    record = msgspec.convert({"type": "slim", **config["network"]}, SlimRecord)
    files = {kind: chosen(data, config, kind) for kind in ("photos", "movements", "named")}
    (run / "manifest.txt").write_text(
        "".join(f"{file_sha256(path)}  {path.relative_to(data).as_posix()}\n" for kind in files.values() for path in kind)
    )
    device = torch.device(arguments.device)
    prepare(device)
    dtype = fastest_dtype(device)
    encoder = open_encoder(EncoderSection(), "vgg19", device=device, dtype=dtype)
    photos = PhotoStack(files["photos"], side_px=PHOTO_PX, device=device)
    kinds = [
        Paintings(
            paths=files[kind], views=config[kind]["views"], share=config[kind]["share"], recolored=config[kind].get("recolored", False)
        )
        for kind in ("movements", "named")
    ]
    start = read_network(arguments.start)[0] if arguments.start else None
    if start is not None and not isinstance(start, InstantNet):
        raise SystemExit(f"{arguments.start} is not a network for all styles")
    task = InstantTask(photos, kinds, encoder=encoder.fast, plan=plan, record=record, start=start)
    print(f"prepared in {time.perf_counter() - started:.0f} s: {len(photos.paths)} photos, {[len(kind.paths) for kind in kinds]} paintings")
    trainer = Trainer(task, plan, run, device=device, dtype=dtype)
    with Journal(run, step=trainer.step) as journal:
        for event in trainer.events():
            journal.note(event)
            if getattr(event, "step", 0) % 500 == 0 and hasattr(event, "terms"):
                terms = {name: round(value, 3) for name, value in event.terms.items()}
                print(event.step, round(event.seconds), json.dumps(terms), flush=True)
    card = NetworkCard(
        name="instant",
        paints="every style",
        record=record,
        encoder_sha256=encoder.sha256,
        steps=trainer.step,
        trained={
            "script": "tools/instant/train.py",
            "config": config,
            "seconds": round(trainer.seconds),
            "start_sha256": file_sha256(arguments.start) if arguments.start else "",
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "data_manifest_sha256": file_sha256(run / "manifest.txt"),
        },
        licence="Apache-2.0; see NOTICE",
    )
    write_network(run / "instant.safetensors", trainer.average, card, bits=8)
    # In 16 bits, to continue training from.
    write_network(run / "instant-16.safetensors", trainer.average, card)


if __name__ == "__main__":
    main()
