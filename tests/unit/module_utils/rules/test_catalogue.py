"""The code's rules and the policy of the repository name each other."""

from __future__ import annotations

import re
from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RECORD_KINDS, Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import CHANGE_CHECKS, CHECKS, LIVE_CHECKS
from tests.support.small_estate import AS_OF, ROOT
from tests.unit.module_utils.rules.test_rules import CERTIFICATE_RULES, READING_RULES


@pytest.fixture(scope="module")
def platform() -> Platform:
    estate = inspect(ROOT, AS_OF).estate
    assert estate is not None
    return estate.platform


def test_the_policy_has_every_rule_that_the_code_checks_and_calls_no_other_checked(platform: Platform) -> None:
    assert {rule.id for rule in platform.rules if rule.checked} == {*CHECKS, *CHANGE_CHECKS, *READING_RULES}


def test_what_is_not_checked_says_why_and_where_it_is(platform: Platform) -> None:
    assert [rule.id for rule in platform.rules if not rule.checked] == ["D-02", "D-03", "K-03"]
    assert all(rule.not_checked is not None for rule in platform.rules if not rule.checked)


def test_what_a_verb_checks_in_place_of_validate_is_checked_there(platform: Platform) -> None:
    assert {rule.id for rule in platform.rules if rule.checked_by == "drift"} == set(LIVE_CHECKS)
    certificates = {rule.id for rule in platform.rules if rule.checked_by == "decommission"}
    assert certificates == set(CERTIFICATE_RULES)
    assert not [rule.id for rule in platform.rules if rule.checked and rule.checked_by]


def test_every_source_resolves_and_every_document_that_somebody_read_says_when(platform: Platform) -> None:
    sources = {source.id: source for source in platform.sources}
    for rule in platform.rules:
        source = sources[rule.source]
        assert source.title, rule.id
        assert source.edition, rule.id
        if source.checked_on is not None:
            assert date.fromisoformat(source.checked_on) <= AS_OF, source.id


def test_a_source_is_used_and_a_file_of_ours_that_it_names_is_there(platform: Platform) -> None:
    assert {rule.source for rule in platform.rules} == {source.id for source in platform.sources}
    named = [path for source in platform.sources for path in re.findall(r"(?:platform|docs)/[\w./-]+", source.title)]
    assert "platform/report.yml" in named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_a_rule_to_be_confirmed_warns_until_a_person_is_named(platform: Platform) -> None:
    for rule in platform.rules:
        assert (rule.confirmed_by is None) == (rule.confirmed_on is None), rule.id
        if rule.status == "confirm" and rule.confirmed_by is None:
            assert rule.severity == "warning", rule.id


def test_the_order_tables_are_explicit_and_hold_every_class_in_use(platform: Platform) -> None:
    order = platform.classification
    assert order.confidentiality == ("3A", "3B", "3C", "2", "1")
    assert (order.integrity, order.availability) == (("2", "1"), ("2", "1"))
    assert platform.limits.offsite_confidentiality in order.confidentiality
    limits = {segment.highest_confidentiality for segment in platform.segments} - {None}
    assert limits <= set(order.confidentiality)


def test_every_kind_of_record_has_a_retention(platform: Platform) -> None:
    assert tuple(item.id for item in platform.retention) == RECORD_KINDS


def test_every_exception_of_the_repository_has_an_effect(platform: Platform) -> None:
    assert [finding for finding in inspect(ROOT, AS_OF).findings if finding.rule == "E-11"] == []
    assert platform.exceptions
