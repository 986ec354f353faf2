"""Effect of losses from the literature on the everyday recipe: measures, times, and a contact sheet.

    python benchmarks/losses.py PHOTO=PAINTING [PHOTO=PAINTING ...] -o SHEET.png [--size 384]

Every row is the recipe `standard` with changed parameters. Distances are those of `stylenet compare`.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from report import write_result

from stylenet.evaluation.measures import measure
from stylenet.evaluation.opening import open_measuring
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.sheet import contact_sheet
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import open_stylizer

JUDGE = "compact"
"""The encoder of `standard`."""

VARIANTS: dict[str, dict[str, str]] = {
    "wasserstein (standard)": {},
    "gram": {"style.statistic": "gram"},
    "mean-std": {"style.statistic": "mean-std"},
    "sliced alone": {
        "style.weight": "0",
        "detail.weight": "7",
        "detail.statistic": "sliced",
        "detail.layers": "{relu1_1=0.2, relu2_1=0.2, relu3_1=0.2, relu4_1=0.2, relu5_1=0.2}",
    },
    "wasserstein + nearest": {"detail.weight": "4", "detail.statistic": "nearest"},
    "wasserstein + sliced": {"detail.weight": "4", "detail.statistic": "sliced"},
    "wasserstein + histogram": {"detail.weight": "4", "detail.statistic": "histogram", "detail.layers": "{relu1_1=0.5, relu4_1=0.5}"},
    "self-similarity content": {"content.distance": "self-similarity"},
    "+ edges": {"edges.weight": "0.5", "edges.pools": "[4, 16]"},
    "average pooling x 2": {"encoder.pooling": "average", "encoder.pooling_scale": "2.0"},
    "L2 pooling x 0.78": {"encoder.pooling": "l2", "encoder.pooling_scale": "0.78"},
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=384)
    arguments = parser.parse_args()
    cells, rows = [], {}
    for name, changes in VARIANTS.items():
        stylizer = open_stylizer(changes=changes)
        results = []
        for pair in arguments.pairs:
            photo_path, _, painting = pair.partition("=")
            photo = load_image(photo_path)
            painted = stylize(photo, painting, recipe=stylizer, size=arguments.size)
            encoder, styles = open_measuring(JUDGE, [painting])
            measures = measure(Picture(pixels=painted.pixels), encoder, photo=photo, styles=styles)
            results.append({**dataclasses.asdict(measures), "seconds": painted.done.seconds})
            cells.append((f"{name}, {painted.done.seconds:.1f} s", painted.pixels))
        rows[name] = {key: round(sum(one[key] for one in results) / len(results), 4) for key in results[0]}
        print(name, rows[name], flush=True)
    save_image(contact_sheet(cells, columns=len(arguments.pairs), cell_px=arguments.size), arguments.output)
    write_result("losses", rows)
