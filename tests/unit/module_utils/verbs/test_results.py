"""Results of what was not tried."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Held, Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.results import (
    by_object,
    held,
    refused,
    would_change,
)
from tests.support.builders import VCENTER, make_change


def test_check_mode_shows_one_result_per_object_with_all_its_changes() -> None:
    first, second, other = make_change(), make_change(field="cpu"), make_change(object="k2", label="n2")
    results = would_change([first, other, second])
    assert [(each.object, each.status, each.message) for each in results] == [
        ("s01-db-1", "changed", "would be changed"),
        ("k2", "changed", "would be changed"),
    ]
    assert results[0].changes == (first, second)
    assert would_change([make_change(action="create")])[0].message == "would be created"


def test_each_held_change_is_a_result_of_its_own_with_its_reason() -> None:
    changes = [make_change(), make_change(field="cpu")]
    results = held(Held(change=change, reason=Text(en="waits", ja="待ちます")) for change in changes)
    assert [(each.status, each.message, each.changes) for each in results] == [
        ("held", "memory_gb: waits", (changes[0],)),
        ("held", "cpu: waits", (changes[1],)),
    ]


def test_each_refusal_is_a_result_and_changes_nothing() -> None:
    reason = Text(en="why", ja="理由")
    (result,) = refused([Refusal(vcenter=VCENTER, kind="machine", object="k", label="n", reason=reason)])
    assert (result.status, result.message, result.changes) == ("refused", "why", ())
    assert result.message_ja == "理由"


def test_objects_of_one_name_are_told_apart_by_vcenter_and_kind() -> None:
    changes = [
        make_change(),
        make_change(vcenter="vc-mynumber"),
        make_change(kind="switch"),
    ]
    assert [len(group) for group in by_object(changes).values()] == [1, 1, 1]
    assert by_object([]) == {}
