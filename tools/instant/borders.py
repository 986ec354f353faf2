"""Train the network for all styles a little further on a CPU, with few pictures and the loss network `compact`.

    python tools/instant/borders.py NETWORK --data DIR --run DIR [--minutes 22] [--seed 2] [--photos 600] [--movements 100]

This is how the included network lost the frame that it left along borders, in three runs of 108, 44 and 126 updates with the seeds 2, 3
and 4, each from the result of the last. NETWORK is the `instant-16.safetensors` of `train.py` or of such a run, DIR the data of `train.py`.
The run folder keeps a log and a checkpoint; the same command resumes an interrupted run.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from pathlib import Path

import msgspec
import torch
from train import PHOTO_PX, chosen

from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.networks.files import read_network, write_network
from stylenet.networks.instant import InstantNet
from stylenet.training.instant import InstantTask, Paintings
from stylenet.training.journal import Journal
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.trainer import Trainer

CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=22)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--movements", type=int, default=100)
    arguments = parser.parse_args()
    config = tomllib.loads(Path(__file__).with_name("instant.toml").read_text())
    files = {kind: chosen(arguments.data, config, kind) for kind in ("photos", "movements", "named")}
    rng = random.Random(0)
    photos = PhotoStack(rng.sample(files["photos"], arguments.photos), side_px=PHOTO_PX, device=CPU)
    paintings = [
        Paintings(paths=rng.sample(files["movements"], arguments.movements), views=1, share=0.3),
        Paintings(paths=files["named"], views=3, share=0.7),
    ]
    plan = Plan(
        steps=100_000,
        minutes=arguments.minutes,
        batch=8,
        crop_px=224,
        learning_rate=3e-4,
        warmup=8,
        decay=0.5,
        average=0.95,
        checkpoint_every=10,
        preview_every=1000,
        seed=arguments.seed,
    )
    encoder = open_encoder(EncoderSection(), device=CPU, dtype=torch.float32).exact
    start, card = read_network(arguments.network)
    if not isinstance(start, InstantNet):
        raise SystemExit(f"{arguments.network} is not a network of every style")
    arguments.run.mkdir(parents=True, exist_ok=True)
    task = InstantTask(photos, paintings, encoder=encoder, plan=plan, record=start.record, start=start)
    trainer = Trainer(task, plan, arguments.run, device=CPU, dtype=torch.float32)
    with Journal(arguments.run, step=trainer.step) as journal:
        for event in trainer.events():
            journal.note(event)
    card = msgspec.structs.replace(card, steps=card.steps + trainer.step)
    write_network(arguments.run / "instant.safetensors", trainer.average, card, bits=8)
    write_network(arguments.run / "instant-16.safetensors", trainer.average, card)


if __name__ == "__main__":
    main()
