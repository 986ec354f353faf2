"""Enlarging and coloring photos with trained networks."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

import stylenet
from stylenet.catalog.networks import COMMANDS, Paints, read_network_card
from stylenet.encoders.resampling import as_tensor, resize
from stylenet.engines.devices import choose_device, choose_dtype, own_precision, set_threads, torch_machine
from stylenet.errors import WeightsError
from stylenet.events import Done
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.image.metadata import read_receipt
from stylenet.image.output import check_output
from stylenet.image.recolor import keep_colors
from stylenet.image.resize import fit_within, target_size
from stylenet.networks.files import read_network
from stylenet.networks.johnson import JohnsonNet
from stylenet.networks.restoring import FACTOR, colored
from stylenet.painting.painting import Painting
from stylenet.requests.restoring import RestoreRequest
from stylenet.storage.hashing import file_sha256
from stylenet.styles.sources import pixels_fingerprint
from stylenet.workflows.outputs import keep_apart, reserve_output

_TILE_PX = 256 * 256
"""Maximum number of input pixels that are enlarged in one pass, which takes about 0.5 GB with the default network."""

_COLORS_PX = 256
"""Long side at which colors are predicted, as in training. The lightness keeps the resolution of the photo."""


def enlarge(photo: ImageSource | Picture, network: str | Path, *, device: str = "auto", precision: str = "auto") -> Painting:
    """A photo four times as wide and as high.

    Args:
        photo: A file, a PIL image or an array of up to 12.5 million pixels.
        network: A file written by `stylenet train --task super-resolution`.
        device: "auto", "cpu", "cuda" or "mps".
        precision: Precision of the network: "auto", "float32" or "bfloat16".

    Raises:
        WeightsError: the file is not a network for this task.
        ImageError: the photo cannot be read.
        UsageError: the result would have too many pixels, or the device or precision is not available.
    """

    def enlarge_pixels(pixels: Tensor, net: nn.Module) -> Tensor:
        height, width = pixels.shape[2:]
        target_size(width, height, (FACTOR * width, FACTOR * height))
        return cast(JohnsonNet, net)(pixels, max_px=_TILE_PX)

    return _restore(photo, Path(network), "super-resolution", enlarge_pixels, machine=(device, precision))


def colorize(photo: ImageSource | Picture, network: str | Path, *, device: str = "auto", precision: str = "auto") -> Painting:
    """A photo with colors predicted by a network. The lightness (L* of CIELAB) of every pixel is kept; existing colors are replaced.

    Args:
        photo: A file, a PIL image or an array; any size, gray or color.
        network: A file written by `stylenet train --task colorization`.
        device: "auto", "cpu", "cuda" or "mps".
        precision: Precision of the network: "auto", "float32" or "bfloat16".

    Raises:
        WeightsError: the file is not a network for this task.
        ImageError: the photo cannot be read.
        UsageError: the device or precision is not available.
    """

    def colorize_pixels(pixels: Tensor, net: nn.Module) -> Tensor:
        small = resize(pixels, fit_within(pixels.shape[3], pixels.shape[2], _COLORS_PX))
        colors = colored(net, small).clamp(0, 1)
        return torch.from_numpy(keep_colors(pixels.cpu().numpy(), colors.float().cpu().numpy(), "luminance"))

    return _restore(photo, Path(network), "colorization", colorize_pixels, machine=(device, precision))


def _restore(
    photo: ImageSource | Picture, path: Path, task: Paints, restore: Callable[[Tensor, nn.Module], Tensor], *, machine: tuple[str, str]
) -> Painting:
    card = read_network_card(path)
    if card.paints != task:
        raise WeightsError(
            f"network '{path}' is for {card.paints}, not for {task}; use it with: stylenet {COMMANDS[card.paints]}, or make one that fits "
            f"with: stylenet train --task {task}"
        )
    picture = load_image(photo)
    network, _ = read_network(path)
    device = choose_device(machine[0])
    dtype = choose_dtype(machine[1], device)
    start = time.perf_counter()
    with own_precision(device), torch.inference_mode():
        network = network.to(device=device, dtype=dtype)
        pixels = restore(as_tensor(picture.pixels, device), network).float().cpu().numpy()
    change: dict[str, Any] = {
        "what": task,
        "network": path.stem,
        "network_sha256": file_sha256(path),
        "photo": Path(picture.source).name if picture.source else None,
        "photo_sha256": pixels_fingerprint(picture.pixels),
        "size": [pixels.shape[3], pixels.shape[2]],
        "stylenet": stylenet.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        **torch_machine(device, dtype),
    }
    before = (read_receipt(Path(picture.source)) if picture.source else None) or {}
    if "restored" in before:
        change["before"] = before["restored"]
    seconds = time.perf_counter() - start
    receipt = {**before, "restored": change}
    done = Done(image=pixels, steps=0, seconds=seconds, loss=0.0, reason="finished", receipt=receipt)
    return Painting(pixels=pixels, photo=picture, done=done)


def restore_file(request: RestoreRequest) -> tuple[Painting, Path]:
    """Restore a photo and write the result; returns the result and its file.

    Raises:
        StylenetError: see `enlarge` and `colorize`; nothing was written.
    """
    given = None if request.output is None else Path(request.output)
    with reserve_output(given, f"{Path(request.photo).stem}-{request.verb}") as output:
        check_output(output)
        keep_apart([("--output", output)], [Path(request.photo), Path(request.network)])
        set_threads(request.threads)
        picture = load_image(request.photo)
        factor = FACTOR if request.task == "super-resolution" else 1
        # Checked before the network runs, because formats limit the number of pixels.
        check_output(output, size=(factor * picture.width, factor * picture.height))
        restore = enlarge if request.task == "super-resolution" else colorize
        painting = restore(picture, request.network, device=request.device, precision=request.precision)
        painting.save(output)
        return painting, output
