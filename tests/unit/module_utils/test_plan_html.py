"""A plan as a page for people who approve it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Held, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import LIVE, Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_html import plan_html
from tests.support.builders import VCENTER, make_change, make_estate

TEMPLATE = (Path(__file__).resolve().parents[3] / "roles/plan/templates/plan.html.j2").read_text(encoding="utf-8")
ESTATE = make_estate().platform.estate
NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
HOSTILE = """<script>alert(1)</script>"'&{{ 7*7 }}{% raw %}\u202e"""


class Page(HTMLParser):
    """Tags in their order, text, and whether each opened tag was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(*changes: Any, held: tuple[Held, ...] = (), **fields: Any) -> Page:
    plan = Plan(
        kind=LIVE,
        environment="lab",
        commit="c0ffee",
        part="everything",
        scope=None,
        observed={},
        changes=changes,
        refusals=(),
        unmanaged=(),
    )
    found = Page(plan_html(TEMPLATE, dataclasses.replace(plan, **fields), held, ESTATE, NOW))
    assert found.open == []
    return found


def test_the_page_says_what_is_approved_in_the_time_of_the_data_centre() -> None:
    found = page(make_change())
    assert "2026-11-25 00:30 (Asia/Tokyo)" in found.text
    assert "全体 / everything" in found.text
    assert "memory_gb: 8 -> 16 GiB (reboot: needs a power cycle)" in found.text
    assert "0 to create, 1 to change" in found.text


def test_the_digest_on_the_page_is_that_of_the_plan() -> None:
    plan = Plan(
        kind=LIVE,
        environment="lab",
        commit="c",
        part="machines",
        scope=("s01-db01",),
        observed={},
        changes=(),
        refusals=(),
        unmanaged=(),
    )
    text = plan_html(TEMPLATE, plan, (), ESTATE, NOW)
    assert plan.digest in text
    assert "s01-db01" in text
    assert "変更はありません" in text


def test_the_page_opens_without_a_network_and_runs_nothing() -> None:
    found = page(make_change())
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "link", "img", "iframe", "form", "a"}
    assert not {
        name for _, attributes in found.tags for name in attributes if name in ("src", "href") or name[:2] == "on"
    }
    assert "@import" not in TEMPLATE
    assert "url(" not in TEMPLATE


def test_changes_of_one_object_share_its_row_head() -> None:
    found = page(make_change(), make_change(field="cpu"), make_change(object="x", label="x", risk="none"))
    assert [each["rowspan"] for each in found.of("td") if "rowspan" in each] == ["2", "2", "1", "1"]
    assert [each.get("class") for each in found.of("tr") if "class" in each] == ["reboot", "reboot", "none"]


def test_held_changes_are_marked_with_what_they_wait_for() -> None:
    first, second = make_change(), make_change(field="cpu")
    waits = Text(en="waits for window w", ja="作業時間帯 w を待ちます")
    found = page(first, second, held=(Held(change=second, reason=waits),))
    assert found.of("span").count({"class": "held"}) == 1
    assert found.text.count("保留: 作業時間帯 w を待ちます") == 1
    assert found.text.count("held: waits for window w") == 1


def test_refusals_and_unmanaged_things_are_listed_only_where_there_are_any() -> None:
    reason = Text(en="never shrunk", ja="縮小しません")
    refusal = Refusal(vcenter=VCENTER, kind="machine", object="k", label="s01-db02", reason=reason)
    unmanaged = Unmanaged(vcenter=VCENTER, kind="machine", object="u", label="theirs")
    found = page(refusals=(refusal,), unmanaged=(unmanaged,))
    assert "縮小しませんnever shrunk" in found.text
    assert "vc-kyotsu: 仮想サーバ / machine theirs" in found.text
    assert "Refused" not in page().text
    assert "Unmanaged" not in page().text


@pytest.mark.parametrize("place", ["label", "before", "refusal", "unmanaged", "commit", "scope", "held"])
def test_a_hostile_name_stays_text_wherever_it_stands(place: str) -> None:
    change = make_change(
        label=HOSTILE if place == "label" else "x",
        field="name",
        before=HOSTILE if place == "before" else "x",
    )
    refusal = Refusal(vcenter=VCENTER, kind="machine", object="k", label=HOSTILE, reason=Text(en=HOSTILE, ja=HOSTILE))
    unmanaged = Unmanaged(vcenter=VCENTER, kind="machine", object="u", label=HOSTILE)
    found = page(
        change,
        held=(Held(change=change, reason=Text(en=HOSTILE, ja=HOSTILE)),) if place == "held" else (),
        refusals=(refusal,) if place == "refusal" else (),
        unmanaged=(unmanaged,) if place == "unmanaged" else (),
        commit=HOSTILE if place == "commit" else "c",
        scope=(HOSTILE,) if place == "scope" else None,
    )
    assert """<script>alert(1)</script>"'&{{ 7*7 }}{% raw %}""" in found.text
    assert found.of("script") == []
    if place in ("label", "before", "refusal", "unmanaged"):
        assert "\u202e" not in found.text
