"""Select the training pictures of the network for all styles, and reduce them for transfer to another machine.

    python tools/instant/pack.py DATA OUT [--config FILE]

Copies the files selected by `instant.toml` from DATA to the same folders of OUT: of each kind, those whose paths have the smallest SHA-256,
so that the selection is the same on every machine; held-out paintings are excluded. Large pictures are reduced and saved as JPEG.
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
            max_px = config["packed_px"]
            if max(picture.size) <= max_px:
                target.write_bytes(path.read_bytes())
                continue
            picture.convert("RGB").resize(
                tuple(round(side * max_px / max(picture.size)) for side in picture.size), Image.Resampling.LANCZOS
            ).save(target, quality=config["packed_quality"])


if __name__ == "__main__":
    main()
