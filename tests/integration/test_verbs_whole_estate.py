"""The whole estate, built by ansible-playbook as a user would build it, and looked at from outside."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.conftest import WholeEstate
from tests.support.estate_lab import EstateLab


def test_every_machine_is_there_as_described(whole: WholeEstate) -> None:
    assert whole.lab.differences() == []
    assert re.search(r"changed \d{3}, unchanged 0, held 0, refused 0, failed 0", whole.provision.output)


def test_a_second_provision_changes_nothing_and_says_so(whole: WholeEstate) -> None:
    whole.lab.reset_counters()
    again = whole.lab.playbook("provision")
    assert again.code == 0, again.output
    assert "Nothing to change: everything is as described." in again.output
    assert re.search(r"changed=0 +unreachable=0 +failed=0", again.output)
    assert whole.lab.writing_calls() == 0


def test_a_second_foundation_changes_nothing_and_says_so(whole: WholeEstate) -> None:
    whole.lab.reset_counters()
    again = whole.lab.playbook("foundation")
    assert again.code == 0, again.output
    assert "Nothing to change: everything is as described." in again.output
    assert re.search(r"changed=0 +unreachable=0 +failed=0", again.output)
    assert whole.lab.writing_calls() == 0


def test_a_plan_needs_no_account_that_writes(whole: WholeEstate) -> None:
    """Without the password of the account that writes, the plan is made all the same."""
    secrets = [whole.lab.laboratory.password_file(vcenter) for vcenter in whole.lab.vcenters]
    whole.lab.reset_counters()
    try:
        for secret in secrets:
            secret.rename(secret.with_suffix(".away"))
        plan = whole.lab.playbook("plan")
    finally:
        for secret in secrets:
            secret.with_suffix(".away").rename(secret)
    assert plan.code == 0, plan.output
    assert "Nothing to change: everything is as described." in plan.output
    assert whole.lab.writing_calls() == 0


def test_a_plan_makes_as_many_calls_for_two_hundred_machines_as_for_none(whole: WholeEstate) -> None:
    whole.lab.plan()  # devices that are new to the cache are read once
    assert calls_of_a_plan(whole.lab) == whole.calls_without_machines
    assert min(whole.calls_without_machines.values()) > 0


def test_a_limit_makes_no_call_more(whole: WholeEstate) -> None:
    assert calls_of_a_plan(whole.lab, "s02-db01") == calls_of_a_plan(whole.lab)


def test_a_small_estate_differs_in_calls_by_its_tags_only(whole: WholeEstate, few: EstateLab) -> None:
    few.plan()
    assert calls_of_a_plan(few).keys() == calls_of_a_plan(whole.lab).keys()
    for vcenter in few.vcenters:
        small, large = few.methods(vcenter), whole.lab.methods(vcenter)
        # The tagging service tells one tag at a time.
        tag = "REST GET /rest/com/vmware/cis/tagging/tag/id"
        assert small.pop(tag) > 0
        assert large.pop(tag) > 0
        assert small == large


def calls_of_a_plan(lab: EstateLab, *names: str) -> dict[str, int]:
    lab.reset_counters()
    lab.plan(*names)
    return lab.calls()


def test_a_plan_of_the_whole_estate_is_written_as_a_page(whole: WholeEstate, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    plan = whole.lab.playbook("plan", "-e", f"output={page}")
    assert plan.code == 0, plan.output
    assert "<html" in page.read_text(encoding="utf-8")


def test_limit_takes_only_the_machines_of_the_pattern(whole: WholeEstate) -> None:
    plan = whole.lab.playbook("plan", "--limit", "s02*")
    assert plan.code == 0, plan.output
    described = len((whole.lab.repository / "systems/s02-public-assistance.yml").read_text().split("- key: ")) - 1
    assert f"changed 0, unchanged {described}," in plan.output.replace("would change", "changed")
