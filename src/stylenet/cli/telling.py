"""What `stylenet train` says before and after, for people and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylenet.cli.tasks import Wish
    from stylenet.training.processes import Processes
    from stylenet.training.trainer import Trainer, Update


def say_start(wish: Wish, trainer: Trainer, processes: Processes) -> None:
    """Before the first update: what is trained, on what, for how long."""
    if wish.json:
        import msgspec

        print(json.dumps({"event": "started", "plan": msgspec.to_builtins(wish.plan), "job": trainer.task.job()}), flush=True)
    elif not wish.quiet:
        source = "noise" if wish.photos is None else f"{trainer.task.job()['photos']} photos"
        length = f"about {wish.plan.minutes:g} minutes" if wish.plan.minutes else f"at most {wish.plan.steps} updates"
        begun = f", going on after {trainer.step} updates" if trainer.step else ""
        machine = f", {processes.count} processes" if processes.count > 1 else ""
        what = wish.network if wish.task == "style" else wish.task
        print(f"training '{what}' on {source}, {length} of {wish.plan.batch} crops of {wish.plan.crop_px} px{machine}{begun}", flush=True)


def say_end(wish: Wish, trainer: Trainer, last: Update | None) -> None:
    """After the last update: what was written, why it ended, and what to do with it."""
    if wish.json:
        told = {"steps": trainer.step, "seconds": trainer.seconds, "loss": last.loss if last else None, "reason": trainer.reason}
        print(json.dumps({"event": "done", "output": str(wish.output), **told}), flush=True)
        return
    if wish.quiet:
        return
    from stylenet.catalog.networks import COMMANDS

    facts = f"{wish.output}  ({trainer.step} updates in {trainer.seconds / 60:.1f} min)"
    match trainer.reason:
        case "interrupted":
            print(
                f"interrupted at update {trainer.step} of {trainer.end}; the network so far is kept, and --resume goes on with it: {facts}"
            )
            return
        case "stalled":
            print(f"{facts}; ended early: nothing more was gained")
        case _:
            print(facts)
    if trainer.task.paints != "texture":
        print(f"use it: stylenet {COMMANDS[trainer.task.paints]} PHOTO {wish.output}")
