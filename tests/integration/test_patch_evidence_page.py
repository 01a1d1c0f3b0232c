"""The evidence of an owner and the list of all, opened in a real browser: no network, phone, paper."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import write_run
from scripts import patch_evidence
from tests.support.browser import Browser, browser
from tests.support.patch_sample import HOSTILE, make_outcome, make_run, sample_runs
from tests.support.small_estate import ROOT


def owner_of(system: str) -> str:
    return load_estate(ROOT).estate.system_by_id[system].owner


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of a month as the script writes it: forty machines of s02 and what others named."""
    folder = tmp_path_factory.mktemp("pack")
    many = [make_outcome(f"s02-ap-{number}", name=f"s02-ap{number:02}", actor=HOSTILE) for number in range(1, 41)]
    for number, run in enumerate((make_run(*many, run_id="many"), *sample_runs())):
        (folder / f"{number}.json").write_text(write_run(run), encoding="utf-8")
    arguments = ["--month", "2026-12", "--as-of", "2026-12-31", "--runs", str(folder)]
    assert patch_evidence.main([*arguments, "--output", str(folder / "out")]) == patch_evidence.NEEDS_A_PERSON
    return folder / "out" / "2026-12"


@pytest.fixture(scope="module")
def page(pack: Path) -> Path:
    return pack / f"{owner_of('s02')}.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def test_the_browser_shows_it_in_japanese_and_loads_nothing(chromium: Browser, page: Path) -> None:
    chromium.requests.clear()
    chromium.errors.clear()
    chromium.open(page, width=1280, height=900)
    assert chromium.requests == [page.resolve().as_uri()]
    assert chromium.errors == []
    assert chromium.value("document.documentElement.lang") == "ja"
    assert "更新適用実施報告書（令和8年12月分）" in chromium.value("document.querySelector('h1').textContent")
    assert chromium.value("[...document.querySelectorAll('#results tbody tr')].length") >= 40


def test_names_of_others_are_text(chromium: Browser, page: Path) -> None:
    assert "<script>" not in page.read_text(encoding="utf-8")
    chromium.open(page, width=1280, height=900)
    shown = "document.querySelector('#results tbody').textContent"
    assert HOSTILE in chromium.value(shown)


def test_a_phone_does_not_scroll_sideways(chromium: Browser, page: Path) -> None:
    chromium.open(page, width=390, height=844, phone=True)
    assert chromium.value("document.documentElement.scrollWidth") == 390


def test_it_prints_on_a4_with_every_package_and_closed_vulnerability(
    chromium: Browser, page: Path, tmp_path: Path
) -> None:
    chromium.open(page, width=1280, height=900)
    pdf = tmp_path / "report.pdf"
    chromium.print_pdf(pdf)
    assert "A4" in subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    for told in ("s02-ap01", "s02-ap40", "CVE-2026-0003", "CVE-2026-0001", "3.0.22-1", "受容の記録なし", "CHG-1"):
        assert told in text, told


def test_the_list_leads_to_the_report_of_each_owner(chromium: Browser, pack: Path, page: Path) -> None:
    chromium.open(pack / "index.html", width=1280, height=900)
    leads = chromium.value("[...document.querySelectorAll('td a')].map(each => each.getAttribute('href'))")
    assert page.name in leads
    assert all((pack / name).is_file() for name in leads)
    assert {name.rpartition(".")[2] for name in leads} == {"html", "xlsx", "json"}
    assert not re.search(
        r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", (pack / "index.html").read_text(encoding="utf-8")
    )
