"""The sheets of a retirement: what a reader must find on them, and what must never run over a page."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.handover.readiness import Countdown, Readiness
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.papers import handover, retirement
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.retirement import Notice, templates
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import Treatment
from tests.support.builders import make_system
from tests.support.small_estate import ROOT

ANCHOR = f"7:{'a' * 64}"
SYSTEM = make_system("s31", name="児童扶養手当システム")
GONE = Retirement(
    date="2026-11-30", reason=Text(ja="次期システムへ移行", en="Replaced"), requested_by="所管課", approved_by="室長"
)


def machine(number: int = 1) -> dict[str, Any]:
    steps = [
        {
            "step": "delete",
            "name": "仮想サーバとディスクの削除",
            "at": "2027-01-04T12:00:00+09:00",
            "by": "hanako",
            "entry": 40 + number,
            "entry_hash": "b" * 64,
        }
    ]
    return {
        "key": f"s31-db-{number}",
        "name": f"s31-db{number:02}",
        "role": "db",
        "instance_uuid": "6f0f7c58-3a53-4d0e-9c1b-5d1f0b8a2e47",
        "vcenter": "vc-mynumber",
        "cluster": "kyotsu-mynumber",
        "addresses": ["198.19.2.96"],
        "disks": ["[store-01] s31-db01/s31-db01.vmdk"],
        "reusable_from": "2027-04-04",
        "approved": "CHG-1: p-002, p-003",
        "plan": "c" * 64,
        "last_copy": {
            "copy": 7,
            "manifest_sha256": "d" * 64,
            "tapes": "OSA001L8",
            "tapes_off_site": "OSA010L8",
            "verified": "equal",
            "kept_until": "2032-01-04",
        },
        "steps": steps,
    }


def completion(*machines: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": "logically-deleted",
        "unit": "s31",
        "system": {"id": "s31", "name": "児童扶養手当システム", "owner": "児童担当", "owner_id": "org-301"},
        "segment": "mynumber",
        "confidentiality": "3A",
        "environment": "lab",
        "retirement": {
            "last_day": "2026-11-30",
            "reason": "次期システムへ移行",
            "requested_by": "所管課",
            "approved_by": "室長",
            "records_confirmed_by": "所管課",
            "records_confirmed_on": "2026-11-20",
            "moved_to": None,
        },
        "machines": list(machines),
        "media": {"state": "pending", "equipment": "kyotsu", "method": "physical-destruction"},
        "made": {"on": "2027-01-04", "by": "hanako", "run": "1", "commit": "e" * 40, "chain_head": ANCHOR},
    }


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("owner", "歴史的文書は、該当がないか、又は公文書館へ移管した"),
        ("dependant", "depends_on"),
        ("needed", "通信許可を整理してください"),
    ],
)
def test_a_notice_tells_each_reader_what_is_asked_of_him(role: Any, told: str) -> None:
    page = retirement.notice_sheet(
        templates(ROOT),
        Notice(
            addressee="児童担当",
            role=role,
            about=SYSTEM,
            affected=SYSTEM,
            names=("s31-db01",),
            retirement=GONE,
            grace_days=30,
            printed_on=date(2026, 11, 1),
        ),
    )
    assert told in page
    assert "令和8年11月30日（月）" in page
    assert ("30 日間" in page) == (role == "owner")


def test_a_completion_record_never_calls_itself_an_erasure() -> None:
    page = retirement.completion_sheet(templates(ROOT), completion(machine(1), machine(2)), "f" * 64)
    assert page.count('class="page"') == 3  # what all share, and one for each machine
    assert "論理削除済・媒体処分未了" in page
    assert "これは消去ではない" in page
    assert "f" * 64 in page
    assert "令和9年1月4日" in page


def test_a_system_of_many_machines_does_not_run_over_its_first_page() -> None:
    page = retirement.completion_sheet(templates(ROOT), completion(*map(machine, range(1, 21))), "f" * 64)
    assert page.count('class="page"') == 21
    assert "ほか 4 台" in page
    assert page.count("読戻し照合済") == 16
    assert "物理破壊" in page


def test_a_worklist_has_a_page_for_each_eighteen_media() -> None:
    work = [
        Treatment(
            serial=f"D{number:03}",
            method="destroy" if number % 2 else "purge",
            confidentiality="3A",
            because="s31",
            reason=Text(ja="個人番号利用事務系のデータを保持した", en=""),
        )
        for number in range(37)
    ]
    page = retirement.worklist_sheets(
        templates(ROOT), work, title="s31", witness="鈴木", printed_on=date(2028, 2, 1), anchor=ANCHOR
    )
    assert page.count('class="page"') == 3
    assert page.count("<b>物理破壊</b>") == 18
    assert "全 37 個" in page


def test_a_worklist_of_nothing_says_so() -> None:
    page = retirement.worklist_sheets(
        templates(ROOT), [], title="s31", witness="", printed_on=date(2028, 2, 1), anchor=ANCHOR
    )
    assert "処分の対象となる媒体はありません" in page


def test_a_certificate_names_witness_serials_and_copies_that_are_kept() -> None:
    content = {
        "unit": "s31",
        "system": {"id": "s31", "name": "児童扶養手当システム"},
        "machines": ["s31-db01"],
        "completion_record": "f" * 64,
        "certificate": {"name": "certificate.pdf", "sha256": "a" * 64},
        "witness": "鈴木",
        "media": [{"serial": "D1", "must_destroy": True, "treatment": "destroyed", "performed_on": "2028-02-01"}],
        "copies_kept": [{"machine": "s31-db01", "tapes": "OSA001L8", "kept_until": "2032-01-04"}],
        "made": {"on": "2028-02-08", "by": "hanako", "run": "1", "chain_head": ANCHOR},
    }
    page = retirement.erasure_sheet(templates(ROOT), content, "b" * 64)
    for word in ("鈴木", "D1", "物理破壊", "2028-02-01", "OSA001L8", "2032-01-04", "b" * 64):
        assert word in page


def test_a_readiness_report_counts_days_and_pages() -> None:
    systems = [
        Readiness(
            system=f"s{number:02}",
            name="システム",
            segment="lgwan",
            owner="児童担当",
            equipment="kyotsu",
            state="open",
            machines=("x",),
            media_open=(),
            media_certified=(),
            why=Text(ja="未定", en=""),
        )
        for number in range(41)
    ]
    over = Countdown(
        equipment="kyotsu",
        name="共通プラットフォーム",
        planned=date(2025, 9, 30),
        end=date(2027, 9, 30),
        days=-2,
        custodian=None,
    )
    page = handover.readiness_sheets(
        handover.templates(ROOT),
        systems,
        [over],
        estate="基盤",
        as_of=date(2027, 10, 2),
        digest="c" * 64,
        anchor=ANCHOR,
    )
    assert page.count('class="page"') == 3
    assert "2 日超過" in page
    assert "当初 令和7年9月30日" in page
