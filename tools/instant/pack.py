"""Choose the pictures that the network of every style learns from, and make them small enough to travel.

    python tools/instant/pack.py DATA OUT [--config FILE]

OUT gets the folders of DATA with the files that `instant.toml` asks for: of each kind those whose path has the smallest SHA-256, so that
the choice is the same everywhere; held-out paintings are left out. Large files are made smaller and written as JPEG.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from PIL import Image
from train import chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("instant.toml"))
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    for kind in ("photos", "movements", "named"):
        for path in chosen(arguments.data, config, kind):
            target = arguments.out / path.relative_to(arguments.data)
            target.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.open(path)
            most = config["packed_px"]
            if max(picture.size) <= most:
                target.write_bytes(path.read_bytes())
                continue
            picture.convert("RGB").resize(
                tuple(round(side * most / max(picture.size)) for side in picture.size), Image.Resampling.LANCZOS
            ).save(target, quality=config["packed_quality"])


if __name__ == "__main__":
    main()
