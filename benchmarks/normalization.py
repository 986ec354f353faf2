"""Instance normalization compared with batch normalization for one painting (Ulyanov et al. 2016b).

    python benchmarks/normalization.py PAINTING --photos DIR --content DIR [--updates 300] [--sheet FILE.png]

All networks get the same updates. Losses are means over photos in the folder of --content, which are not used for training; content is 1
for a picture without content, style is 1 for the photo.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from judging import Judge
from report import write_result
from torch import Tensor

from stylenet.catalog.networks import AnyRecord, JohnsonRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.freed_memory import keep_freed_memory
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import fastest_dtype
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image, save_image
from stylenet.networks.files import build
from stylenet.training.one_style import OneStyleTask
from stylenet.training.plan import Plan
from stylenet.training.trainer import Trainer, Update

NETWORKS: dict[str, AnyRecord] = {
    "Johnson, batch": JohnsonRecord(width=16, normalization="batch"),
    "Johnson, instance": JohnsonRecord(width=16, normalization="instance"),
}
STYLE_PX = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("painting", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    keep_freed_memory()
    device, dtype = torch.device("cpu"), fastest_dtype(torch.device("cpu"))
    encoder = open_encoder(EncoderSection(), device=device, dtype=dtype)
    painting = load_image(arguments.painting).pixels
    judge = Judge(encoder.exact, painting, style_px=STYLE_PX, content=arguments.content)
    figures: dict[str, Any] = {}
    rows: list[Tensor] = [torch.cat(judge.photos, dim=3)]
    for name, record in NETWORKS.items():
        plan = Plan(steps=arguments.updates, batch=4, crop_px=192, warmup=30, seed=1)
        task = OneStyleTask(painting, find_pictures(arguments.photos), record=record, encoder=encoder, plan=plan, style_px=STYLE_PX)
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(task, plan, Path(folder), device=device, dtype=dtype)
            losses = [event.loss for event in trainer.events() if isinstance(event, Update)]
        network = build(record)
        network.load_state_dict(trainer.average)
        network.eval().requires_grad_(False)
        means, paintings = judge.losses(network)
        figures[name] = means | {
            "training loss, last tenth": round(sum(losses[-len(losses) // 10 :]) / max(1, len(losses) // 10), 3),
            "seconds": round(trainer.seconds),
        }
        print(name, figures[name], flush=True)
        rows.append(torch.cat([*paintings], dim=3))
    if arguments.sheet:
        save_image(torch.cat(rows, dim=2).numpy(), arguments.sheet)
    write_result("normalization", {"updates": arguments.updates, **figures}, seed=1)


if __name__ == "__main__":
    main()
