"""Teach the network of every style.

    python tools/instant/train.py --data DIR --run DIR [--config FILE]

The run folder keeps the configuration, the data manifest, a log and a checkpoint; the same command goes on where an interrupted run was.
On a processor two processes of one thread each are 1.5 times as fast as one of two, for much of an update is done by one thread alone:

    OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 -- tools/instant/train.py --data DIR --run DIR
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import tomllib
from pathlib import Path

import msgspec
import torch

from stylenet.catalog.networks import NetworkCard, SlimRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import fastest_dtype
from stylenet.networks.files import write_network
from stylenet.training.instant import InstantTask
from stylenet.training.journal import Journal
from stylenet.training.plan import Plan
from stylenet.training.processes import joined
from stylenet.training.trainer import Trainer


def split(data: Path, folders: list[str], share: float) -> tuple[list[Path], list[Path]]:
    """Training and held-out pictures: a share by hash of the path."""
    training, held_out = [], []
    for path in sorted(path for folder in folders for path in (data / folder).rglob("*.jpg")):
        digest = hashlib.sha256(path.relative_to(data).as_posix().encode()).digest()
        (held_out if digest[0] / 256 < share else training).append(path)
    return training, held_out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("instant.toml"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    data, run = arguments.data, arguments.run
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.toml").write_text(arguments.config.read_text())
    plan = msgspec.convert(config["plan"], Plan)
    record = msgspec.convert({"type": "slim", **config["network"]}, SlimRecord)
    photos, _ = split(data, config["photos"], 0.0)
    movements, _ = split(data, config["movements"], config["held_out_share"])
    named, _ = split(data, config["named"], config["held_out_share"])
    (run / "manifest.txt").write_text(
        "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(data).as_posix()}\n" for path in photos + movements + named
        )
    )
    device = torch.device(arguments.device)
    dtype = fastest_dtype(device)
    encoder = open_encoder(EncoderSection(), device=device, dtype=dtype)
    task = InstantTask(photos, movements + named * config["named_repeats"], encoder=encoder.fast, plan=plan, record=record)
    with joined(device) as processes:
        trainer = Trainer(task, plan, run, device=device, dtype=dtype, processes=processes)
        with Journal(run, step=trainer.step) if processes.first else contextlib.nullcontext() as journal:
            for event in trainer.events():
                if journal:
                    journal.note(event)
    if not processes.first:
        return
    card = NetworkCard(
        name="instant",
        paints="every style",
        record=record,
        encoder_sha256=encoder.sha256,
        steps=trainer.step,
        trained={
            "script": "tools/instant/train.py",
            "config": config,
            "data_manifest_sha256": hashlib.sha256((run / "manifest.txt").read_bytes()).hexdigest(),
        },
        licence="Apache-2.0; see NOTICE",
    )
    write_network(run / "instant.safetensors", trainer.average, card, bits=8)


if __name__ == "__main__":
    main()
