"""JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json, table_csv
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from tests.support.usage_sample import HOSTILE


def test_json_keeps_all_digits_and_says_null_for_what_was_not_collected(paper: Paper) -> None:
    tables = json.loads(paper_json(paper))["tables"]
    assert tables["compared"]["rows"][0]["used_storage_gib"] == 123.456
    assert tables["compared"]["rows"][1]["used_storage_gib"] is None
    assert tables["divisions"]["totals"]["tape_gib"] is None
    assert tables["divisions"]["totals"]["storage_gib"] == 420.5
    assert tables["cost_equipment"]["rows"][0]["bill_yen"] == 1_000_001
    assert tables["clusters_memory"]["rows"][0]["mark"] == "alarm"
    assert tables["fiscal_year"]["rows"][0]["month"] == "2026-04"


def test_both_languages_hold_the_same_numbers_under_the_same_names(papers: dict[Language, Paper]) -> None:
    ja, en = (json.loads(paper_json(papers[language]))["tables"] for language in ("ja", "en"))
    assert list(ja) == list(en)
    for key, table in ja.items():
        assert table["units"] == en[key]["units"]
        assert table["totals"] == en[key]["totals"]
        for one, other in zip(table["rows"], en[key]["rows"], strict=True):
            numbers = [name for name, kind in table["units"].items() if kind != "text"]
            assert [one[name] for name in numbers] == [other[name] for name in numbers]


def test_csv_has_a_title_and_a_value_for_every_column(paper: Paper) -> None:
    for table in paper.tables():
        rows = list(csv.reader(io.StringIO(table_csv(table))))
        assert rows[0] == [column.title for column in table.columns]
        assert {len(row) for row in rows} == {len(table.columns)}
        assert len(rows) == len(table.rows) + 1


def test_csv_lets_no_name_become_a_formula(paper: Paper) -> None:
    table = next(table for table in paper.tables() if table.key == "unmanaged")
    assert list(csv.reader(io.StringIO(table_csv(table))))[1][0] == f"'{HOSTILE}"
