"""The page, opened in a real browser: charts, no network, phone, paper."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper, Table
from tests.support.browser import Browser, browser
from tests.support.small_estate import ROOT
from tests.support.usage_sample import HOSTILE, sample_paper

TEMPLATES = ROOT / "scripts" / "templates"
ZONE = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return sample_paper(tmp_path_factory.mktemp("small"), "ja")


@pytest.fixture(scope="module")
def html(paper: Paper) -> str:
    return page_html(TEMPLATES, paper, ZONE)


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def test_names_of_others_are_text(html: str) -> None:
    assert "<script>" not in html
    assert HOSTILE.replace("<", "&lt;").split("&lt;")[0].split('"')[0] in html


def test_nothing_is_named_that_could_be_loaded(html: str) -> None:
    addresses = set(re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", html))
    assert {address for address in addresses if not address.startswith("#")} == set()


def test_the_page_is_small(html: str) -> None:
    assert len(html.encode()) < 500_000


def test_the_browser_shows_charts_with_marks_and_loads_nothing(chromium: Browser, file: Path, paper: Paper) -> None:
    chromium.requests.clear()
    chromium.errors.clear()
    chromium.open(file, width=1280, height=900)
    assert chromium.requests == [file.resolve().as_uri()]
    assert chromium.errors == []
    charts = sum(len(table.charts) for table in paper.tables())
    assert charts > 8
    assert chromium.value("document.querySelectorAll('figure svg').length") == charts
    # Marks with an area: bars of the right number, lines and bands of the forecast.
    marks = "[...document.querySelectorAll('svg .mark-rect path, svg .mark-line path, svg .mark-area path')]"
    assert chromium.value(f"{marks}.length") > 20
    drawn = f"{marks}.filter(mark => mark.closest('details') === null)"
    assert chromium.value(f"{drawn}.some(mark => mark.getBBox().width > 50)") is True
    assert chromium.value("document.documentElement.lang") == "ja"


def test_a_bar_is_as_long_as_its_number_says(chromium: Browser, file: Path) -> None:
    chromium.open(file, width=1280, height=900)
    # Memory by division: 24 and 4 GiB.
    figure = "[...document.querySelectorAll('figure')].find(each => each.textContent.includes('所属別メモリ'))"
    lengths = chromium.value(f"[...{figure}.querySelectorAll('.mark-rect path')].map(mark => mark.getBBox().width)")
    assert len(lengths) == 2
    assert lengths[0] / lengths[1] == pytest.approx(24 / 4, rel=0.02)


def test_a_phone_does_not_scroll_sideways(chromium: Browser, file: Path) -> None:
    chromium.open(file, width=390, height=844, phone=True)
    assert chromium.value("innerWidth") == 390
    assert chromium.value("document.documentElement.scrollWidth") == 390
    # Charts are not shrunk to where nobody reads them: 11 px letters stay above 9.
    scale = "[...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().width > 0)"
    ratios = chromium.value(f"{scale}.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)")
    assert min(ratios) > 0.85


def test_a_phone_names_the_columns_that_it_leaves_out_and_a_desk_has_them(chromium: Browser, file: Path) -> None:
    section = "document.getElementById('usage').querySelector(':scope > .scroll')"
    shown = f"[...{section}.querySelectorAll('th')].filter(each => each.offsetWidth > 0).map(each => each.textContent)"
    note = f"{section}.nextElementSibling"
    chromium.open(file, width=390, height=844, phone=True)
    assert "部局" not in chromium.value(shown)
    assert "部局" in chromium.value(f"{note}.textContent")
    assert chromium.value(f"{note}.offsetHeight") > 0
    chromium.open(file, width=1280, height=900)
    assert "部局" in chromium.value(shown)
    assert chromium.value(f"{note}.offsetHeight") == 0


def test_it_prints_on_a4_with_its_lists_open(chromium: Browser, file: Path, tmp_path: Path) -> None:
    text = printed(chromium, file, tmp_path)
    assert "所属別" in text
    assert "1,000,001" in text
    assert "one-ap01" in text, "a list is printed also where nobody opened it"
    assert "印刷します" not in text
    # Nothing runs off the paper: the last column of the widest table is there.
    assert "使用" in text


def test_a_very_long_list_that_nobody_opened_is_named_on_paper_and_not_printed(
    chromium: Browser, paper: Paper, tmp_path: Path
) -> None:
    file = tmp_path / "long.html"
    file.write_text(page_html(TEMPLATES, with_many_machines(paper, 501), ZONE), encoding="utf-8")
    text = printed(chromium, file, tmp_path)
    assert "（501）（長い一覧のため、開いた場合だけ印刷します）" in "".join(text.split())
    assert "long500" not in text
    chromium.value("document.querySelectorAll('details').forEach(each => { each.open = true })")
    text = pdf_text(chromium, tmp_path)
    assert "long500" in text
    assert "印刷します" not in text


def with_many_machines(paper: Paper, count: int) -> Paper:
    """The same paper, whose list of machines goes round until it is so long."""

    def longer(table: Table) -> Table:
        if table.key != "machines":
            return table
        rows = enumerate(islice(cycle(table.rows), count))
        return replace(
            table, rows=tuple(replace(row, values=(f"long{number}", *row.values[1:])) for number, row in rows)
        )

    sections = tuple(
        replace(section, tables=tuple(longer(table) for table in section.tables)) for section in paper.sections
    )
    return replace(paper, sections=sections)


def printed(chromium: Browser, file: Path, folder: Path) -> str:
    chromium.open(file, width=1280, height=900)
    return pdf_text(chromium, folder)


def pdf_text(chromium: Browser, folder: Path) -> str:
    pdf = folder / "report.pdf"
    chromium.print_pdf(pdf)
    about = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert "A4" in about
    return subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
