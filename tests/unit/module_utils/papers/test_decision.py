"""The decision sheet as a printer and its reader see it: one page of A4, with what a person needs to decide."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image

from ansible_collections.kyotsu.platform.plugins.module_utils.papers.decision import (
    DecisionSheet,
    decision_sheet,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from tests.support.browser import Browser, browser
from tests.support.patch_sample import AFTER, HOSTILE, make_facts, make_outcome
from tests.support.small_estate import ROOT

TOKYO = ZoneInfo("Asia/Tokyo")
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
WAITS = make_outcome(
    result=Result.DECISION_NEEDED,
    reason_ja="動作確認で 5432 番ポートが応答しない",
    after=replace(AFTER, services=("cron", "ssh")),
)


def sheet(**changes: Any) -> DecisionSheet:
    return DecisionSheet(
        **{
            "machine": WAITS,
            "run_id": "20261212T153000Z-1",
            "round": "2026-12",
            "change": "CHG-1",
            "content": "patch-2026-12",
            "environment": "lab",
            "system_name": "生活保護システム",
            "owner_name": "福祉総務課",
            "why_not_automatic_ja": "データベースの仮想サーバです。",
            "decide_by": datetime(2026, 12, 13, 0, 0, tzinfo=UTC),
            "last_backup": datetime(2026, 12, 11, 12, 0, tzinfo=UTC),
            "revert_command": "ansible-playbook playbooks/patch.yml --tags revert",
            "keep_command": "ansible-playbook playbooks/patch.yml --tags verify-only",
            "commit": "ab" * 20,
            **changes,
        }
    )


def text(**changes: Any) -> str:
    return decision_sheet(ROOT, sheet(**changes), TOKYO)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as page:
        yield page


def test_it_says_what_was_seen_what_either_way_costs_and_how_it_is_done() -> None:
    page = text()
    for told in (
        "福祉総務課 御中",
        "動作確認で 5432 番ポートが応答しない",
        "今は動いていないサービス：postgresql",
        "令和8年12月13日（日） 00:31 以降）に書き込まれたデータは失われます",
        "この適用で 2 件が解消し、1 件が残っています",
        "令和8年12月13日（日） 09:00",  # decided by
        "--tags revert",
        "--tags verify-only",
        "<td>openssl</td><td>3.0.20-1</td><td>3.0.22-1</td>",
    ):
        assert told in page


def test_without_snapshot_or_backup_these_ways_cannot_be_chosen() -> None:
    page = text(machine=replace(WAITS, snapshot=None), last_backup=None)
    assert "スナップショットがないため選べません" in page
    assert "復元できるバックアップの記録がありません" in page
    assert "--tags revert" not in page


def test_a_machine_that_nobody_saw_again_says_so() -> None:
    page = text(machine=replace(WAITS, after=None, cves_after=None))
    assert "適用後の状態を取得できていません" in page
    assert "今は動いていない" not in page


def test_what_others_named_is_text() -> None:
    page = text(system_name=HOSTILE, machine=replace(WAITS, reason_ja=HOSTILE))
    assert "<script>" not in page


@needs_chromium
def test_it_is_one_page_whose_number_a_scanner_reads_also_when_much_is_to_be_said(
    chromium: Browser, tmp_path: Path
) -> None:
    many = make_facts(packages={f"package-with-a-long-name-{number}": "1.0-1" for number in range(80)})
    much = replace(
        WAITS,
        reason_ja="動作確認に合格しない。" * 40,
        before=replace(many, services=tuple(f"service-{number}" for number in range(40))),
    )
    file, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(text(machine=much), encoding="utf-8")
    chromium.open(file, width=900, height=1200)
    chromium.print_pdf(pdf)
    assert chromium.errors == []
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf.read_bytes())) == 1
    overflow = "[...document.querySelectorAll('.page')].map(p => p.scrollHeight - p.clientHeight)"
    assert chromium.value(overflow) == [0]
    chromium.call("Emulation.setDeviceMetricsOverride", width=900, height=1200, deviceScaleFactor=3, mobile=False)
    picture = tmp_path / "page.png"
    chromium.screenshot(picture, whole=True)
    with Image.open(picture) as image:
        assert {code.text for code in zxingcpp.read_barcodes(image.convert("L"))} == {"RB-202612-S01-DB-1"}
