"""Build the included networks for one painting.

    python tools/networks/build.py PAINTINGS --photos DIR --run DIR --start FILE [--device cuda] [--only NAME ...] [--predicted]

PAINTINGS holds the pictures of `tools/styles/paintings.toml`. Each network is trained with the hyperparameters in `networks.toml`, starting
from the weights that the network for all styles in FILE predicts for the painting. With --predicted, these are written without training.
Networks that already exist in the run folder are skipped.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import msgspec
import torch

from stylenet.catalog.networks import SlimRecord, read_network_card
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import fastest_dtype
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image
from stylenet.networks.files import write_network
from stylenet.training.journal import Journal
from stylenet.training.one_style import OneStyleTask
from stylenet.training.photos import PhotoStack
from stylenet.training.plan import Plan
from stylenet.training.trainer import Trainer

HERE = Path(__file__).parent
PHOTO_PX = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--predicted", action="store_true")
    arguments = parser.parse_args()
    config = tomllib.loads((HERE / "networks.toml").read_text())
    settings = config[arguments.device]
    paintings = tomllib.loads((HERE.parent / "styles" / "paintings.toml").read_text())
    device = torch.device(arguments.device)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    dtype = fastest_dtype(device)
    encoder = open_encoder(EncoderSection(), settings["loss_network"], device=device, dtype=dtype)
    photos = PhotoStack(find_pictures(arguments.photos), side_px=PHOTO_PX, device=device)
    names = arguments.only or config["names"]
    record = msgspec.structs.replace(msgspec.convert(msgspec.to_builtins(read_network_card(arguments.start).record), SlimRecord), code=0)
    plan = msgspec.convert(settings["plan"], Plan)
    for name in names:
        output = arguments.run / f"{name}.safetensors"
        if output.exists():
            continue
        style, folder = paintings[name], arguments.run / f"{name}.training"
        folder.mkdir(parents=True, exist_ok=True)
        painting = load_image(arguments.paintings / style["file"]).pixels
        task = OneStyleTask(
            painting,
            photos,
            record=record,
            encoder=encoder,
            plan=plan,
            style_px=config["style_px"],
            start=arguments.start,
            previews=photos.paths[:4],
        )
        trainer = Trainer(task, plan, folder, device=device, dtype=dtype)
        if not arguments.predicted:
            with Journal(folder, step=trainer.step) as journal:
                for event in trainer.events():
                    journal.note(event)
        card = task.card(name, title=style.get("title", ""), steps=trainer.step, seconds=trainer.seconds)
        if arguments.predicted:
            trained = {"start": arguments.start.stem, "note": "as the network for all styles predicts it"}
            card = msgspec.structs.replace(card, trained=trained)
        card = msgspec.structs.replace(card, artist=style.get("artist", ""), licence="Apache-2.0; see NOTICE")
        write_network(output, trainer.average, card, bits=8)
        print(name, trainer.step, round(trainer.seconds), flush=True)


if __name__ == "__main__":
    main()
