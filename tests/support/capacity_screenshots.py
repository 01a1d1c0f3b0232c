#!/usr/bin/env python3
"""Make docs/images/capacity-report*.png anew: the estate of this repository with a year of generated history.

Run it after the page has changed, and look at the pictures: tests/support/capacity_screenshots.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from tests.bench.history import fill_history
from tests.support.browser import browser
from tests.support.small_estate import ROOT

DAY = date(2026, 11, 24)
MACHINES, DAYS = 164, 400
EXCEEDED = 2


def main() -> int:
    """Write both pictures."""
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        database, page = Path(name) / "history.sqlite3", Path(name) / "report.html"
        # As many machines as described, on hosts and datastores as large as described: a reader compares the two.
        estate = load_estate(ROOT, as_of=DAY).estate
        fill_history(database, estate, machines=MACHINES, days=DAYS, as_described=True)
        command = [sys.executable, str(ROOT / "scripts/capacity_report.py"), "--as-of", DAY.isoformat()]
        command += ["--history", f"sqlite:///{database}", "--what-if", "4 x m8 in lgwan", "--output", str(page)]
        finished = subprocess.run(command, check=False)
        if finished.returncode not in {0, EXCEEDED}:
            return 1
        with browser() as chromium:
            chromium.open(page, width=1200, height=1500)
            chromium.screenshot(images / "capacity-report.png")
            chromium.value("document.getElementById('clusters').scrollIntoView()")
            chromium.screenshot(images / "capacity-report-clusters.png")
            chromium.open(page, width=390, height=844, phone=True)
            chromium.screenshot(images / "capacity-report-phone.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
