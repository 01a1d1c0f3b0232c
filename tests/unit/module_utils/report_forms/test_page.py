"""What the page makes of a table: links to files beside it, and tables that only machines read."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Paper,
    Row,
    Section,
    Table,
)
from tests.support.small_estate import ROOT

TABLE = Table(
    key="files",
    title="files",
    columns=(Column(key="name", title="name"), Column(key="file", title="file")),
    rows=(
        Row(values=("one", "page"), links={"file": 'a"b.html'}),
        Row(values=("two", "none")),
    ),
)


def page(table: Table) -> str:
    paper = Paper(
        language="en",
        title="title",
        subtitle="",
        facts=(),
        alerts=(),
        notes=(),
        missing=(),
        sections=(Section(key="only", title="files", tables=(table,)),),
        divisions=(),
        total_word="total",
        not_collected_word="not collected",
    )
    return page_html(ROOT / "scripts/templates", paper, ZoneInfo("Asia/Tokyo"))


def test_a_value_with_a_file_leads_to_it_and_the_others_do_not() -> None:
    html = page(TABLE)
    assert '<a href="a&#34;b.html">page</a>' in html
    assert html.count("<a href=") == 2  # and the one of the section
    assert '<td class="text">one</td>' in html


def test_a_table_that_only_machines_read_is_not_on_the_page() -> None:
    assert "two" not in page(replace(TABLE, drawn=True))
