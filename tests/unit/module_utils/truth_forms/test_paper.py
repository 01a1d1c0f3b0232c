"""What stands in the truth report, in every form, and when it says that all is well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper, Row
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.terminal import terminal_text
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.made import Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.media import gap_ja
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.paper import make_truth_paper
from tests.support.small_estate import ROOT
from tests.support.tapes import START
from tests.support.truth_sample import LOST, sample_truth

ZONE = ZoneInfo("Asia/Tokyo")
Sample = tuple[TruthReport, Standing, Estate]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample_truth(tmp_path_factory.mktemp("truth"))


@pytest.fixture(scope="module")
def paper(sample: Sample) -> Paper:
    return make_truth_paper(*sample, "ja")


def row(paper: Paper, table: str, first: str) -> dict[str, object]:
    found = next(each for each in paper.tables() if each.key == table)
    values = next(each for each in found.rows if each.values[0] == first)
    return dict(zip((column.key for column in found.columns), values.values, strict=True)) | {"mark": values.mark}


def test_a_system_is_as_good_as_its_worst_machine(paper: Paper) -> None:
    system = row(paper, "systems", "s02")
    assert system["mark"] == "alarm"
    assert system["drill_state"] == "未実施"
    assert "有効な写しなし" in str(system["state"])  # its other machines have no copy
    machine = row(paper, "machines", "s02-db-1")
    assert (machine["age"], machine["state"]) == (72.0, "RPO超過")


def test_a_copy_that_waits_for_the_courier_stands_apart_from_the_one_in_the_vault(paper: Paper) -> None:
    machine = row(paper, "machines", "s02-db-1")
    assert machine["offsite"] == START + timedelta(days=3)
    assert machine["not_carried"] == START + timedelta(days=4)


@pytest.mark.parametrize(
    ("changes", "ja", "en"),
    [
        ({"last_good_offsite": None}, "遠隔地へ未搬送", "not yet carried"),
        ({"last_good_offsite": None, "last_not_carried": None}, "遠隔地の写しなし", "no copy off site"),
        ({"offsite_late": True}, "遠隔地の写しが古い", "copy off site too old"),
    ],
    ids=["not carried", "none", "late"],
)
def test_what_is_wrong_off_site_is_said_in_both_languages(
    sample: Sample, changes: dict[str, object], ja: str, en: str
) -> None:
    report, standing, estate = sample
    system = next(each for each in report.systems if each.system == "s02")
    machine = replace(next(each for each in system.machines if each.machine == "s02-db-1"), within_rpo=True, **changes)  # type: ignore[arg-type]
    one = replace(report, systems=(replace(system, machines=(machine,), within_rpo=True, age_hours=1.0),))
    (fact,) = (each for each in make_truth_paper(one, standing, estate, "ja").facts if each.name == ja)
    assert (fact.text, fact.mark) == ("1 システム", "alarm")
    for language, words in (("ja", ja), ("en", en)):
        paper = make_truth_paper(one, standing, estate, language)  # type: ignore[arg-type]
        assert row(paper, "machines", "s02-db-1")["state"] == words
        assert row(paper, "machines", "s02-db-1")["mark"] == "alarm"
        assert str(row(paper, "systems", "s02")["state"]).startswith(words)


def test_an_unusual_size_and_a_lost_tape_in_clear_are_told(paper: Paper) -> None:
    anomaly = row(paper, "anomalies", "s02-db-1")
    assert (anomaly["size"], anomaly["usual"], anomaly["percent"]) == (40.0, 10.0, 400.0)
    lost = row(paper, "unreadable", LOST)
    assert (lost["fate"], lost["systems"], lost["points"], lost["plain"]) == ("紛失", 1, 1, 1)
    (alert,) = paper.alerts
    assert alert.name == LOST
    assert "暗号化されていない写し 1 件：直ちに情報政策室へ報告" in alert.text


def test_a_proven_key_is_good_and_the_missing_part_of_another_is_named(sample: Sample, paper: Paper) -> None:
    report, standing, estate = sample
    assert row(paper, "keys", "lgwan-g1")["state"] == "未確認"  # its places are not those of this estate
    named = make_truth_paper(replace(report, keys={"a-g1": ()}), standing, estate, "ja")
    assert row(named, "keys", "a-g1") == {"key": "a-g1", "state": "預託確認済", "gaps": "", "mark": ""}


def test_every_reason_that_a_key_is_not_proven_has_japanese_words(sample: Sample) -> None:
    report, _, _ = sample
    for gap in report.keys["lgwan-g1"]:
        assert gap_ja(gap) != gap


def test_json_has_the_same_keys_in_both_languages(sample: Sample) -> None:
    ja, en = (json.loads(paper_json(make_truth_paper(*sample, language))) for language in ("ja", "en"))
    assert ja["tables"].keys() == en["tables"].keys()
    for key, table in ja["tables"].items():
        assert [list(each) for each in table["rows"]] == [list(each) for each in en["tables"][key]["rows"]]


def test_english_has_no_japanese_but_names(sample: Sample) -> None:
    text = terminal_text(make_truth_paper(*sample, "en"), ZONE, width=None, limit=None)
    assert "not yet drilled" in text
    assert not [line for line in text.splitlines() if any(0x3040 <= ord(letter) <= 0x30FF for letter in line)]


def test_the_page_is_whole_and_names_nothing_to_load(paper: Paper) -> None:
    html = page_html(ROOT / "scripts" / "templates", paper, ZONE)
    assert html.rstrip().endswith("</html>")
    assert "バックアップ実態報告書" in html
    assert "http://" not in html.replace("http://www.w3.org/", "")


def test_nothing_to_say_is_said(sample: Sample) -> None:
    report, standing, estate = sample
    empty = replace(report, systems=(), uncovered=(), anomalies=(), unreadable=(), lost=(), keys={})
    paper = make_truth_paper(empty, standing, estate, "ja")
    assert empty.problems == 0
    assert paper.alerts == ()
    tables = {table.key: table for table in paper.tables()}
    assert tables["keys"].empty == "鍵の記録がありません（搬出できません）"
    assert isinstance(tables["forecast"].rows[0], Row)
    assert "ありません" in terminal_text(paper, ZONE, width=100)


def test_a_report_of_an_estate_without_tape_is_no_error(sample: Sample) -> None:
    report, standing, estate = sample
    text = paper_json(make_truth_paper(replace(report, systems=(), forecast=()), standing, estate, "en"))
    assert json.loads(text)["tables"]["systems"]["rows"] == []
