"""What a certificate says, and when it says passed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.papers.drill import certificate_page
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import canonical_json
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_certificate import (
    Certificate,
    DrilledMachine,
)
from tests.support.small_estate import ROOT
from tests.support.tapes import START

MACHINE = DrilledMachine(
    machine="s13-db-1",
    name="s13-db01",
    copy_id=2,
    taken_at="2026-11-24T01:00+00:00",
    tapes=("KYT002L8",),
    manifest_digest="a" * 64,
    size_bytes=3 * 2**30,
    stream_seconds=10.123456,
    boot_seconds=4.0,
    seconds=30.0,
    predicted_seconds=25.0,
    stopped=("cron",),
    tried=("198.18.0.1:443",),
    reached=(),
    health="OK postgresql db: port 5432 is open",
    problems=(),
)
CERTIFICATE = Certificate(
    number="DR-20261124-0123456789ab",
    system="s13",
    system_name="試験システム",
    owner="契約局",
    environment="lab",
    began_at=START,
    ended_at=START + timedelta(minutes=3),
    approval="CHG-2026-0001",
    approved_by=("p-002, p-003",),
    executor="hanako",
    network="drill-lgwan-s13",
    closed=True,
    torn_down=True,
    rto_hours=24,
    machines=(MACHINE,),
    not_covered=("s13-ap01",),
    commit="0" * 40,
)


def test_a_drill_without_a_problem_is_passed() -> None:
    assert CERTIFICATE.passed
    assert CERTIFICATE.seconds == 180.0


@pytest.mark.parametrize(
    "change",
    [
        {"closed": False},
        {"torn_down": False},
        {"machines": ()},
        {"machines": (replace(MACHINE, problems=("did not boot within 60 s",)),)},
    ],
)
def test_everything_that_was_not_proven_fails_it(change: dict[str, object]) -> None:
    assert not replace(CERTIFICATE, **change).passed  # type: ignore[arg-type]


def test_it_is_plain_json_with_its_verdict() -> None:
    value = json.loads(canonical_json(CERTIFICATE.as_value()))
    assert (value["passed"], value["problems"], value["format"]) == (True, [], 1)
    assert value["machines"][0]["stream_seconds"] == 10.12


def test_the_page_is_one_sheet_that_says_what_was_proven() -> None:
    page = certificate_page(ROOT, CERTIFICATE, ZoneInfo("Asia/Tokyo"), f"7:{'b' * 64}")
    assert page.count('<section class="page">') == 1
    for text in (
        "復元訓練証明書",
        "合格",
        "試験システム",
        "KYT002L8",
        "CHG-2026-0001",
        "いずれも不通",
        "s13-ap01",
        f"7:{'b' * 64}",
    ):
        assert text in page
    assert "不合格" not in page
    failed = replace(CERTIFICATE, machines=(replace(MACHINE, problems=("did not boot",), reached=("198.18.0.1:443",)),))
    page = certificate_page(ROOT, failed, ZoneInfo("Asia/Tokyo"), f"7:{'b' * 64}")
    assert "不合格" in page
    assert "応答あり" in page
