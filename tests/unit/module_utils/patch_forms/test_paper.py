"""What owners and the platform team are shown of a month, in both languages."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import (
    AcceptanceState,
    MonthEvidence,
    month_evidence,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.index import index_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.paper import owner_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.words import (
    RESULT_MARKS,
    STATE_MARKS,
    STATES,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from tests.support.patch_sample import make_acceptance, make_outcome, make_run, sample_estate, sample_runs

ESTATE = sample_estate()
LANGUAGES: tuple[Language, ...] = ("ja", "en")


def month(*runs: Any, accepted: tuple[Any, ...] = ()) -> MonthEvidence:
    return month_evidence(runs or sample_runs(), ESTATE, accepted, month=date(2026, 12, 1), as_of=date(2026, 12, 31))


def paper(number: int = 0, language: Language = "ja", evidence: MonthEvidence | None = None) -> Paper:
    evidence = evidence or month()
    return owner_paper(evidence, evidence.owners[number], ESTATE, language)


def rows(found: Paper, table: str) -> list[dict[str, Any]]:
    return list(json.loads(paper_json(found))["tables"][table]["rows"])


def alerts(found: Paper) -> dict[str, str]:
    return {fact.name: fact.text for fact in found.alerts}


def facts(found: Paper) -> dict[str, str]:
    return {fact.name: fact.text for fact in found.facts}


def test_every_code_has_words_and_a_mark() -> None:
    codes: tuple[tuple[Mapping[Any, Any], set[Any]], ...] = (
        (STATES, set(get_args(AcceptanceState))),
        (STATE_MARKS, set(get_args(AcceptanceState))),
        (RESULT_MARKS, set(Result)),
    )
    for words, expected in codes:
        assert set(words) == expected
        assert all(not isinstance(text, Text) or (text.ja and text.en) for text in words.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_the_same_tables_columns_and_rows(language: Language) -> None:
    for number in range(2):
        found = paper(number, language)
        assert [table.key for table in found.tables()] == [table.key for table in paper(number).tables()]
        for table, japanese in zip(found.tables(), paper(number).tables(), strict=True):
            assert table.title
            assert [column.key for column in table.columns] == [column.key for column in japanese.columns]
            assert all(column.title for column in table.columns)
            assert len(table.rows) == len(japanese.rows)
            assert all(len(row.values) == len(table.columns) for row in table.rows)


def test_a_machine_says_result_reason_times_and_who_in_the_readers_language() -> None:
    ja, en = (rows(paper(language=language), "results") for language in LANGUAGES)
    waits = next(row for row in ja if row["machine"] == "name-s01-db-1")
    assert waits == {
        "system": "s01",
        "machine": "name-s01-db-1",
        "role": "db",
        "result": "切戻し判断待ち",
        "reason": "動作確認で 5432 番ポートが応答しない",
        "started": "2026-12-12T15:31:00+00:00",
        "finished": "2026-12-12T15:36:00+00:00",
        "actor": "基盤担当",
        "change": "CHG-1",
        "mark": "alarm",
    }
    assert next(row for row in en if row["machine"] == "name-s01-db-1")["reason"].startswith("health check failed")


def test_before_and_after_show_kernel_packages_and_the_service_that_is_gone() -> None:
    waits = next(row for row in rows(paper(), "states") if row["machine"] == "name-s01-db-1")
    assert (waits["kernel_before"], waits["kernel_after"], waits["packages"], waits["stopped"]) == (
        "6.1.0-40-amd64",
        "6.1.0-41-amd64",
        2,
        "postgresql",
    )
    assert alerts(paper())["停止したサービス"] == "name-s01-db-1: postgresql"
    assert [(row["package"], row["before"], row["after"], row["count"]) for row in rows(paper(), "packages")] == [
        ("openssl", "3.0.20-1", "3.0.22-1", 2),
        ("sudo", "1.9.13-1", "1.9.13-2", 2),
    ]
    assert len(rows(paper(), "package_steps")) == 4


def test_a_machine_that_nobody_saw_has_no_state_and_is_not_called_clean() -> None:
    (lost,) = rows(paper(1), "states")
    assert (lost["kernel_after"], lost["packages"], lost["services"]) == (None, None, None)
    assert facts(paper(1))["脆弱性未確認"] == "1 台"
    assert [row["unknown"] for row in rows(paper(1), "systems")] == [1, 0]


@pytest.mark.parametrize(
    ("accepted", "said", "until", "marked"),
    [
        ((make_acceptance(),), "受容済", "2027-05-31", None),
        ((make_acceptance(until=date(2026, 12, 30)),), "受容の期限切れ", "2026-12-30", "alarm"),
        ((), "受容の記録なし", None, "alarm"),
    ],
)
def test_an_open_vulnerability_names_who_bears_it_until_when_or_that_nobody_does(
    accepted: tuple[Any, ...], said: str, until: str | None, marked: str | None
) -> None:
    found = paper(evidence=month(accepted=accepted))
    (row,) = rows(found, "open_vulnerabilities")
    assert (row["cve"], row["state"], row["until"], row.get("mark")) == ("CVE-2026-0003", said, until, marked)
    assert (said in alerts(found)) == (marked is not None)


def test_closed_ones_are_listed_with_their_machines() -> None:
    assert [(row["cve"], row["machines"]) for row in rows(paper(), "closed_vulnerabilities")] == [
        ("CVE-2026-0001", "name-s01-ap-1, name-s01-db-1"),
        ("CVE-2026-0002", "name-s01-ap-1, name-s01-db-1"),
    ]


def test_attempts_are_told_only_where_there_were_several() -> None:
    assert [row["result"] for row in rows(paper(), "attempts")] == ["見送り", "適用済"]
    assert "attempts" not in {table.key for table in paper(1).tables()}


def test_a_snapshot_says_how_long_it_is_kept_and_a_decision_where_its_sheet_is() -> None:
    ways = {row["machine"]: row for row in rows(paper(), "ways_back")}
    assert ways["name-s01-db-1"]["decision"] == "decision-s01-db-1.html"
    assert ways["name-s01-ap-1"]["expires"] == "2026-12-16"


def test_who_was_in_no_run_is_told_with_why() -> None:
    (row,) = rows(paper(1), "not_run")
    assert (row["machine"], row["reason"], row["mark"]) == ("name-s03-web-1", "計画にも実施記録にもない", "warning")


def test_an_owner_sees_nothing_of_others_and_no_findings_of_the_platform() -> None:
    text = paper_json(paper())
    assert "s02" not in text
    assert "s09-db01" not in text
    assert "s01" not in paper_json(paper(1))


def test_each_system_has_a_sheet_of_its_own() -> None:
    assert [(each.id, each.name) for each in paper(1).divisions] == [
        ("s02", "s02 システムs02"),
        ("s03", "s03 システムs03"),
    ]
    assert {row.division for table in paper(1).tables() for row in table.rows if row.division} == {"s02", "s03"}


def test_the_list_counts_every_owner_leads_to_its_files_and_shows_findings() -> None:
    files = {"org-1": {"html": "org-1.html", "xlsx": "org-1.xlsx"}}
    found = index_paper(month(), ESTATE, "ja", files)
    owners = found.tables()[0]
    assert [row.links for row in owners.rows] == [files["org-1"], {}]
    assert owners.rows[0].values[owners.index("machines")] == 2
    assert [column.title for column in owners.columns][-2:] == ["HTML", "Excel"]
    assert {fact.text for fact in found.alerts} == {"overdue snapshot of s09-db01"}


def test_a_month_without_any_owner_is_a_list_that_says_so() -> None:
    empty = dataclasses.replace(month(), owners=(), runs=())
    found = index_paper(empty, ESTATE, "ja", {})
    assert found.tables()[0].rows == ()
    assert found.tables()[0].empty == "対象の所管課はありません。"


def test_a_good_month_raises_no_alarm() -> None:
    good = make_run(
        *(make_outcome(key, cves_after=()) for key in ("s01-db-1", "s01-ap-1")), make_outcome("s02-ap-1", owner="org-2")
    )
    found = paper(evidence=month(good))
    assert found.alerts == ()
    assert not [fact for fact in found.facts if fact.mark]
