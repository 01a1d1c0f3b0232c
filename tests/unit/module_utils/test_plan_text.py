"""A plan at a terminal."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held, Refusal, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import LIVE, Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import (
    change_text,
    group_changes,
    plan_text,
    printable,
    reasons_to_wait,
    summary_line,
)
from tests.support.builders import (
    VCENTER,
    make_change,
    make_desired_machine,
    make_desired_vcenter,
    make_observed_vcenter,
)


def make_plan(*changes: Change, **fields: Any) -> Plan:
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
    return dataclasses.replace(plan, **fields)


WAITS = Text(en="waits for window w", ja="作業時間帯 w を待ちます")
REFUSAL = Refusal(
    vcenter=VCENTER, kind="machine", object="k", label="s01-db02", reason=Text(en="never shrunk", ja="縮小しません")
)
UNMANAGED = Unmanaged(vcenter=VCENTER, kind="machine", object="u", label="theirs")


def test_a_plan_names_its_digest_its_objects_and_its_counts() -> None:
    plan = make_plan(
        make_change(), make_change(field="cpu", before=1, after=2), refusals=(REFUSAL,), unmanaged=(UNMANAGED,)
    )
    text = plan_text(plan)
    assert text.splitlines() == [
        "Plan for lab from commit c0ffee",
        f"digest {plan.digest}",
        "",
        "vc-kyotsu: machine s01-db01",
        "  memory_gb: 8 -> 16 GiB (reboot: needs a power cycle)",
        "  cpu: 1 -> 2 (reboot: needs a power cycle)",
        "",
        "Refused: differs and is not changed here",
        "  vc-kyotsu: machine s01-db02: never shrunk / 縮小しません",
        "",
        "Unmanaged: there and not described, left alone",
        "  vc-kyotsu: machine theirs",
        "",
        "0 to create, 2 to change, 0 of them held, 1 refused, 1 unmanaged",
    ]


def test_a_plan_without_differences_says_so() -> None:
    assert "Nothing to change." in plan_text(make_plan()).splitlines()
    assert "Nothing to change." not in plan_text(make_plan(make_change()))
    assert "Nothing to change." not in plan_text(make_plan(refusals=(REFUSAL,)))


def test_held_changes_are_marked_and_no_others() -> None:
    first, second = make_change(), make_change(field="cpu")
    lines = plan_text(make_plan(first, second), [Held(change=first, reason=WAITS)]).splitlines()
    assert [line for line in lines if "[held 保留: waits for window w / 作業時間帯 w を待ちます]" in line] == [
        "  memory_gb: 8 -> 16 GiB (reboot: needs a power cycle)"
        "  [held 保留: waits for window w / 作業時間帯 w を待ちます]"
    ]
    assert lines[-1].startswith("0 to create, 2 to change, 1 of them held")


def test_objects_of_two_kinds_and_one_name_are_told_apart() -> None:
    switch, store = (make_change(kind=kind, object="x", label="x", field="hosts") for kind in ("switch", "datastore"))
    assert list(group_changes([switch, store])) == [(VCENTER, "switch", "x"), (VCENTER, "datastore", "x")]
    assert plan_text(make_plan(switch, store), [Held(change=switch, reason=WAITS)]).count("[held") == 1
    assert reasons_to_wait([Held(change=switch, reason=WAITS)]) == {(VCENTER, "switch", "x", "hosts"): WAITS}


def test_a_machine_that_is_made_is_described_in_one_line() -> None:
    (change,) = compare_vcenter(make_desired_vcenter(make_desired_machine()), make_observed_vcenter()).changes
    assert change_text(change) == (
        "create 2 vCPU, 8 GiB, disks 40 + 100 GiB on lgwan-fast-01, lgwan-fast-02, pg-lgwan-servers, "
        "in hosted/s01 of lgwan/standard"
    )
    assert summary_line(make_plan(change)).startswith("1 to create, 0 to change")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"action": "create", "kind": "folder", "after": {}}, "create"),
        (
            {"action": "create", "kind": "port_group", "after": {"vlan_id": 5, "switch": "d"}},
            "create switch=d, vlan_id=5",
        ),
        (
            {"field": "disk:data", "before": 40.5, "after": 100},
            "disk:data: 40.5 -> 100 GiB (r)",
        ),
        ({"field": "notes", "before": "a\nb", "after": "c"}, "notes: a | b -> c (r)"),
        (
            {"field": "nic+:1", "before": None, "after": {"mac": "m"}},
            "nic+:1: none -> {mac=m} (r)",
        ),
        (
            {"field": "hosts", "before": ["a"], "after": ["a", "b", "c", "d", "e"]},
            "hosts: ['a'] -> [a … e: 5] (r)",
        ),
    ],
)
def test_one_change_is_one_line(fields: dict[str, Any], expected: str) -> None:
    assert change_text(make_change(**{"risk": "none", "reason": "r", **fields})) == expected


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\nvc-kyotsu: machine forged", "a | vc-kyotsu: machine forged"),
        ("a\x1b[2Jb", "a\\u001b[2Jb"),
        ("a\x9bb", "a\\u009bb"),
        ("a\rb", "a\\u000db"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\u200bb", "a\\u200bb"),
        ("個人番号 ｶﾅ é – ✓", "個人番号 ｶﾅ é – ✓"),
    ],
)
def test_names_that_steer_a_terminal_are_shown_as_codes(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown
    text, harmless = (
        plan_text(
            make_plan(
                make_change(label=name, field="name", before=name, after=f"{name}2"),
                refusals=(dataclasses.replace(REFUSAL, label=name, reason=Text(en=name, ja=name)),),
                unmanaged=(dataclasses.replace(UNMANAGED, label=name),),
            )
        )
        for name in (hostile, "harmless")
    )
    assert text.count(shown) == harmless.count("harmless") == 7
    assert len(text.splitlines()) == len(harmless.splitlines())
