"""Check mode is the plan: exactly what is then applied, and no writing call."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from tests.support.estate_lab import EstateLab, statuses


def changes(outcome: Outcome) -> list[dict[str, Any]]:
    found = [asdict(change) for result in outcome.results for change in result.changes]
    return sorted(found, key=lambda each: (each["vcenter"], each["kind"], each["object"], each["field"]))


def rows(output: str, status: str) -> set[tuple[str, str]]:
    """(object, vCenter) of the table's rows of a status."""
    pattern = rf"^\| {status}  +(\S.*?)  +(vc-\S+)  +\S"
    return {(match[1], match[2]) for match in re.finditer(pattern, output, re.MULTILINE)}


def test_check_on_empty_vcenters_is_exactly_what_is_then_applied(empty: EstateLab) -> None:
    empty.reset_counters()
    foundation = empty.foundation(check=True)
    assert empty.writing_calls() == 0
    made = empty.foundation()
    assert changes(foundation) == changes(made)
    assert {status for status, _ in statuses(made).values()} == {"changed"}

    empty.reset_counters()
    machines = empty.provision(check=True)
    assert empty.writing_calls() == 0
    provisioned = empty.provision()
    assert changes(machines) == changes(provisioned)
    assert machines.digest == provisioned.digest
    assert empty.differences() == []


def test_a_user_sees_in_check_mode_what_is_then_applied(empty: EstateLab) -> None:
    empty.reset_counters()
    check = empty.playbook("foundation", "--check", "--diff", "-v")
    assert check.code == 0, check.output
    assert empty.writing_calls() == 0
    assert "+++ after: vc-mynumber: datacenter lab-osaka-dc-mynumber (described)" in check.output
    made = empty.playbook("foundation", "-v")
    assert made.code == 0, made.output
    assert rows(check.output, "would change") == rows(made.output, "changed") != set()

    empty.reset_counters()
    check = empty.playbook("provision", "--check", "--diff", "-v")
    assert check.code == 0, check.output
    assert empty.writing_calls() == 0
    assert re.search(r'^\+ +"memory_gb": 8', check.output, re.MULTILINE)
    made = empty.playbook("provision", "-v")
    assert made.code == 0, made.output
    assert rows(check.output, "would change") == rows(made.output, "changed")
    assert ("s02-db01", "vc-mynumber") in rows(made.output, "changed")


def test_provision_before_the_foundation_is_refused_and_writes_nothing(empty: EstateLab) -> None:
    empty.reset_counters()
    run = empty.playbook("provision")
    assert run.code != 0
    assert empty.writing_calls() == 0
    assert {name for name, _ in rows(run.output, "refused")} >= {"s02-db01", "s02-ap01", "s02-ap02", "s13-db01"}
    assert "foundation" in run.output
    assert "Traceback" not in run.output


def test_limit_makes_its_machines_and_no_other(empty: EstateLab) -> None:
    empty.foundation()
    run = empty.playbook("provision", "--limit", "s13*")
    assert run.code == 0, run.output
    assert empty.differences() == ["missing: s02-ap01", "missing: s02-ap02", "missing: s02-db01"]


def test_limit_to_one_of_a_pair_makes_it_and_the_next_run_keeps_the_pair_apart(empty: EstateLab) -> None:
    empty.foundation()
    assert statuses(empty.provision("s02-ap01")) == {"s02-ap01": ("changed", "made")}
    rest = empty.provision()
    assert {label: status for label, (status, _) in statuses(rest).items()} == {
        "s02-db01": "changed",
        "s02-ap02": "changed",
        "kyotsu-mynumber/s02-ap": "changed",
        "s13-db01": "changed",
    }
    assert statuses(empty.provision()) == {}
