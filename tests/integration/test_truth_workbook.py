"""The truth report as a workbook, read by LibreOffice: typed cells and the same values."""

from __future__ import annotations

import csv
import subprocess
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook import write_workbook
from tests.support.truth_sample import sample_truth_paper


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return sample_truth_paper(tmp_path_factory.mktemp("truth"))


@pytest.fixture(scope="module")
def sheets(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Every sheet as LibreOffice reads it, by name."""
    folder = tmp_path_factory.mktemp("office")
    write_workbook(paper, folder / "truth.xlsx", ZoneInfo("Asia/Tokyo"))
    # 44: comma, 34: quote, 76: UTF-8; -1 at the end: every sheet a file of its own; values as stored.
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    subprocess.run(
        [
            *("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"),
            *("--convert-to", options, "--outdir", str(folder), str(folder / "truth.xlsx")),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    found = {}
    for path in folder.glob("truth-*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            found[path.stem.removeprefix("truth-")] = list(csv.reader(stream))
    return found


def test_every_table_with_rows_is_a_sheet(sheets: dict[str, list[list[str]]], paper: Paper) -> None:
    wanted = {table.title[:31] for table in paper.tables() if table.rows}
    assert wanted <= set(sheets)
    assert "まとめ" in sheets


def test_libreoffice_finds_the_same_values(sheets: dict[str, list[list[str]]], paper: Paper) -> None:
    compared = 0
    for table in paper.tables():
        if not table.rows:
            continue
        for row, cells in zip(table.rows, sheets[table.title[:31]][3:], strict=False):
            for column, value, cell in zip(table.columns, row.values, cells, strict=False):
                if isinstance(value, str):
                    assert cell == value, (table.key, column.key)
                elif isinstance(value, (int, float)):
                    assert float(cell) == pytest.approx(value, abs=1e-9), (table.key, column.key)
                    compared += 1
    assert compared > 50
