"""One-pass networks: time, memory, and quality compared with plain optimization.

    python benchmarks/instant.py                     time at 512 x 512 with a cached style; time and memory at 3840 x 2160
    python benchmarks/instant.py --quality DATA      losses of 20 pairs not used in training, compared with plain optimization; and of each
                                                     network for one painting on two photos not used in training
    python benchmarks/instant.py --quality DATA --networks-only      without the optimization, which takes hours

DATA contains `content/` and `paintings/`, as for `tools/instant/train.py`; the network for all styles is evaluated only on held-out
paintings.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from report import spread, write_result

from stylenet.catalog.networks import network_files, read_network_card
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.precision import bfloat16_units
from stylenet.events import Done
from stylenet.image.files import Picture, load_image
from stylenet.image.resize import fit_within, resize
from stylenet.losses.content import ContentTarget
from stylenet.losses.equivariance import shift_distance
from stylenet.losses.gaussian import RANK, gaussian, wasserstein_distance
from stylenet.losses.style import gram_distance
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options
from stylenet.shapes import Image
from stylenet.styles.framing import framed_features
from stylenet.styles.sources import StylePicture
from stylenet.styles.style import PictureStyle

ROOT = Path(__file__).parents[1]
PAIRS, SIZE_PX, STYLE_PX, RIM_PX = 20, 384, 320, 16
PRECISIONS = ("float32", "bfloat16") if bfloat16_units() else ("float32",)
CONTENT, STYLE = ("relu3_1", "relu4_1"), ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

PLAIN = {
    "style.statistic": "gram",
    "pyramid.coarsest_px": "0",
    "pyramid.content_weights": "[1.0]",
    "solver.learning_rate": "0.03",
    "solver.final_rate": "1.0",
    "solver.beta1": "0.9",
    "solver.beta2": "0.999",
    "solver.average": "0",
}
"""Changes of `standard` for plain optimization: a single level, Adam with its usual settings, Gram matrices."""

PLAIN_STEPS = (10, 25, 100)
TERMS = ("content", "style", "wasserstein")
SHIFT = (3, 5)
"""Rows and columns cropped from a photo to measure how its painting changes."""
SQUARE_PX = 32
"""Side of the squares whose mean colors are compared with those of the mirrored photo's painting."""


def painted(stylizer: Stylizer, photo: Picture, style: Any, **options: Any) -> Done:
    *_, done = stylizer.stylize(photo, style, Options(**options))
    if not isinstance(done, Done):
        raise TypeError("a stylizer ends with Done")
    return done


def speed() -> dict[str, Any]:
    """Milliseconds from pixels to pixels at 512 x 512, after warm-up, with a cached style."""
    figures: dict[str, Any] = {}
    photo = Picture(pixels=np.random.default_rng(0).random((1, 3, 512, 512), dtype=np.float32))
    for recipe in ("instant", "trained"):
        for precision in PRECISIONS:
            stylizer = open_stylizer(recipe, precision=precision)
            times = [1000 * painted(stylizer, photo, "starry-night").seconds for _ in range(25)][5:]
            figures[f"{recipe}, 512 x 512, {precision}, milliseconds"] = spread(times)
    return figures


def large() -> dict[str, Any]:
    """Seconds after warm-up, and peak memory of a process that paints 3840 x 2160 pixels."""
    code = "import sys; sys.path[:0] = sys.argv[2:]; import instant; instant.print_large(sys.argv[1])"
    figures: dict[str, Any] = {}
    for precision in PRECISIONS:
        command = [sys.executable, "-c", code, precision, str(ROOT / "benchmarks"), str(ROOT / "src")]
        output = subprocess.run(command, capture_output=True, text=True, check=True)
        *times, memory = (float(word) for word in output.stdout.split())
        figures[f"3840 x 2160, {precision}, seconds"] = spread(times[1:])
        figures[f"3840 x 2160, {precision}, peak memory of the process, GB"] = round(memory, 2)
    return figures


def print_large(precision: str) -> None:
    stylizer = open_stylizer("instant", precision=precision)
    photo = Picture(pixels=np.random.default_rng(0).random((1, 3, 2160, 3840), dtype=np.float32))
    for _ in range(5):
        print(painted(stylizer, photo, "starry-night", memory="8GB").seconds)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


@dataclass(frozen=True)
class Pair:
    """A photo, a painting, and the network for that painting; empty for the network for all styles."""

    photo: Path
    painting: Path
    network: str = ""


def pairs(data: Path) -> list[Pair]:
    """Held-out photos and paintings, sampled with a fixed seed; famous paintings come first."""
    sys.path.insert(0, str(ROOT / "tools" / "instant"))
    from train import split

    config = tomllib.loads((ROOT / "tools" / "instant" / "instant.toml").read_text())
    named, movements = (split(data, config[kind]["folders"], config["held_out_share"])[1] for kind in ("named", "movements"))
    rng = random.Random(5)
    photos = rng.sample(sorted((data / "content").glob("*.jpg")), PAIRS)
    few = rng.sample(named, min(len(named), PAIRS // 2))
    return [Pair(*both) for both in zip(photos, [*few, *rng.sample(movements, PAIRS - len(few))], strict=True)]


def own_pairs(data: Path) -> list[Pair]:
    """Two photos not used in training for each network for one painting."""
    names = [name for name, path in network_files().items() if read_network_card(path).paints == "style"]
    files = tomllib.loads((ROOT / "tools" / "styles" / "paintings.toml").read_text())
    photos = random.Random(6).sample(sorted((data / "content").glob("*.jpg")), 2 * len(names))
    return [Pair(photo, data / "paintings" / "named" / files[name]["file"], name) for photo, name in zip(photos, 2 * names, strict=True)]


def losses(image: Image, photo: Image, style: PictureStyle) -> dict[str, float]:
    """The content distance, which is 1 for a picture without content, and two distances from the painting, averaged over five layers.

    `style` compares Gram matrices, `wasserstein` means and covariances, as the everyday recipes do.
    """
    style_px = STYLE_PX
    encoder = style.encoder
    with torch.no_grad():
        wanted, _ = framed_features(encoder, torch.from_numpy(photo), CONTENT, RIM_PX)
        given, moments = framed_features(encoder, torch.from_numpy(image), (*CONTENT, *STYLE), RIM_PX, moments_of=STYLE)
        content = [float(ContentTarget(wanted[layer], "spread").loss(given[layer])) for layer in CONTENT]
        target = style.at(style_px, STYLE)
        gram = [float(gram_distance(moments[layer], target[layer], "relative")) for layer in STYLE]
        wasserstein = [
            float(
                wasserstein_distance(
                    moments[layer], gaussian(target[layer].to(moments[layer].gram.device, moments[layer].gram.dtype), rank=RANK)
                )
            )
            for layer in STYLE
        ]
    means = {"content": content, "style": gram, "wasserstein": wasserstein}
    return {name: sum(values) / len(values) for name, values in means.items()}


def unsteadiness(stylizer: Stylizer, photo: Picture, style: Any) -> dict[str, float]:
    """Root mean square change of a painting (0..1), apart from its shift, if the photo is shifted, noisy, brighter or mirrored."""
    rows, columns = SHIFT
    noise = np.random.default_rng(0).standard_normal(photo.pixels.shape, dtype=np.float32)
    changed = {
        "moved by 3 x 5 px": (photo.pixels[:, :, rows:, columns:], SHIFT),
        "noise of 1 %": ((photo.pixels + 0.01 * noise).clip(0, 1), (0, 0)),
        "5 % brighter": ((1.05 * photo.pixels).clip(0, 1), (0, 0)),
    }
    first = torch.from_numpy(painted(stylizer, photo, style).image)
    found = {}
    for name, (pixels, shift) in changed.items():
        second = torch.from_numpy(painted(stylizer, Picture(pixels=pixels), style).image)
        found[name] = round(float(shift_distance(first, second, shift).sqrt()), 4)
    mirrored = torch.from_numpy(painted(stylizer, Picture(pixels=np.ascontiguousarray(photo.pixels[..., ::-1])), style).image)
    colors = torch.nn.functional.avg_pool2d(first.flip(3) - mirrored, SQUARE_PX)
    found["mirrored, in mean colors"] = round(float(colors.square().mean().sqrt()), 4)
    return found


def quality(chosen: list[Pair], sheet: Path | None, *, plain_steps: Sequence[int]) -> dict[str, Any]:
    """Losses of every pair, painted by the network and by plain optimization, at the same size and with the same size of the painting."""
    plain = {f"{steps} plain steps": open_stylizer("standard", changes={**PLAIN, "pyramid.steps": f"[{steps}]"}) for steps in plain_steps}
    encoder = open_encoder(load_recipe("instant").encoder, device=torch.device("cpu"), dtype=torch.float32)
    rows, shown = [], []
    for pair in chosen:
        network = open_stylizer("trained" if pair.network else "instant")
        style_px = STYLE_PX
        loaded = load_image(pair.photo)
        photo = Picture(pixels=resize(loaded.pixels, fit_within(loaded.width, loaded.height, SIZE_PX)))
        painting = StylePicture(name=pair.painting.stem, pixels=load_image(pair.painting).pixels)
        style = PictureStyle(name=painting.name, pixels=painting.pixels, encoder=encoder.exact, rim_px=RIM_PX)
        scale = style_px / (photo.width * photo.height) ** 0.5
        pictures = {"network": painted(network, photo, pair.network or painting).image}
        pictures |= {name: painted(stylizer, photo, painting, style_scale=scale).image for name, stylizer in plain.items()}
        row: dict[str, Any] = {"photo": pair.photo.stem, "painting": pair.painting.stem}
        begin = losses(photo.pixels, photo.pixels, style)
        for name, image in pictures.items():
            found = losses(image, photo.pixels, style)
            # Content is not relative, since that of the photo is zero.
            row[name] = {term: round(found[term] / (1 if term == "content" else begin[term]), 3) for term in TERMS}
        row["unsteadiness"] = unsteadiness(network, photo, pair.network or painting)
        rows.append(row)
        shown.append(
            [photo.pixels, resize(style.pixels, fit_within(style.pixels.shape[3], style.pixels.shape[2], SIZE_PX)), *pictures.values()]
        )
        print(row, flush=True)
    if sheet:
        _write_sheet(shown, sheet)
    names = ("network", *plain)
    means = {name: {term: round(sum(row[name][term] for row in rows) / len(rows), 3) for term in TERMS} for name in names}
    won = {name: {term: sum(row["network"][term] <= row[name][term] for row in rows) for term in TERMS} for name in plain}
    unsteady = {name: round(sum(row["unsteadiness"][name] for row in rows) / len(rows), 4) for name in rows[0]["unsteadiness"]}
    return {"means": means, "unsteadiness of the network": unsteady, "pairs at or under plain optimization": won, "pairs": rows}


def _write_sheet(rows: list[list[Image]], path: Path) -> None:
    from stylenet.image.files import save_image

    cell = 256
    sheet = np.ones((1, 3, cell * len(rows), cell * len(rows[0])), np.float32)
    for index, row in enumerate(rows):
        for place, image in enumerate(row):
            small = resize(image, fit_within(image.shape[3], image.shape[2], cell))
            sheet[:, :, index * cell : index * cell + small.shape[2], place * cell : place * cell + small.shape[3]] = small
    save_image(sheet, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", type=Path)
    parser.add_argument("--networks-only", action="store_true")
    parser.add_argument("--sheets", type=Path, help="a folder for contact sheets of the pairs")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.quality:
        sheets = arguments.sheets
        for name, chosen in (("instant-quality", pairs(arguments.quality)), ("trained-quality", own_pairs(arguments.quality))):
            steps = () if arguments.networks_only else PLAIN_STEPS
            write_result(name, quality(chosen, sheets and sheets / f"{name}.png", plain_steps=steps))
    else:
        write_result("instant", speed() | large())
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
