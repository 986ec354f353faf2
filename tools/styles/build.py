"""Measure the built-in styles.

    python tools/styles/build.py PAINTINGS_FOLDER

Writes one style file for each entry of paintings.toml into the package, and checks that all together keep under 6 MB. To be run
again whenever the compact encoder changes: a style file belongs to the encoder it was measured with.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.styles import StyleCard
from stylenet.encoders.opening import open_encoder
from stylenet.image.files import load_image
from stylenet.styles.files import measure_style, write_style

TARGET = Path(__file__).parents[2] / "src/stylenet/catalog/styles"
MOST_BYTES = 6_000_000


def main(paintings: Path) -> None:
    encoder = open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32)
    entries = tomllib.loads(Path(__file__).with_name("paintings.toml").read_text(encoding="utf-8"))
    TARGET.mkdir(exist_ok=True)
    for name, entry in entries.items():
        picture = load_image(paintings / entry.pop("file"))
        card = StyleCard(name=name, licence="Public domain", **entry)
        style = measure_style(picture.pixels, encoder.exact, card, encoder_sha256=encoder.sha256)
        write_style(style, TARGET / f"{name}.safetensors")
    total = sum(path.stat().st_size for path in TARGET.glob("*.safetensors"))
    print(f"{len(entries)} styles, {total / 1e6:.2f} MB in {TARGET}")
    if total > MOST_BYTES:
        sys.exit(f"that is more than the {MOST_BYTES / 1e6:.0f} MB allowed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
