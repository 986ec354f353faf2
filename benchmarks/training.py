"""Losses and pictures of a network for one painting over the course of a training.

    python benchmarks/training.py PAINTING --photos DIR --content DIR [--minutes 20] [--sheet FILE.png]
    OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 benchmarks/training.py ...

Trains like `stylenet train`, with the same settings. Losses are means over eight photos in the folder of --content, which are not used for
training. Minutes are those of the updates, without the evaluation.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from judging import Judge
from report import write_result

from stylenet.catalog.networks import SlimRecord
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.freed_memory import keep_freed_memory
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import fastest_dtype
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image, save_image
from stylenet.image.sheet import contact_sheet
from stylenet.networks.base import PassSettings
from stylenet.networks.files import build
from stylenet.shapes import Image
from stylenet.training.one_style import OneStyleTask
from stylenet.training.plan import Plan
from stylenet.training.processes import process_group
from stylenet.training.trainer import Trainer, Update

MINUTES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Times of the evaluations; another one follows at the end."""

STYLE_PX, SHOWN = 384, (1, 4, 6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("painting", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    keep_freed_memory()
    device, dtype = torch.device("cpu"), fastest_dtype(torch.device("cpu"))
    encoder = open_encoder(EncoderSection(), device=device, dtype=dtype)
    painting = load_image(arguments.painting).pixels
    judge = Judge(encoder.exact, painting, style_px=STYLE_PX, content=arguments.content)
    plan = Plan(steps=100_000, minutes=arguments.minutes, seed=1)
    task = OneStyleTask(painting, find_pictures(arguments.photos), record=SlimRecord(), encoder=encoder, plan=plan, style_px=STYLE_PX)
    rows: list[dict[str, Any]] = []
    shown: list[list[tuple[str, Image]]] = [[] for _ in SHOWN]

    def note(trainer: Trainer) -> None:
        network = build(SlimRecord())
        network.load_state_dict(trainer.average)
        painter = network.eval()
        losses, paintings = judge.losses(lambda photo: painter.paint(photo, PassSettings()))
        rows.append({"minutes": round(trainer.seconds / 60, 2), "updates": trainer.step, **losses})
        for row, index in zip(shown, SHOWN, strict=True):
            row.append((f"{trainer.seconds / 60:.1f} minutes", paintings[index].numpy()))
        print(rows[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder, process_group(device) as processes:
        trainer = Trainer(task, plan, Path(folder), device=device, dtype=dtype, processes=processes)
        waiting = [minutes for minutes in MINUTES if minutes < arguments.minutes]
        for event in trainer.events():
            if isinstance(event, Update) and processes.first and waiting and trainer.seconds >= 60 * waiting[0]:
                waiting.pop(0)
                note(trainer)
        if processes.first:
            note(trainer)
            if arguments.sheet:
                save_image(contact_sheet([cell for row in shown for cell in row], columns=len(rows), cell_px=256), arguments.sheet)
            write_result("training", {"painting": arguments.painting.stem, "processes": processes.count, "curve": rows}, seed=plan.seed)


if __name__ == "__main__":
    main()
