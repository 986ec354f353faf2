"""Measure the built-in styles.

    python tools/styles/build.py PAINTINGS_FOLDER [NAME ...]

Writes a style file into the package for each entry of paintings.toml, or only for those named; deletes files without an entry; and checks
that all files together have less than 9 MB. VGG-19 takes about half a minute per style on two cores. Run it again if the format or the
measurement changes.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.styles import MEASURED_WITH, StyleCard
from stylenet.encoders.opening import open_encoder
from stylenet.image.files import load_image
from stylenet.styles.files import write_style
from stylenet.styles.measuring import measure_style

TARGET = Path(__file__).parents[2] / "src/stylenet/catalog/styles"
MAX_BYTES = 9_000_000


def main(paintings: Path, names: list[str], target: Path = TARGET) -> None:
    """Write the style files of `names`, or of all entries, from the pictures in the folder `paintings`."""
    encoder = open_encoder(EncoderSection(name=MEASURED_WITH), device=torch.device("cpu"), dtype=torch.float32)
    entries = tomllib.loads(Path(__file__).with_name("paintings.toml").read_text(encoding="utf-8"))
    target.mkdir(exist_ok=True)
    for name in names or entries:
        entry = dict(entries[name])
        pixels = load_image(paintings / entry.pop("file")).pixels
        if "crop" in entry:
            left, top, right, bottom = entry.pop("crop")
            pixels = pixels[:, :, top:bottom, left:right]
        card = StyleCard(name=name, licence="Public domain", **entry)
        path = target / f"{name}.safetensors"
        write_style(measure_style(pixels, encoder.exact, card), path)
        print(f"{name}: {path.stat().st_size / 1000:.1f} kB", flush=True)
    for path in target.glob("*.safetensors"):
        if path.stem not in entries:
            path.unlink()
    files = list(target.glob("*.safetensors"))
    total = sum(path.stat().st_size for path in files)
    print(f"{len(files)} of {len(entries)} styles, {total / 1e6:.2f} MB in {target}")
    if total > MAX_BYTES:
        sys.exit(f"the styles have more than the allowed {MAX_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
