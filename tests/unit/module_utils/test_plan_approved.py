"""What is left of an approved plan is applied as it was approved; anything else is not covered by it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import LIVE, Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_approved import plan_of_document, remaining_changes
from tests.support.builders import make_change

MEMORY = make_change(object="s01-db-1", field="memory_gb", before=8, after=16)
DISK = make_change(object="s01-db-1", field="disk:data", before=100, after=200)


def creation(datastore: str, size_gb: int = 100) -> Change:
    disks = [{"name": "system", "size_gb": size_gb, "datastore": datastore}]
    return make_change(object="s01-db-2", action="create", field="", before=None, after={"cpu": 2, "disks": disks})


def plan(*changes: Change, **fields: Any) -> Plan:
    values: dict[str, Any] = {
        "kind": LIVE,
        "environment": "lab",
        "commit": "c0ffee",
        "part": "everything",
        "scope": None,
        "observed": {"vc-kyotsu": "1"},
        "changes": changes,
        "refusals": (),
        "unmanaged": (),
    }
    return Plan(**{**values, **fields})


def test_a_plan_comes_back_from_its_document_with_its_digest() -> None:
    written = plan(MEMORY, creation("a"), scope=("s01-db01",))
    assert plan_of_document(written.document()).digest == written.digest


@pytest.mark.parametrize("left", [(MEMORY, DISK), (DISK,), ()])
def test_what_is_done_or_still_waits_leaves_the_plan_in_force(left: tuple[Change, ...]) -> None:
    today = plan(*left, observed={"vc-kyotsu": "2"})
    assert remaining_changes(plan(MEMORY, DISK), today) == left


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(MEMORY, after=32),
        dataclasses.replace(MEMORY, before=4),
        dataclasses.replace(MEMORY, object="s01-db-9", label="s01-db09"),
        dataclasses.replace(MEMORY, risk="outage"),
        dataclasses.replace(MEMORY, vcenter="vc-mynumber"),
        creation("a"),
    ],
)
def test_a_difference_that_was_not_approved_ends_it(other: Change) -> None:
    with pytest.raises(ValueError, match=f"not in it: {other.label} {other.field or 'create'}"):
        remaining_changes(plan(MEMORY, DISK), plan(other, DISK))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("kind", "review", "of kind"),
        ("environment", "production", "made for lab"),
        ("commit", "c0ffee+1", "from commit"),
        ("part", "machines", "plan of everything"),
        ("scope", ("s01-db01",), "other machines"),
    ],
)
def test_another_question_ends_it_though_the_changes_are_the_same(field: str, value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        remaining_changes(plan(MEMORY), plan(MEMORY, **{field: value}))


def test_a_new_disk_goes_where_it_was_approved_to_go() -> None:
    assert remaining_changes(plan(creation("a")), plan(creation("b"))) == (creation("a"),)


def test_a_new_machine_of_another_size_is_another_machine() -> None:
    with pytest.raises(ValueError, match="not in it"):
        remaining_changes(plan(creation("a")), plan(creation("a", size_gb=200)))


def test_a_document_of_another_shape_is_refused() -> None:
    document = plan(MEMORY).document()
    document["changes"][0]["surprise"] = 1
    with pytest.raises(ValueError, match="of this version"):
        plan_of_document(document)
