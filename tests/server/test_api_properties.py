"""The API compared with its description: valid requests, many invalid ones, and sequences of requests.

`STYLENET_EXAMPLES=1000` tries more of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.conftest import run_command

EXAMPLES = os.environ.get("STYLENET_EXAMPLES", "3")
EXCLUDED = (
    "positive_data_acceptance",  # options depend on each other (size and paper, blend and styles), which no schema says
    "use_after_free",  # DELETE stops a job, which then still exists
)


def test_every_response_is_as_described(tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    script = Path(__file__).with_name("fake_server.py")
    server = run_command((sys.executable, str(script), str(tmp_path / "data")))
    try:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--seed", "1", "--no-color"]
        command += ["--max-examples", EXAMPLES, "--exclude-checks", ",".join(EXCLUDED), "--generation-database", "none"]
        tested = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stdout[-10_000:] + tested.stderr[-2000:]
    finally:
        server.close()
