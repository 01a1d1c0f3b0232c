"""Rules that only a vCenter can break have examples too: the drift of one machine that breaks nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.drift import DriftReport, drift_report
from ansible_collections.kyotsu.platform.plugins.module_utils.drift_forms import drift_html, drift_text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RuleException
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import LIVE_CHECKS
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.snapshots import SnapshotLimits
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedSnapshot
from tests.support.builders import (
    make_desired_machine,
    make_desired_vcenter,
    make_estate,
    make_observed_machine,
    make_observed_vcenter,
)
from tests.support.small_estate import ROOT
from tests.support.yaml_files import read_yaml

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EXAMPLES = ROOT / "tests/data/rules"
FILES = [file for file in sorted(EXAMPLES.glob("*/*.yml")) if file.parent.name in LIVE_CHECKS]
POLICY = read_yaml(ROOT / "platform/policy.yml")
LIMITS = SnapshotLimits(age_hours=POLICY["limits"]["snapshot_age_hours"], chain=POLICY["limits"]["snapshot_chain"])


def drift_of(example: Mapping[str, Any], *exceptions: RuleException, without: str = "") -> DriftReport:
    """Drift of a vCenter whose one machine is as described but for what the example says."""
    snapshots = tuple(ObservedSnapshot(name="forgotten", **each) for each in example["live"]["snapshots"])
    desired = make_desired_vcenter(make_desired_machine())
    observed = make_observed_vcenter(make_observed_machine(snapshots=len(snapshots), snapshot_list=snapshots))
    plan = make_plan(
        environment="lab",
        commit="c0ffee",
        part="everything",
        scope=None,
        observed=[observed],
        comparisons=[compare_vcenter(desired, observed)],
    )
    checks = {rule: group for rule, group in LIVE_CHECKS.items() if rule != without}
    estate = make_estate(exceptions=exceptions)
    return drift_report(estate, plan, [(desired, observed)], LIMITS, NOW, checks=checks)


def exception(thing: str, expires: str) -> RuleException:
    reason = Text(en="A migration", ja="移行作業")
    return RuleException(id="x-9", rule="K-03", object=thing, reason=reason, approver="室長", expires=expires)


def test_every_rule_has_an_example() -> None:
    assert {file.parent.name for file in FILES} == set(LIVE_CHECKS)


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES])
def test_the_example_breaks_exactly_its_rule_and_nobody_else_would_notice(file: Path) -> None:
    rule = file.parent.name
    example = read_yaml(file)
    report = drift_of(example)
    (found,) = report.deviations
    assert (found.rule, found.label) == (rule, "s01-db01")
    assert example["message"] in found.text.en
    assert found.text.ja
    assert found.text.ja != found.text.en
    (of_policy,) = (each for each in POLICY["rules"] if each["id"] == rule)
    assert of_policy["severity"] == example["severity"]
    assert drift_of(example, without=rule).deviations == (), "without the rule nobody notices"
    template = (ROOT / "roles/drift/templates/drift.html.j2").read_text(encoding="utf-8")
    for form in (drift_text(report), drift_html(template, report, make_estate().platform.estate)):
        assert f"[{rule}] " in form


def test_every_check_has_an_example_of_its_own() -> None:
    said = {read_yaml(file)["message"].split()[0] for file in FILES}
    assert len(said) == sum(len(group) for group in LIVE_CHECKS.values())


@pytest.mark.parametrize(
    ("thing", "expires", "count"),
    [
        ("s01-db01", "2026-11-24", 0),
        ("s01-db-1", "2026-12-31", 0),
        ("s01-db01", "2026-11-23", 1),
        ("s01-db02", "2026-12-31", 1),
    ],
)
def test_an_exception_holds_for_its_machine_until_its_day(thing: str, expires: str, count: int) -> None:
    example = read_yaml(FILES[0])
    assert len(drift_of(example, exception(thing, expires)).deviations) == count
