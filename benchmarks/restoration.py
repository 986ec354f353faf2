"""Quality of super-resolution and colorization networks, compared with bicubic enlargement and with gray.

    python benchmarks/restoration.py ENLARGING.safetensors COLORING.safetensors --photos DIR [--size 512] [--sheet FILE.png]

The networks are files written by `stylenet train`; the photos should not have been used for training. Photos are resized to a long side of
`--size`. For super-resolution, sides are cropped to multiples of 4, and the photo is downsampled as in training; PSNR and SSIM are computed
on the luma (BT.601, 16..235 of 255, as usual since Dong et al. 2014), without 4 pixels at the border. SSIM uses windows of 7 pixels.

For colorization, the gray picture has the lightness of the photo, so that all differences are differences of color: the distance in a* and
b* of CIELAB, which then equals Delta E 1976, and Delta E 2000. Colorfulness is that of Hasler, Suesstrunk 2003.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from report import spread, write_result
from skimage.color import deltaE_ciede2000, rgb2lab, rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from stylenet.catalog.networks import read_network_card
from stylenet.evaluation.measures import ssim
from stylenet.image.crops import find_pictures
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.recolor import keep_colors
from stylenet.image.resize import fit_within, resize
from stylenet.image.sheet import contact_sheet
from stylenet.networks.restoring import FACTOR, shrunk
from stylenet.shapes import Image
from stylenet.workflows.restoring import colorize, enlarge

BORDER_PX = 4
SHOWN = 4
GAINS = {"psnr": ("bicubic", "network", 1), "ssim": ("bicubic", "network", 1), "ab distance": ("gray", "colored", -1)}

Array = NDArray[np.floating]


def rows(image: Image) -> Array:
    """A picture as (H, W, 3) for scikit-image, rounded to 8 bits."""
    array: Array = (image[0].transpose(1, 2, 0).clip(0, 1) * 255).round() / 255
    return array


def likeness(given: Image, photo: Image) -> dict[str, float]:
    inner = slice(BORDER_PX, -BORDER_PX)
    given_luma, photo_luma = (rgb2ycbcr(rows(image))[inner, inner, 0] for image in (given, photo))
    return {
        "psnr": float(peak_signal_noise_ratio(photo_luma, given_luma, data_range=255)),
        "ssim": ssim(given_luma / 255, photo_luma / 255),
    }


def color_error(given: Image, photo: Image) -> dict[str, float]:
    lab, photo_lab = rgb2lab(rows(given)), rgb2lab(rows(photo))
    return {
        "ab distance": float(np.linalg.norm((lab - photo_lab)[..., 1:], axis=2).mean()),
        "delta e 2000": float(deltaE_ciede2000(lab, photo_lab).mean()),
        "colorfulness": colorfulness(rows(given)),
    }


def colorfulness(rgb: Array) -> float:
    red, green, blue = np.moveaxis(255 * rgb, 2, 0)
    opponent = np.stack((red - green, (red + green) / 2 - blue)).reshape(2, -1)
    return float(np.linalg.norm(opponent.std(1)) + 0.3 * np.linalg.norm(opponent.mean(1)))


def summary(each: list[dict[str, float]]) -> dict[str, Any]:
    return {name: {"mean": round(statistics.mean(one[name] for one in each), 3)} | spread([one[name] for one in each]) for name in each[0]}


def trained(path: Path) -> dict[str, Any]:
    card = read_network_card(path)
    return {"updates": card.steps, **card.trained}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("enlarging", type=Path)
    parser.add_argument("coloring", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    measured: dict[str, list[dict[str, float]]] = {"bicubic": [], "network": [], "gray": [], "colored": [], "photo": []}
    better = dict.fromkeys(GAINS, 0)
    cells: list[tuple[str, Image]] = []
    paths = find_pictures(arguments.photos)
    for index, path in enumerate(paths):
        photo = load_image(path).pixels
        photo = resize(photo, fit_within(photo.shape[3], photo.shape[2], arguments.size))
        photo = photo[:, :, : photo.shape[2] // FACTOR * FACTOR, : photo.shape[3] // FACTOR * FACTOR]
        small = shrunk(torch.from_numpy(photo)).numpy()
        bicubic = resize(small, (photo.shape[3], photo.shape[2]))
        sharp = enlarge(Picture(pixels=small), arguments.enlarging, precision="float32").pixels
        gray = keep_colors(photo, np.full_like(photo, 0.5), "luminance")
        colored = colorize(Picture(pixels=gray), arguments.coloring, precision="float32").pixels
        measured["bicubic"].append(likeness(bicubic, photo))
        measured["network"].append(likeness(sharp, photo))
        for name, picture in (("gray", gray), ("colored", colored), ("photo", photo)):
            measured[name].append(color_error(picture, photo))
        for name, (before, after, sign) in GAINS.items():
            better[name] += sign * measured[after][-1][name] > sign * measured[before][-1][name]
        if index % max(1, len(paths) // SHOWN) == 0 and len(cells) < 5 * SHOWN:
            middle = [image[:, :, : photo.shape[2] // 2, : photo.shape[3] // 2] for image in (bicubic, sharp, photo)]
            cells += [*zip(("bicubic", "enlarged", "photo"), middle, strict=True), ("gray", gray), ("colored", colored)]
        print(path.name, {name: {key: round(value, 2) for key, value in each[-1].items()} for name, each in measured.items()}, flush=True)
    if arguments.sheet:
        save_image(contact_sheet(cells, columns=5), arguments.sheet)
    means = {name: summary(each) for name, each in measured.items()}
    figures = {
        "photos": len(paths),
        "size_px": arguments.size,
        "super-resolution": {"trained": trained(arguments.enlarging), "bicubic": means["bicubic"], "network": means["network"]},
        "colorization": {"trained": trained(arguments.coloring), **{name: means[name] for name in ("gray", "colored", "photo")}},
        "photos that gain": better,
    }
    write_result("restoration", figures)


if __name__ == "__main__":
    main()
