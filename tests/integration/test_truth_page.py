"""The truth report in a real browser: loads nothing, fits a phone, prints on A4."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from tests.support.browser import Browser, browser
from tests.support.small_estate import ROOT
from tests.support.truth_sample import LOST, sample_truth_paper


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth")
    path = folder / "truth.html"
    paper = sample_truth_paper(folder)
    path.write_text(page_html(ROOT / "scripts" / "templates", paper, ZoneInfo("Asia/Tokyo")), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def test_it_opens_without_a_network_and_shows_tables_and_charts(chromium: Browser, file: Path) -> None:
    chromium.requests.clear()
    chromium.errors.clear()
    chromium.open(file, width=1280, height=900)
    assert chromium.requests == [file.resolve().as_uri()]
    assert chromium.errors == []
    assert chromium.value("document.documentElement.lang") == "ja"
    assert chromium.value("document.querySelectorAll('tr.alarm').length") > 0
    assert chromium.value("document.querySelectorAll('figure svg').length") > 0
    systems = "document.getElementById('systems').textContent"
    assert "未実施" in chromium.value(systems)


def test_a_phone_does_not_scroll_sideways(chromium: Browser, file: Path) -> None:
    chromium.open(file, width=390, height=844, phone=True)
    assert chromium.value("document.documentElement.scrollWidth") == 390


def test_it_prints_on_a4_with_its_lists_open(chromium: Browser, file: Path, tmp_path: Path) -> None:
    chromium.open(file, width=1280, height=900)
    pdf = tmp_path / "truth.pdf"
    chromium.print_pdf(pdf)
    assert "A4" in subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    # The last column of the widest table, and a line of a list that nobody opened.
    assert "復元訓練" in text
    assert LOST in text
    assert "s02-db-1" in text
