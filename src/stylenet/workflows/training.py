"""Training a network, from a request to the network file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stylenet.catalog.networks import AnyRecord, JohnsonRecord, Paints, SlimRecord, TextureRecord
from stylenet.errors import UsageError
from stylenet.events import Notice, Preview, Saved
from stylenet.extras import require
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image
from stylenet.image.output import check_output
from stylenet.notices import prefixed
from stylenet.requests.training import DEFAULT_STYLE_PX, TrainRequest, style_name
from stylenet.workflows.outputs import keep_apart, make_folder, reserve_output

if TYPE_CHECKING:
    from stylenet.events import Event
    from stylenet.training.one_style import OneStyleTask
    from stylenet.training.plan import Plan
    from stylenet.training.restoration import RestorationTask
    from stylenet.training.trainer import Trainer, Update

FOLDER_SUFFIX = ".training"
"""Suffix of the folder next to the output that holds the checkpoint; the folder is deleted after the last update."""

_PATIENCE = 8  # number of loss checks without improvement; there is one every 50 updates
_WARMUP = 50  # updates; at most a tenth of all updates
_SAVE_INTERVAL = 100  # updates between checkpoints, and between previews


@dataclass(frozen=True, kw_only=True)
class TrainingStarted:
    """The first event of a training.

    Attributes:
        plan: Hyperparameters.
        job: Description of task and data, as plain values.
        step: Number of updates done by earlier runs.
        processes: Number of processes that train together.
    """

    plan: Plan
    job: dict[str, Any]
    step: int
    processes: int


@dataclass(frozen=True, kw_only=True)
class TrainingDone:
    """The last event of a training.

    Attributes:
        output: The network file.
        paints: The task of the network.
        steps: Number of updates.
        max_steps: Planned number of updates.
        seconds: Training time.
        loss: Loss of the last update; None without updates.
        reason: "finished", "interrupted" or "stalled".
    """

    output: Path
    paints: Paints
    steps: int
    max_steps: int
    seconds: float
    loss: float | None
    reason: str


def train(
    request: TrainRequest, *, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[TrainingStarted | Update | Event | TrainingDone]:
    """Train a network and write it; yields the events of the training, `Saved` for previews, and finally `TrainingDone`.

    If several processes train together, only the first yields events.

    Raises:
        StylenetError: before or during training.
    """
    pictures = _Pictures(request)  # before torch, which loads slowly
    require("torch", "training a network")
    from stylenet.training.processes import current_processes

    several = current_processes().count > 1  # raises an error if the environment is inconsistent
    if request.output is None and several:
        raise UsageError("several processes train one network, and need a common output file; give --output FILE")
    stem = "-".join(Path(painting).stem for painting in request.paintings)
    given = None if request.output is None else Path(request.output)
    state = FOLDER_SUFFIX if request.resume else ""
    with reserve_output(given, f"{stem}-network" if stem else request.task, ".safetensors", state=state) as output:
        check_output(output, formats={".safetensors": "safetensors"})
        folder = output.with_name(output.name + FOLDER_SUFFIX)
        weights = None if request.loss_network is None or not os.path.isfile(request.loss_network) else Path(request.loss_network)
        start = None if request.start is None else Path(request.start)
        keep_apart([("--output", output)], [*map(Path, request.paintings), start, weights])
        keep_apart([("--output", folder)], [None if name is None else Path(name) for name in (request.photos, request.previews)])
        if not request.resume and folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"'{folder}' contains an unfinished training; continue it with --resume, or delete it to start over")
        yield from _train(request, pictures, output, folder, should_stop=should_stop)


class _Pictures:
    """The pictures of a training, found and read.

    Attributes:
        photos: Files to learn from.
        previews: Files for the previews.
        paintings: Pixels of the paintings.
        notices: Notices about the paintings, one line each.

    Raises:
        ImageError: a folder is missing or has no picture, or a painting cannot be read.
    """

    def __init__(self, request: TrainRequest) -> None:
        loaded = [load_image(painting) for painting in request.paintings]
        self.paintings = [picture.pixels for picture in loaded]
        self.notices = [line for name, picture in zip(request.paintings, loaded, strict=True) for line in prefixed(name, picture.notices)]
        self.photos = [] if request.photos is None else find_pictures(Path(request.photos))
        self.previews = [] if request.previews is None else find_pictures(Path(request.previews))


def _train(
    request: TrainRequest, pictures: _Pictures, output: Path, folder: Path, *, should_stop: Callable[[], bool]
) -> Iterator[TrainingStarted | Update | Event | TrainingDone]:

    from stylenet.catalog.recipes import load_recipe
    from stylenet.encoders.opening import open_encoder
    from stylenet.engines.devices import choose_device, choose_dtype, set_threads
    from stylenet.training.processes import choose_gpu, process_group
    from stylenet.training.trainer import Trainer

    set_threads(request.threads)
    choose_gpu()
    device = choose_device(request.device)
    dtype = choose_dtype(request.precision, device)
    # The default loss network is the encoder of the everyday recipes.
    encoder = open_encoder(load_recipe("standard").encoder, request.loss_network, device=device, dtype=dtype)
    if should_stop():
        return
    with process_group(device) as processes:
        plan = _plan(request)
        task = _task(request, pictures, encoder, plan)
        if should_stop():
            return
        if processes.first:
            make_folder(folder)
        trainer = Trainer(task, plan, folder, device=device, dtype=dtype, processes=processes)
        if not processes.first:
            for _ in trainer.events(should_stop):
                pass
            return
        yield TrainingStarted(plan=plan, job=dict(trainer.task.job()), step=trainer.step, processes=processes.count)
        yield from (Notice(message=notice) for notice in pictures.notices)
        yield from _train_and_log(request, trainer, task, output=output, folder=folder, should_stop=should_stop)


def _train_and_log(
    request: TrainRequest,
    trainer: Trainer,
    task: OneStyleTask | RestorationTask,
    *,
    output: Path,
    folder: Path,
    should_stop: Callable[[], bool],
) -> Iterator[Update | Event | TrainingDone]:
    """Run and log the updates, and write the network at the end."""
    from stylenet.networks.files import write_network
    from stylenet.training.journal import Journal, clear
    from stylenet.training.one_style import OneStyleTask
    from stylenet.training.trainer import Update

    last: Update | None = None
    with Journal(folder, step=trainer.step, tensorboard=request.tensorboard) as journal:
        for event in trainer.events(should_stop):
            saved = journal.note(event)
            last = event if isinstance(event, Update) else last
            yield event
            if isinstance(event, Preview) and saved is not None and request.keep:
                yield Saved(path=saved, is_result=False)
    if len(request.paintings) > 1 and isinstance(task, OneStyleTask):
        card = task.card(style_name(output), styles=list(request.style_names), steps=trainer.step, seconds=trainer.seconds)
    else:
        stem = Path(request.paintings[0]).stem if request.paintings else request.task
        title = re.sub(r"[\s_-]+", " ", stem).strip().capitalize()
        card = task.card(style_name(Path(stem)), title=title, steps=trainer.step, seconds=trainer.seconds)
    write_network(output, trainer.average, card, bits=trainer.task.network.stored_bits)
    if trainer.reason != "interrupted" and not request.keep:
        clear(folder)
    yield TrainingDone(
        output=output,
        paints=trainer.task.paints,
        steps=trainer.step,
        max_steps=trainer.end,
        seconds=trainer.seconds,
        loss=last.loss if last else None,
        reason=trainer.reason,
    )


def _plan(request: TrainRequest) -> Plan:
    from stylenet.training.plan import Plan
    from stylenet.training.restoration import DEFAULTS

    crop = request.crop or (Plan(steps=1).crop_px if request.task == "style" else DEFAULTS[request.task].crop_px)
    return Plan(
        steps=request.max_steps,
        minutes=request.minutes or 0.0,
        batch=request.batch,
        crop_px=crop,
        warmup=min(_WARMUP, request.max_steps // 10),
        patience=_PATIENCE if request.task == "style" else 0,
        seed=request.seed,
        checkpoint_every=_SAVE_INTERVAL,
        preview_every=_SAVE_INTERVAL,
    )


def _task(request: TrainRequest, pictures: _Pictures, encoder: Any, plan: Plan) -> OneStyleTask | RestorationTask:
    if request.task != "style":
        from stylenet.training.restoration import RestorationTask

        task: Literal["super-resolution", "colorization"] = request.task
        return RestorationTask(pictures.photos, task, encoder=encoder, plan=plan, previews=pictures.previews)
    from stylenet.training.one_style import OneStyleTask

    return OneStyleTask(
        pictures.paintings,
        pictures.photos,
        record=_record(request),
        encoder=encoder,
        plan=plan,
        style_px=request.style_size or DEFAULT_STYLE_PX,
        start=None if request.start is None else Path(request.start),
        previews=pictures.previews,
    )


def _record(request: TrainRequest) -> AnyRecord:
    match request.network_kind:
        case "slim":
            return SlimRecord()
        case "johnson":
            return JohnsonRecord(styles=len(request.paintings))
        case "texture":
            # The numbers of scales are those of the paper for textures and for stylization.
            return TextureRecord(scales=5) if request.photos is None else TextureRecord(content=True, scales=6)
