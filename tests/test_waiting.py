"""Waiting threads sleep, unless the user has set otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def python(code: str, **variables: str) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_WAIT", "GOMP_", "KMP_", "OPENBLAS_"))}
    environment = {**plain, "PYTHONPATH": str(ROOT / "src"), **variables}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False)
    return run.stdout + run.stderr


LIBRARY = "from stylenet.extras import require; require('torch', 'this'); import os; print(os.environ.get('OMP_WAIT_POLICY'))"
SHOWN = {"OMP_DISPLAY_ENV": "VERBOSE"}


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's runtime")
def test_the_runtime_is_configured_before_torch_loads_and_the_environment_is_restored() -> None:
    told = python(LIBRARY, **SHOWN)
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in told
    assert "GOMP_SPINCOUNT = '2000'" in told
    assert told.splitlines()[0] == "None"


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's runtime")
def test_a_persons_own_choice_stays() -> None:
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in python(LIBRARY, OMP_WAIT_POLICY="ACTIVE", **SHOWN)


def test_the_program_sets_it_for_all_that_it_starts() -> None:
    code = (
        "import os, sys; sys.argv = ['stylenet', '--version']\n"
        "from stylenet.cli import app\n"
        "app.main = lambda: print(*map(os.environ.get, ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'OPENBLAS_NUM_THREADS')), flush=True) or 0\n"
        "app.run()"
    )
    assert python(code).split() == ["PASSIVE", "2000", "1"]
    assert python(code, GOMP_SPINCOUNT="7", OPENBLAS_NUM_THREADS="3").split() == ["None", "7", "3"]
