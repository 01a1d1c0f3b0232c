"""Cost on paper: whose it is, with and without a filter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import CostAllocation, EquipmentCost
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper import make_paper
from tests.support.usage_sample import sample_report


@pytest.fixture
def filtered(estate: Estate) -> UsageReport:
    """Of two systems the first alone, which bears 780,001 of 1,000,001 yen."""
    report = sample_report(estate)
    cost = cost_of(report)
    row = cost.equipment[0]
    first = replace(row, shares=row.shares[:1], divisions=row.divisions[:1])
    header = replace(report.header, system=row.shares[0].system)
    return replace(report, header=header, cost=replace(cost, equipment=(first,)))


def cost_of(report: UsageReport) -> CostAllocation:
    assert report.cost is not None
    return report.cost


def table(paper: Paper, key: str) -> Table:
    return next(each for each in paper.tables() if each.key == key)


@pytest.mark.parametrize(
    ("language", "scope", "whole"),
    [
        ("ja", "対象の費用 (円)", "全体の調達費用 (円)"),
        ("en", "cost of the scope (yen)", "whole procurement cost (yen)"),
    ],
)
def test_a_filtered_report_shows_the_share_of_its_scope_before_the_cost_of_the_whole(
    estate: Estate, filtered: UsageReport, language: Language, scope: str, whole: str
) -> None:
    paper = make_paper(filtered, estate, language)
    equipment = table(paper, "cost_equipment")
    titles = [column.title for column in equipment.columns]
    assert titles.index(scope) + 1 == titles.index(whole)
    assert equipment.values("scope_yen") == (780_001,)
    assert equipment.values("bill_yen") == (1_000_001,)
    months = table(paper, "fiscal_year")
    assert months.column("bill_yen").title == whole
    assert "780,001" in months.notes[0]


def test_without_a_filter_nothing_is_headed_as_the_whole(paper: Paper) -> None:
    equipment, months = table(paper, "cost_equipment"), table(paper, "fiscal_year")
    assert "scope_yen" not in [column.key for column in equipment.columns]
    assert not [column.title for each in (equipment, months) for column in each.columns if "全体" in column.title]
    assert months.notes == ()


@pytest.mark.parametrize(("language", "word"), [("ja", "請求"), ("en", "bill")])
def test_a_trial_calculation_speaks_of_no_demand_for_payment(
    papers: dict[Language, Paper], language: Language, word: str
) -> None:
    titles = [
        title
        for section in papers[language].sections
        for each in section.tables
        for title in (section.title, each.title, *each.notes, *(column.title for column in each.columns))
    ]
    assert [title for title in titles if word in title] == []


def test_one_word_names_a_limit_and_another_what_a_number_is_about(papers: dict[Language, Paper]) -> None:
    for each in papers["ja"].tables():
        for column in each.columns:
            if column.key == "basis":
                assert column.title == "区分", each.key
            assert column.title != "基準"


def test_the_headline_tells_what_no_system_bears(estate: Estate) -> None:
    report = sample_report(estate)
    row: EquipmentCost = cost_of(report).equipment[0]
    dear = replace(row, bill_yen=1_200_001, unallocated_yen=200_000)
    paper = make_paper(replace(report, cost=replace(cost_of(report), equipment=(dear,))), estate, "ja")
    assert headline(paper) == "1,000,001 円（調達費用 1,200,001 円、うち未按分 200,000 円）"


def test_the_headline_of_a_filtered_report_tells_the_cost_of_the_whole(estate: Estate, filtered: UsageReport) -> None:
    assert headline(make_paper(filtered, estate, "ja")) == "780,001 円（全体の調達費用 1,000,001 円）"


def test_the_headline_is_one_number_where_all_is_allocated(paper: Paper) -> None:
    assert headline(paper) == "1,000,001 円"


def headline(paper: Paper) -> str:
    return next(fact.text for fact in paper.facts if fact.name.startswith("費用按分"))
