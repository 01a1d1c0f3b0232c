"""What a module returns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from tests.support.builders import VCENTER, make_change


def result(status: str, *changes: Any, name: str = "s01-db-1") -> Result:
    return Result(vcenter=VCENTER, kind="machine", object=name, label=name, status=status, message="m", changes=changes)


def returned(*results: Result) -> dict[str, Any]:
    outcome = Outcome(
        results=results,
        unchanged=3,
        unmanaged=(Unmanaged(vcenter=VCENTER, kind="machine", object="u", label="theirs"),),
        digest="d",
        seconds=1.2345,
        calls={VCENTER: 9},
        notes=("n",),
    )
    found = outcome.as_result()
    assert json.loads(json.dumps(found)) == found
    return found


@pytest.mark.parametrize(
    ("statuses", "changed"),
    [((), False), (("held", "refused", "failed"), False), (("changed",), True), (("failed", "changed"), True)],
)
def test_changed_is_said_only_when_something_was_changed(statuses: tuple[str, ...], changed: bool) -> None:
    assert returned(*(result(status) for status in statuses))["changed"] is changed


def test_every_result_is_counted_under_its_status() -> None:
    found = returned(result("changed"), result("changed"), result("held"), result("refused"), result("failed"))
    assert found["summary"] == {
        "changed": 2,
        "failed": 1,
        "held": 1,
        "refused": 1,
        "unchanged": 3,
        "unmanaged": 1,
    }
    assert (found["calls"], found["seconds"], found["notes"]) == ({VCENTER: 9}, 1.23, ["n"])


def test_the_diff_shows_both_sides_of_every_field() -> None:
    (diff,) = returned(result("changed", make_change(), make_change(field="cpu", before=1, after=2)))["diff"]
    assert diff["before_header"] == "vc-kyotsu: machine s01-db-1 (vCenter)"
    assert json.loads(diff["before"]) == {"memory_gb": 8.0, "cpu": 1}
    assert json.loads(diff["after"]) == {"memory_gb": 16, "cpu": 2}


def test_the_diff_of_a_creation_has_nothing_before_it() -> None:
    (diff,) = returned(result("changed", make_change(action="create", field="", before=None, after={"cpu": 2})))["diff"]
    assert (diff["before"], json.loads(diff["after"])) == ("", {"cpu": 2})


def test_the_diff_of_an_object_without_properties_says_that_it_comes_to_be() -> None:
    (diff,) = returned(result("changed", make_change(action="create", field="", before=None, after={})))["diff"]
    assert (json.loads(diff["before"]), json.loads(diff["after"])) == ({"exists": False}, {"exists": True})


def test_what_changes_nothing_has_no_diff() -> None:
    assert returned(result("refused"))["diff"] == []
