"""The workbook of an owner's evidence, opened by LibreOffice: a sheet per system, typed cells, names never formulas."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import month_evidence
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.paper import owner_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook import write_workbook
from tests.support.office import sheets_of
from tests.support.patch_sample import HOSTILE, make_acceptance, sample_estate, sample_runs

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def papers() -> tuple[Paper, Paper]:
    estate = sample_estate()
    evidence = month_evidence(
        sample_runs(), estate, (make_acceptance(),), month=date(2026, 12, 1), as_of=date(2026, 12, 31)
    )
    first, second = (owner_paper(evidence, owner, estate, "ja") for owner in evidence.owners)
    return first, second


@pytest.fixture(scope="module")
def files(papers: tuple[Paper, Paper], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("workbooks")
    for name, paper in zip(("one", "two"), papers, strict=True):
        write_workbook(paper, folder / f"{name}.xlsx", ZoneInfo("Asia/Tokyo"))
    return folder / "one.xlsx", folder / "two.xlsx"


def names_of(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        tree = etree.fromstring(archive.read("xl/workbook.xml"))
    return [str(sheet.get("name")) for sheet in tree.iter(f"{MAIN}sheet")]


def test_every_system_has_a_sheet_and_nothing_stands_for_charts_that_are_not_there(files: tuple[Path, Path]) -> None:
    assert names_of(files[0])[-1] == "s01 システムs01"
    assert names_of(files[1])[-2:] == ["s02 システムs02", "s03 システムs03"]
    assert names_of(files[0])[0] == "まとめ"


def test_libreoffice_finds_the_same_values(
    files: tuple[Path, Path], papers: tuple[Paper, Paper], tmp_path: Path
) -> None:
    sheets = sheets_of(files[0], tmp_path)
    compared = 0
    for table in papers[0].tables():
        if not table.rows:
            continue
        for row, cells in zip(table.rows, sheets[table.title][3:], strict=False):
            for column, value, cell in zip(table.columns, row.values, cells, strict=False):
                if isinstance(value, str):
                    assert cell == value, (table.key, column.key)
                    compared += 1
                elif isinstance(value, int):
                    assert float(cell) == value, (table.key, column.key)
                    compared += 1
    assert compared > 60


def test_a_system_sheet_has_all_of_the_system_and_nothing_of_others(files: tuple[Path, Path], tmp_path: Path) -> None:
    sheets = sheets_of(files[1], tmp_path)
    own = {cell for row in sheets["s02 システムs02"] for cell in row}
    assert {"name-s02-ap-1", "応答なし"} <= own
    assert "name-s03-web-1" not in own
    assert f"60 秒以内に応答がない {HOSTILE}" in own  # as text


def test_moments_and_days_are_dates_of_the_program(files: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(files[0]) as archive:
        names = names_of(files[0])
        tree = etree.fromstring(archive.read(f"xl/worksheets/sheet{names.index('仮想サーバごとの結果') + 1}.xml"))
    cells = {cell.get("r"): cell for cell in tree.iter(f"{MAIN}c")}
    started = cells["F4"]  # 14 December 2026, 00:31 in Japan
    assert started.get("t") is None
    assert float(started.findtext(f"{MAIN}v")) == pytest.approx(46370 + 31 / 1440, abs=1e-6)
