"""Records of published weights."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from stylenet.catalog.weights import WEIGHTS
from stylenet.weights.reading import KINDS


@pytest.mark.parametrize("record", WEIGHTS.values(), ids=lambda record: record.name)
def test_records_are_complete(record):
    assert record.kind in KINDS
    assert all(re.fullmatch(r"https?://[^\s?#]+/[\w.-]+", url) for url in record.urls)
    assert record.sha256 or record.md5
    assert re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", record.sha256 or "0" * 8)
    assert re.fullmatch(r"[0-9a-f]{32}", record.md5 or "0" * 32)
    # torchvision and those who follow it put the first eight digits into the name.
    named = re.search(r"-([0-9a-f]{8})\.pth$", record.urls[0])
    assert named is None or (record.sha256 or "").startswith(named[1])
    assert record.licence
    assert record.provenance
    if record.urls[0].startswith("http://"):
        pytest.fail("the first address is not encrypted")


def test_catalog_needs_no_torch():
    code = "import sys; import stylenet.catalog.weights; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode == 0
