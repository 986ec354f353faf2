"""Check the share of the branches of `src` that the tests reach.

python tools/check_branches.py REPORT       # of `coverage json`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LEAST_PERCENT = 90
"""`coverage report` has a floor for lines and branches together; lines are easy to reach."""

totals = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["totals"]
percent = 100 * totals["covered_branches"] / totals["num_branches"]
print(f"{percent:.1f} % of the branches are reached; at least {LEAST_PERCENT} % are required")
sys.exit(percent < LEAST_PERCENT)
