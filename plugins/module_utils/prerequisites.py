"""What machines need of the foundation: a change whose foundation is missing is refused with the names of what is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.words import joined, kind_name

NEXT_STEP = Text(en="run playbooks/foundation.yml first", ja="先に playbooks/foundation.yml を実行してください")


def split_by_prerequisites(
    changes: Iterable[Change], there: Iterable[Item]
) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """(changes whose foundation is there, refusals of those whose foundation is not)."""
    present = {(item.kind, item.name) for item in there}
    # A change of pool does not say its cluster (it stays the same); a pool of that name is what can be asked for.
    present |= {("resource_pool", name.partition("/")[2]) for kind, name in present if kind == "resource_pool"}
    kept: list[Change] = []
    refused: dict[tuple[str, str, str], tuple[Change, set[tuple[str, str]]]] = {}
    not_made: dict[str, str] = {}
    # Machines come before the rules that name them.
    for change in changes:
        missing = {need for need in _needs(change) if need not in present}
        missing |= {("machine", not_made[uuid]) for uuid in _separated(change) if uuid in not_made}
        if missing:
            refused.setdefault((change.vcenter, change.kind, change.object), (change, set()))[1].update(missing)
            if change.kind == "machine" and change.action == "create":
                not_made[change.after["instance_uuid"]] = change.label
        else:
            kept.append(change)
    return tuple(kept), tuple(
        Refusal(
            vcenter=change.vcenter,
            kind=change.kind,
            object=change.object,
            label=change.label,
            reason=_reason(names),
        )
        for change, names in refused.values()
    )


def _reason(missing: Iterable[tuple[str, str]]) -> Text:
    names = joined(kind_name(kind, name) for kind, name in sorted(missing))
    return Text(
        en=f"missing in vCenter: {names.en}; {NEXT_STEP.en}",
        ja=f"vCenter に存在しません: {names.ja}。{NEXT_STEP.ja}",
    )


def _separated(change: Change) -> Sequence[str]:
    """Instance UUIDs of the machines that a separation rule names."""
    if change.kind != "separation":
        return ()
    machines: Sequence[str] = change.after["machines"] if change.action == "create" else change.after
    return machines


def _needs(change: Change) -> Iterator[tuple[str, str]]:
    if change.kind == "separation":
        yield "cluster", change.object.partition("/")[0]
    if change.kind != "machine":
        return
    if change.action == "create":
        yield from _needs_of_creation(change.after)
    elif change.field == "folder":
        yield "folder", change.after
    elif change.field == "resource_pool":
        yield "resource_pool", change.after
    elif change.field.startswith("disk+:"):
        yield "datastore", change.after["datastore"]
    elif change.field.startswith(("nic:", "nic+:")):
        yield "port_group", change.after["port_group"]
    elif change.field.startswith("tag:"):
        yield "tag", f"{change.field.removeprefix('tag:')}/{change.after}"
    elif change.field.startswith("attribute:"):
        yield "attribute", change.field.removeprefix("attribute:")


def _needs_of_creation(after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "cluster", after["cluster"]
    yield "resource_pool", f"{after['cluster']}/{after['resource_pool']}"
    yield "folder", after["folder"]
    yield "template", after["template"]
    for disk in after["disks"]:
        yield "datastore", disk["datastore"]
    for nic in after["nics"]:
        yield "port_group", nic["port_group"]
    for category, tag in after["tags"].items():
        yield "tag", f"{category}/{tag}"
    for attribute in after["attributes"]:
        yield "attribute", attribute
