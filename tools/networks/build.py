"""Teach the networks of one painting that ship.

    python tools/networks/build.py PAINTINGS --photos DIR --run DIR [--only NAME ...]

PAINTINGS holds the pictures of `tools/styles/paintings.toml`; each network is what `stylenet train` makes of one with the numbers of
`networks.toml`. Networks that are in the run folder already are left alone, and one that was interrupted is gone on with.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--processes", type=int, default=2, help="that share each batch")
    arguments = parser.parse_args()
    numbers = tomllib.loads((HERE / "networks.toml").read_text())
    paintings = tomllib.loads((HERE.parent / "styles" / "paintings.toml").read_text())
    arguments.run.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or numbers["names"]:
        output = arguments.run / f"{name}.safetensors"
        unfinished = output.with_name(output.name + ".training")
        if output.exists() and not unfinished.exists():
            continue
        words = ["train", str(arguments.paintings / paintings[name]["file"]), "--photos", str(arguments.photos), "-o", str(output)]
        options = numbers["options"] | numbers["own"].get(name, {})
        words += [word for option, value in options.items() for word in (f"--{option}", str(value))]
        words += ["--resume"] if unfinished.exists() else []
        # Processes of one thread each: half as fast again as one with all threads.
        launched = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(arguments.processes), "--module", "--"]
        subprocess.run([sys.executable, *launched, "stylenet", *words], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


if __name__ == "__main__":
    main()
