"""Check the branch coverage of `src`.

python tools/check_branches.py REPORT       # REPORT is written by `coverage json`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MIN_PERCENT = 90
"""`coverage report` has a limit for lines and branches together, of which lines are easier to cover."""

totals = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["totals"]
percent = 100 * totals["covered_branches"] / totals["num_branches"]
print(f"{percent:.1f} % of the branches are covered; at least {MIN_PERCENT} % are required")
sys.exit(percent < MIN_PERCENT)
