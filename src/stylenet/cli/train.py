"""`stylenet train`: a network that paints in the style of one painting, or that enlarges or colors photos."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.app import INTERRUPTED, Stop, signals_call
from stylenet.cli.places import keep_apart, make_folder, place
from stylenet.cli.tasks import FOLDER_SUFFIX, Network, Task, Wish, check_task, restoration_task, usual_crop_px
from stylenet.cli.telling import say_end, say_start
from stylenet.errors import UsageError
from stylenet.image.output import check_output

if TYPE_CHECKING:
    from stylenet.catalog.networks import AnyRecord
    from stylenet.training.one_style import OneStyleTask
    from stylenet.training.processes import Processes
    from stylenet.training.restoration import RestorationTask
    from stylenet.training.trainer import Trainer, Update

_TRAINING, _RUN, _SHOW = "What is trained", "How it runs", "What is shown and kept"

_STEPS = 2000
_MOST_STEPS = 1_000_000  # where minutes are given in place of them
_PATIENCE = 8  # looks at the loss without a gain, of 50 updates each
_WARMUP = 50  # updates, a tenth where there are fewer than ten times as many
_EVERY = 100  # updates between two checkpoints, and between two previews


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(train)


def train(
    context: typer.Context,
    paintings: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PAINTING]...", help="The picture whose style is learned; several for --network johnson.", show_default=False
        ),
    ] = None,
    *,
    task: Annotated[
        Task, typer.Option("--task", help="What is learned; the last two need no painting.", rich_help_panel=_TRAINING)
    ] = "style",
    photos: Annotated[
        Path | None,
        typer.Option("--photos", metavar="DIR", help="Photos to learn from; 50 are enough. Left out: a network 'texture' paints texture."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write: .safetensors. Left out: named after the painting, here."),
    ] = None,
    network: Annotated[
        Network,
        typer.Option("--network", help="slim is ours and the fastest; the others are of the literature.", rich_help_panel=_TRAINING),
    ] = "slim",
    style_size: Annotated[
        int,
        typer.Option("--style-size", metavar="PX", min=32, max=2048, help="Larger: smaller strokes.", rich_help_panel=_TRAINING),
    ] = 384,
    loss_network: Annotated[
        str | None,
        typer.Option(
            "--loss-network", metavar="NAME|FILE", help="compact (the default), vgg16, vgg19 or a weights file.", rich_help_panel=_TRAINING
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--start", metavar="FILE", help="A network of the same kind to begin with.", rich_help_panel=_TRAINING),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", min=1, help=f"Updates at most; {_STEPS} if left out.", rich_help_panel=_TRAINING),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", min=0.01, help="Train for about so long.", rich_help_panel=_TRAINING)
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", metavar="N", min=1, max=4096, help="Photos of an update.", rich_help_panel=_TRAINING)
    ] = 4,
    crop: Annotated[
        int | None,
        typer.Option(
            "--crop", metavar="PX", min=64, max=2048, help="Side of the photos' crops; every task has its own.", rich_help_panel=_TRAINING
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of all random numbers.", rich_help_panel=_TRAINING)] = 0,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", metavar="", help="Go on with a training of this name that was stopped or killed.", rich_help_panel=_RUN),
    ] = False,
    previews: Annotated[
        Path | None,
        typer.Option("--previews", metavar="DIR", help="Photos to show progress on; left out: four of --photos.", rich_help_panel=_SHOW),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", metavar="", help="Write for TensorBoard too, into OUTPUT.training.", rich_help_panel=_SHOW)
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", metavar="", help="Keep OUTPUT.training in the end: log, previews, checkpoint.", rich_help_panel=_SHOW),
    ] = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train a network that paints in the style of a painting; 'stylenet stylize PHOTO OUTPUT' then takes a moment."""
    check_task(task, lambda name: getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE", photos=photos)
    if photos is None and network != "texture":
        raise UsageError("--photos is missing: give a folder with photos to learn from; 50 are enough")
    if threads is not None and threads < 1:
        raise UsageError(f"--threads is {threads}; allowed are whole numbers from 1")
    chosen = _checked_paintings(paintings or [], network)
    stem = "-".join(one.stem for one in chosen)

    from stylenet.training.plan import Plan
    from stylenet.training.processes import found

    most = steps or (_STEPS if minutes is None else _MOST_STEPS)
    plan = Plan(
        steps=most,
        minutes=minutes or 0.0,
        batch=batch,
        crop_px=crop or usual_crop_px(task),
        warmup=min(_WARMUP, most // 10),
        patience=_PATIENCE if task == "style" else 0,
        seed=seed,
        checkpoint_every=_EVERY,
        preview_every=_EVERY,
    )
    if output is None and found().count > 1:
        raise UsageError("several processes teach one network, and each of them would invent another name for it; give --output FILE")
    with place(output, f"{stem}-network" if stem else task, ".safetensors", state=FOLDER_SUFFIX if resume else "") as output:
        check_output(output, formats={".safetensors": "safetensors"})
        wish = Wish(
            task=task,
            paintings=chosen,
            photos=photos,
            output=output,
            network=network,
            style_px=style_size,
            loss_network=loss_network,
            start=start,
            plan=plan,
            device=device,
            precision=precision,
            threads=threads,
            previews=previews,
            tensorboard=tensorboard,
            keep=keep,
            quiet=quiet,
            json=json,
        )
        keep_apart([("--output", output)], [*chosen, start, options.weights_file(loss_network)])
        keep_apart([("--output", wish.folder)], [photos, previews])
        if not resume and wish.folder.is_dir() and any(wish.folder.iterdir()):
            raise UsageError(f"'{wish.folder}' holds a training that is not finished; --resume goes on with it, or delete it to begin anew")
        _run(wish)


def _checked_paintings(paintings: list[Path], network: Network) -> list[Path]:
    """The paintings, each with a name of its own, as many as such a network can know."""
    if len(paintings) > 1 and network != "johnson":
        raise UsageError(f"{len(paintings)} paintings are given, and a network '{network}' knows one; --network johnson knows several")
    for painting in paintings:
        options.check_photo(str(painting), what="the painting")
    names = [_name(painting) for painting in paintings]
    if len(set(names)) < len(names):
        raise UsageError(f"the styles would be called {', '.join(names)}, after their files; give every painting a file name of its own")
    return paintings


def _name(painting: Path) -> str:
    """What a style is called: the file's name in plain kebab case."""
    return re.sub(r"[^a-z0-9]+", "-", painting.stem.lower()).strip("-") or "painting"


def _run(wish: Wish) -> None:
    """Train, show it, and write the network."""
    import os

    import torch

    from stylenet.stylizers.stylizer import open_stylizer
    from stylenet.training.processes import choose_gpu, found, joined
    from stylenet.training.trainer import Trainer

    stop = Stop()

    def handle(number: int, frame: Any) -> None:
        # Several processes hear twice of their end, from the terminal and from torchrun, and all have to end after the same update.
        if found().count == 1 or not stop():
            stop.handle(number, frame)

    with signals_call(handle):
        if wish.threads is not None:
            torch.set_num_threads(min(wish.threads, 4 * (os.cpu_count() or 1)))
        choose_gpu()
        # Loss network, device and precision are found as for painting; the recipe itself does not matter.
        stylizer = stop.check(open_stylizer(encoder=wish.loss_network, device=wish.device or "auto", precision=wish.precision or "auto"))
        with joined(stylizer.device) as processes:
            task = stop.check(_task(wish, stylizer.encoder))
            if processes.first:
                make_folder(wish.folder)
            trainer = Trainer(task, wish.plan, wish.folder, device=stylizer.device, dtype=stylizer.dtype, processes=processes)
            _teach(wish, trainer, task, stop, processes=processes)
    if trainer.reason == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _task(wish: Wish, encoder: Any) -> OneStyleTask | RestorationTask:
    if wish.task != "style" and wish.photos is not None:
        return restoration_task(wish.task, wish.photos, encoder=encoder, plan=wish.plan, previews=wish.previews)
    from stylenet.image.crops import find_pictures
    from stylenet.image.files import load_image
    from stylenet.training.one_style import OneStyleTask

    return OneStyleTask(
        [load_image(painting).pixels for painting in wish.paintings],
        [] if wish.photos is None else find_pictures(wish.photos),
        record=_record(wish),
        encoder=encoder,
        plan=wish.plan,
        style_px=wish.style_px,
        start=wish.start,
        previews=[] if wish.previews is None else find_pictures(wish.previews),
    )


def _record(wish: Wish) -> AnyRecord:
    from stylenet.catalog.networks import JohnsonRecord, SlimRecord, TextureRecord

    match wish.network:
        case "slim":
            return SlimRecord()
        case "johnson":
            return JohnsonRecord(styles=len(wish.paintings))
        case "texture":
            # The numbers of scales are the paper's, for texture and for stylization.
            return TextureRecord(scales=5) if wish.photos is None else TextureRecord(content=True, scales=6)


def _teach(wish: Wish, trainer: Trainer, task: OneStyleTask | RestorationTask, stop: Stop, *, processes: Processes) -> None:
    from stylenet.catalog.networks import SlimRecord
    from stylenet.cli.progress import open_display
    from stylenet.events import Preview, Step
    from stylenet.networks.files import write_network
    from stylenet.training.journal import Journal, clear
    from stylenet.training.one_style import OneStyleTask
    from stylenet.training.trainer import Update

    if not processes.first:
        for _ in trainer.events(stop):
            pass
        return
    say_start(wish, trainer, processes)
    last: Update | None = None
    with (
        Journal(wish.folder, step=trainer.step, tensorboard=wish.tensorboard) as journal,
        open_display(quiet=wish.quiet, as_json=wish.json) as display,
    ):
        for event in trainer.events(stop):
            kept = journal.note(event)
            if isinstance(event, Update):
                last = event
                size = (wish.plan.crop_px, wish.plan.crop_px)
                facts = {name: value for name, value in vars(event).items() if name != "rate"}
                display.moved(Step(level=0, size_px=size, **facts))
            else:
                display.moved(event)
            if isinstance(event, Preview) and kept is not None and wish.keep:
                display.kept(kept)
    names = [_name(painting) for painting in wish.paintings]
    if len(names) > 1 and isinstance(task, OneStyleTask):
        card = task.card(_name(wish.output), styles=names, steps=trainer.step, seconds=trainer.seconds)
    else:
        stem = wish.paintings[0].stem if wish.paintings else wish.task
        title = re.sub(r"[\s_-]+", " ", stem).strip().capitalize()
        card = task.card(_name(Path(stem)), title=title, steps=trainer.step, seconds=trainer.seconds)
    write_network(wish.output, trainer.average, card, bits=8 if isinstance(card.record, SlimRecord) else 16)
    if trainer.reason != "interrupted" and not wish.keep:
        clear(wish.folder)
    say_end(wish, trainer, last)
