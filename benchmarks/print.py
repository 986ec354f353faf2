"""A print of 4096 x 3072 pixels in 2 GB: peak memory, time per pixel relative to an untiled picture of 1024 px, and seams.

    python benchmarks/print.py PHOTO STYLE -o OUT.png

PHOTO is enlarged to both sizes. Seams are measured along the lines where tiles meet, and along as many lines between them; the ratio is 1
if tiles are not visible.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from report import write_result

from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.evaluation.measures import lightness, seam
from stylenet.image.files import load_image, save_image
from stylenet.image.metadata import read_receipt
from stylenet.image.resize import resize
from stylenet.styles.framing import Frame

LARGE, SMALL = (4096, 3072), (1024, 768)
PROGRAM = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def painted(photo: Path, style: str, output: Path, options: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "stylenet", "stylize", str(photo), style, "-o", str(output), "--size", "full", "--json", *options]
    plan = json.loads(subprocess.run([*command, "--dry-run"], check=True, capture_output=True, text=True).stdout)["plan"]
    output_text = subprocess.run([sys.executable, "-c", PROGRAM, *command], check=True, capture_output=True, text=True).stdout
    done = next(json.loads(line) for line in output_text.splitlines() if '"event": "done"' in line)
    peak = int(re.search(r"peak (\d+)", output_text)[1]) * 1024  # type: ignore[index]
    pixels = plan["size"][0] * plan["size"][1]
    return {
        "tiles": plan["tiles"],
        "seconds": round(done["seconds"], 1),
        "forecast_seconds": round(plan["seconds"], 1),
        "microseconds_a_pixel": round(done["seconds"] / pixels * 1e6, 3),
        "peak_bytes": peak,
        "forecast_bytes": plan["memory_bytes"],
    }


def seams(output: Path) -> dict[str, float]:
    recipe = load_recipe("standard")
    encoder = open_encoder(recipe.encoder, device=torch.device("cpu"), dtype=torch.float32)
    receipt = read_receipt(output) or {}
    layers = (*recipe.style.layers, *recipe.content.layers)
    frame = Frame(encoder.record, LARGE, layers, recipe.picture.rim_px, tile_px=receipt["tile_px"])
    rows = sorted({tile.rows.first for tile in frame.tiles} - {0})
    columns = sorted({tile.columns.first for tile in frame.tiles} - {0})
    plane = lightness(load_image(output).pixels)
    between = [(row + 112, column + 112) for row, column in zip(np.resize(rows, 9), np.resize(columns, 9), strict=True)]
    return {
        "at_tile_lines": round(seam(plane, rows, columns), 3),
        "between_them": round(seam(plane, [row for row, _ in between], [column for _, column in between]), 3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", type=Path)
    parser.add_argument("style")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    source = load_image(arguments.photo).pixels
    with tempfile.TemporaryDirectory() as folder:
        files = [save_image(resize(source, size), Path(folder) / f"{size[0]}.png") for size in (SMALL, LARGE)]
        small = painted(files[0], arguments.style, Path(folder) / "small.png", [])
        large = painted(files[1], arguments.style, arguments.output, ["--memory", "2GB"])
    figures = {
        "1024 x 768, whole": small,
        "4096 x 3072, 2 GB": large,
        "time_for_a_pixel": round(large["microseconds_a_pixel"] / small["microseconds_a_pixel"], 3),
        "seam": seams(arguments.output),
    }
    write_result("print", figures)
