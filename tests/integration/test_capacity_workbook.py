"""The workbook, opened by LibreOffice: the same numbers, typed cells, one sheet per division."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook import write_workbook
from tests.support.office import sheets_of
from tests.support.usage_sample import HOSTILE, sample_paper

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ZONE = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return sample_paper(tmp_path_factory.mktemp("small"), "ja")


@pytest.fixture(scope="module")
def file(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbook") / "report.xlsx"
    write_workbook(paper, path, ZONE)
    return path


@pytest.fixture(scope="module")
def sheets(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Every sheet as LibreOffice reads it, recalculated, by name."""
    return sheets_of(file, tmp_path_factory.mktemp("office"))


def test_sheets_stand_in_order_and_every_division_has_one(file: Path, paper: Paper) -> None:
    names = sheet_names(file)
    assert names[0] == "まとめ"
    assert names[-len(paper.divisions) - 1 : -1] == [division.name for division in paper.divisions]
    assert names[-1] == "グラフのデータ"
    assert len(names) == 2 + sum(bool(table.rows) for table in paper.tables()) + len(paper.divisions)


def test_cells_have_types_and_sheets_have_filters_and_charts(file: Path, paper: Paper) -> None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        charts = [name for name in names if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
        assert len(charts) == sum(len(table.charts) for table in paper.tables())
        tree = etree.fromstring(archive.read("xl/worksheets/sheet2.xml"))
    assert tree.find(f"{MAIN}autoFilter") is not None
    assert tree.find(f".//{MAIN}pane[@state='frozen']") is not None
    # Numbers are numbers, and the sum is a formula over what the filter shows.
    cells = {cell.get("r"): cell for cell in tree.iter(f"{MAIN}c")}
    assert cells["G4"].get("t") is None
    assert cells["G4"].findtext(f"{MAIN}v") == "24"
    assert cells["G6"].findtext(f"{MAIN}f") == "SUBTOTAL(109,G4:G5)"


def test_libreoffice_finds_the_same_sums(sheets: dict[str, list[list[str]]], paper: Paper) -> None:
    compared = 0
    for table in paper.tables():
        totals = table.totals()
        if totals is None:
            continue
        rows = sheets[sheet_name(table.title)]
        line = next(row for row in rows if row and row[0] == paper.total_word)
        for column, total, cell in zip(table.columns, totals, line, strict=False):
            if column.total and isinstance(total, (int, float)) and column is not table.columns[0]:
                assert float(cell) == pytest.approx(total, abs=1e-9), (table.key, column.key)
                compared += 1
    assert compared > 25


def test_libreoffice_finds_the_same_values(sheets: dict[str, list[list[str]]], paper: Paper) -> None:
    for table in paper.tables():
        if not table.rows:
            continue
        rows = sheets[sheet_name(table.title)][3:]
        for row, cells in zip(table.rows, rows, strict=False):
            for column, value, cell in zip(table.columns, row.values, cells, strict=False):
                if isinstance(value, str):
                    assert cell == value.replace("\n", " | "), (table.key, column.key)
                elif value is None:
                    assert cell == ("" if column.blank else "未収集")
                elif isinstance(value, (int, float)):
                    assert float(cell) == pytest.approx(value, abs=1e-9), (table.key, column.key)


def test_a_division_finds_its_own_and_nothing_of_others(sheets: dict[str, list[list[str]]], paper: Paper) -> None:
    cells = {cell for row in sheets[sheet_name(paper.divisions[0].name)] for cell in row}
    assert {"生活保護システム", "one-db01", "780001"} <= cells
    assert not {"共通コード管理システム", "two-ap01"} & cells


def test_a_name_is_never_a_formula(sheets: dict[str, list[list[str]]]) -> None:
    assert sheets["管理対象外の仮想サーバ"][3][0] == HOSTILE


def sheet_names(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        tree = etree.fromstring(archive.read("xl/workbook.xml"))
    return [str(sheet.get("name")) for sheet in tree.iter(f"{MAIN}sheet")]


def sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", "・", title)[:31]
