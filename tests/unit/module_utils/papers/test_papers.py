"""The papers as a printer and a scanner see them: one page of A4 each, and every code can be read back."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from PIL import Image

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    LockedKey,
    join_parts,
    lock_key,
    new_passphrase,
    unlock_key,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Candidate, plan_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import TransportCase
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.keys import (
    EscrowSheet,
    escrow_pages,
    key_page,
    passphrase_page,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import japanese_date
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.symbols import code39_svg
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.vault import (
    Occasion,
    courier_manifests,
    sheets,
    work_orders,
)
from tests.support.browser import Browser, browser
from tests.support.small_estate import ROOT
from tests.support.tapes import make_pool, make_status

TEMPLATES = ROOT / "roles/vault/templates"
DAY = date(2026, 12, 1)
ANCHOR = f"1234:{'ab12' * 16}"
OCCASION = Occasion(
    site="データセンター",
    vault="遠隔地保管先",
    courier="集配業者",
    library="library-1",
    permission="情報政策室長",
    anchor=ANCHOR,
    commit="0" * 40,
    seals={"CASE-LG-01": "SEAL-000123"},
    pool_names={"lgwan-c3-offsite": "LGWAN接続系・機密性3・遠隔地"},
)
CASES = (TransportCase(id="CASE-LG-01", segment="lgwan", tapes=20, basis="assumed"),)

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")


def plan_of(tapes: int, returning: int = 0):  # type: ignore[no-untyped-def]
    going = [Candidate(make_status(f"KYT{n:03}L8", position=str(n)), copies=3) for n in range(tapes)]
    coming = [
        Candidate(make_status(f"KYT{n:03}L8", place="vault", state="expired", case="CASE-LG-01"), copies=1)
        for n in range(500, 500 + returning)
    ]
    return plan_vault(DAY, [*going, *coming], (make_pool(),), CASES, 4)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as page:
        yield page


def printed(page: Browser, folder: Path, html: str) -> int:
    """How many pages a printer gives; and nothing was asked from the network, nothing failed."""
    file, pdf = folder / "page.html", folder / "page.pdf"
    file.write_text(html, encoding="utf-8")
    page.open(file, width=900, height=1200)
    page.print_pdf(pdf)
    assert page.errors == []
    assert {request.partition(":")[0] for request in page.requests} <= {"file", "about"}
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf.read_bytes()))


QR, BARS = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code39


def scanned(page: Browser, folder: Path, *kinds: zxingcpp.BarcodeFormat) -> set[str]:
    """Every code of these kinds that is found on a picture of the page just printed, at about 380 dots per inch.

    A reader that looks for every kind there is finds one now and then in the noise of a dense code.
    """
    page.call("Emulation.setDeviceMetricsOverride", width=900, height=1200, deviceScaleFactor=4, mobile=False)
    picture = folder / "page.png"
    page.screenshot(picture, whole=True)
    with Image.open(picture) as image:
        return {code.text for code in zxingcpp.read_barcodes(image.convert("L"), formats=list(kinds or (QR, BARS)))}


@needs_chromium
@pytest.mark.parametrize("tapes", [1, 20])
def test_a_work_order_is_exactly_one_page(chromium: Browser, tmp_path: Path, tapes: int) -> None:
    assert printed(chromium, tmp_path, work_orders(TEMPLATES, plan_of(tapes), OCCASION)) == 1


@needs_chromium
def test_every_code_of_a_work_order_is_read_from_paper(chromium: Browser, tmp_path: Path) -> None:
    assert printed(chromium, tmp_path, work_orders(TEMPLATES, plan_of(20), OCCASION)) == 1
    assert scanned(chromium, tmp_path) == {
        *(f"KYT{n:03}L8" for n in range(20)),
        "CASE-LG-01",
        "WO-20261201-01",
        f"KYOTSU-ANCHOR {ANCHOR}",
    }


@needs_chromium
def test_nothing_is_cut_off_a_full_page(chromium: Browser, tmp_path: Path) -> None:
    printed(chromium, tmp_path, work_orders(TEMPLATES, plan_of(25, returning=20), OCCASION))
    overflow = "[...document.querySelectorAll('.page')].map(p => p.scrollHeight - p.clientHeight)"
    assert chromium.value(overflow) == [0, 0]


@needs_chromium
def test_manifest_and_receipt_are_a_page_each_and_name_no_data(chromium: Browser, tmp_path: Path) -> None:
    html = courier_manifests(TEMPLATES, plan_of(20), OCCASION)
    assert printed(chromium, tmp_path, html) == 2
    assert "媒体搬出票" in html
    assert "媒体受領書" in html
    assert "lgwan" not in html
    assert "機密性" not in html


@needs_chromium
@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_drill_reads_the_key_back_from_paper_and_words(chromium: Browser, tmp_path: Path, bits: int) -> None:
    pem = rsa.generate_private_key(public_exponent=65537, key_size=bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    phrase = new_passphrase()
    locked = lock_key("lgwan-g1", pem, phrase)
    html = key_page(TEMPLATES, locked, "SHA256:00", DAY)
    assert printed(chromium, tmp_path, html) == 1
    codes = scanned(chromium, tmp_path, QR)
    assert unlock_key(join_parts(codes), phrase) == pem
    # A word may by chance be one of the page itself ("border").
    own = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("key_page.html.j2", "paper.html.j2"))
    assert not any(word in html for word in phrase.split() if len(word) > 5 and word not in own)


@needs_chromium
def test_a_key_that_does_not_fit_is_split_over_pages(chromium: Browser, tmp_path: Path) -> None:
    large = LockedKey("lgwan-g1", bytes(range(256)) * 18)
    assert printed(chromium, tmp_path, key_page(TEMPLATES, large, "SHA256:00", DAY)) == 2
    assert join_parts(scanned(chromium, tmp_path, QR)) == large


@needs_chromium
def test_words_and_sheets_are_a_page_each(chromium: Browser, tmp_path: Path) -> None:
    locked = lock_key("lgwan-g1", _small_key(), phrase := new_passphrase())
    assert printed(chromium, tmp_path, passphrase_page(TEMPLATES, locked, phrase, DAY)) == 1
    escrow = [EscrowSheet(number, "東京事務所", "word " * 20) for number in range(1, 5)]
    assert printed(chromium, tmp_path, escrow_pages(TEMPLATES, locked, escrow, 2, DAY)) == 4


def test_the_paper_opens_with_nothing_but_openssl(tmp_path: Path) -> None:
    pem = _small_key()
    phrase = new_passphrase()
    key = tmp_path / "key.der"
    key.write_bytes(lock_key("lgwan-g1", pem, phrase).content)
    command = ["openssl", "pkcs8", "-inform", "DER", "-in", str(key), "-passin", "stdin"]
    opened = subprocess.run(command, input=f"{phrase}\n".encode(), capture_output=True, check=True, timeout=30)
    assert opened.stdout == pem
    wrong = f"{new_passphrase()}\n".encode()
    assert subprocess.run(command, input=wrong, capture_output=True, check=False, timeout=30).returncode != 0


def test_more_tapes_than_rows_make_another_sheet() -> None:
    plan = plan_of(20, returning=3)
    assert [(sheet.direction, len(sheet.moves), sheet.number) for sheet in sheets(plan, {})] == [
        ("out", 20, "WO-20261201-01"),
        ("in", 3, "WO-20261201-02"),
    ]


def test_a_day_without_tapes_says_so_and_why() -> None:
    waiting = [Candidate(make_status("KYT001L8"), copies=2, unread=2)]
    html = work_orders(TEMPLATES, plan_vault(DAY, waiting, (make_pool(),), CASES, 4), OCCASION)
    assert "この日に搬出・搬入する媒体はありません" in html
    assert "読み戻しで確認できていない写し 2 件" in html


def test_what_a_label_says_is_text_and_never_markup() -> None:
    with pytest.raises(ValueError, match="no small letters"):
        code39_svg("<script>", height_mm=5)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 12, 1), "令和8年12月1日（火）"),
        (date(2019, 5, 1), "令和元年5月1日（水）"),
    ],
)
def test_dates_are_written_as_officials_do(day: date, text: str) -> None:
    assert japanese_date(day) == text


def test_a_day_before_the_era_is_refused() -> None:
    with pytest.raises(ValueError, match="before 令和"):
        japanese_date(date(2019, 4, 30))


def _small_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
