"""Changes whose foundation is missing are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.prerequisites import split_by_prerequisites
from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item
from tests.support.builders import (
    make_change,
    make_estate,
    make_machine,
    make_observed_vcenter,
    make_system,
)


def foundation_and_changes() -> tuple[list[Item], list[Change]]:
    pair = [make_machine(f"s01-db-{number}", pair="db") for number in (1, 2)]
    (desired, _) = desired_state(make_estate(make_system("s01", *pair)), {})
    comparison = compare_vcenter(desired, make_observed_vcenter(), foundation=False)
    return [item for item in desired.items if item.kind != "separation"], list(comparison.changes)


def test_everything_passes_when_the_foundation_is_there() -> None:
    items, changes = foundation_and_changes()
    kept, refused = split_by_prerequisites(changes, items)
    assert list(kept) == changes
    assert [change.kind for change in kept] == ["machine", "machine", "separation"]
    assert refused == ()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cluster", "lgwan"),
        ("resource_pool", "lgwan/standard"),
        ("folder", "hosted/s01"),
        ("template", "tpl-debian-12"),
        ("datastore", "lgwan-fast-01"),
        ("port_group", "pg-lgwan-servers"),
        ("tag", "kyotsu-wave/canary"),
        ("attribute", "kyotsu-origin"),
    ],
)
def test_a_machine_is_not_made_while_something_is_missing(kind: str, name: str) -> None:
    items, changes = foundation_and_changes()
    kept, refused = split_by_prerequisites(changes, [item for item in items if (item.kind, item.name) != (kind, name)])
    # The rule that keeps both apart cannot be made without one either; the other lies on the other datastore.
    assert [change.object for change in kept] == (["s01-db-2"] if kind == "datastore" else [])
    reasons = {refusal.object: refusal.reason.en for refusal in refused}
    assert f"{kind} {name}" in reasons["s01-db-1"]
    assert "run playbooks/foundation.yml first" in reasons["s01-db-1"]
    assert "machine name-s01-db-1" in reasons["lgwan/s01-db"]


def test_everything_that_is_missing_is_named_once_per_machine() -> None:
    _, changes = foundation_and_changes()
    _, refused = split_by_prerequisites(changes, [])
    assert len(refused) == 3
    assert "cluster lgwan, datastore lgwan-fast-01, folder hosted/s01" in next(
        refusal.reason.en for refusal in refused if refusal.object == "s01-db-1"
    )


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ({"field": "folder", "after": "hosted/s01"}, "folder hosted/s01"),
        ({"field": "resource_pool", "after": "critical"}, "resource_pool critical"),
        ({"field": "disk+:log", "after": {"datastore": "d", "size_gb": 1, "position": 1}}, "datastore d"),
        ({"field": "nic:0", "after": {"port_group": "pg"}}, "port_group pg"),
        ({"field": "nic+:1", "after": {"port_group": "pg"}}, "port_group pg"),
        ({"field": "tag:kyotsu-wave", "after": "wave-1"}, "tag kyotsu-wave/wave-1"),
        ({"field": "attribute:kyotsu-owner", "after": "org-1"}, "attribute kyotsu-owner"),
    ],
)
def test_an_update_needs_what_it_names_and_the_other_changes_go_on(change: dict[str, Any], needed: str) -> None:
    blocked, free = make_change(**change), make_change(field="cpu", after=4)
    kept, (refusal,) = split_by_prerequisites([blocked, free], [])
    assert kept == (free,)
    assert needed in refusal.reason.en
    kind, _, name = needed.partition(" ")
    item = Item(kind=kind, name=f"lgwan/{name}" if kind == "resource_pool" else name)
    assert split_by_prerequisites([blocked, free], [item]) == ((blocked, free), ())


@pytest.mark.parametrize("after", [["a", "b"], {"machines": ["a", "b"]}])
def test_a_rule_over_machines_that_are_there_needs_its_cluster_only(after: object) -> None:
    action = "create" if isinstance(after, dict) else "update"
    change = make_change(kind="separation", object="lgwan/s01-db", action=action, field="machines", after=after)
    assert split_by_prerequisites([change], [Item(kind="cluster", name="lgwan")]) == ((change,), ())
    assert "cluster lgwan" in split_by_prerequisites([change], [])[1][0].reason.en


def test_changes_of_the_foundation_need_nothing_here() -> None:
    change = make_change(kind="port_group", object="pg", field="vlan_id", after=1)
    assert split_by_prerequisites([change], []) == ((change,), ())
