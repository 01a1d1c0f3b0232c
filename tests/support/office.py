"""A workbook as LibreOffice reads it."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path


def sheets_of(workbook: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Every sheet, recalculated, by name; values as stored. `folder` is for LibreOffice's own files."""
    # 44: comma, 34: quote, 76: UTF-8; -1 at the end: every sheet a file of its own; values as stored.
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    subprocess.run(
        [
            *("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"),
            *("--convert-to", options, "--outdir", str(folder), str(workbook)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    found = {}
    for path in folder.glob(f"{workbook.stem}-*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            found[path.stem.removeprefix(f"{workbook.stem}-")] = list(csv.reader(stream))
    return found
