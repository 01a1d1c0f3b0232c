"""A plan for a person at a terminal: grouped by system and object, one line per change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan

_UNITS = {"memory_gb": " GiB"}


def plan_text(plan: Plan, held: Sequence[Held] = ()) -> str:
    """The plan as text; held changes (保留) are marked with what they wait for."""
    waits = {(each.change.vcenter, each.change.object, each.change.field): each.reason for each in held}
    lines = [f"Plan for {plan.environment} from commit {plan.commit}", f"digest {plan.digest}", ""]
    for (vcenter, kind, label), changes in group_changes(plan.changes).items():
        lines.append(f"{vcenter}: {kind} {label}")
        for change in changes:
            reason = waits.get((change.vcenter, change.object, change.field))
            lines.append(f"  {change_text(change)}" + (f"  [held 保留: {reason}]" if reason else ""))
    if plan.refusals:
        lines += ["", "Refused: differs and is not changed here"]
        lines += [f"  {each.vcenter}: {each.kind} {each.label}: {each.reason}" for each in plan.refusals]
    if plan.unmanaged:
        lines += ["", "Unmanaged: there and not described, left alone"]
        lines += [f"  {each.vcenter}: {each.kind} {each.label}" for each in plan.unmanaged]
    lines += ["", summary_line(plan, held)]
    return "\n".join(lines) + "\n"


def summary_line(plan: Plan, held: Sequence[Held] = ()) -> str:
    """Counts of a plan in one line."""
    creations = sum(change.action == "create" for change in plan.changes)
    updates = len(plan.changes) - creations
    return (
        f"{creations} to create, {updates} to change, {len(held)} of them held, "
        f"{len(plan.refusals)} refused, {len(plan.unmanaged)} unmanaged"
    )


def change_text(change: Change) -> str:
    """One change in one line: "memory_gb: 8 -> 16 GiB (reboot: needs a power cycle)"."""
    if change.action == "create":
        return f"create {_creation_text(change)}".rstrip()
    unit = _UNITS.get(change.field, "")
    if change.field.startswith("disk:"):
        unit = " GiB"
    arrow = f"{_value(change.before)} -> {_value(change.after)}{unit}"
    risk = "" if change.risk == "none" else f"{change.risk}: "
    return f"{change.field}: {arrow} ({risk}{change.reason})"


def _creation_text(change: Change) -> str:
    after: Mapping[str, Any] = change.after
    if change.kind != "machine":
        return ", ".join(f"{name}={_value(value)}" for name, value in sorted(after.items()))
    disks = " + ".join(f"{disk['size_gb']}" for disk in after["disks"])
    networks = ", ".join(nic["port_group"] for nic in after["nics"])
    return (
        f"{after['cpu']} vCPU, {after['memory_gb']} GiB, disks {disks} GiB on {_stores(after)}, "
        f"{networks}, in {after['folder']} of {after['cluster']}/{after['resource_pool']}"
    )


def _stores(after: Mapping[str, Any]) -> str:
    return ", ".join(sorted({disk["datastore"] for disk in after["disks"]}))


_LONG_LIST = 4


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > _LONG_LIST:
        return f"[{value[0]} … {value[-1]}: {len(value)}]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_value(each)}" for key, each in value.items()) + "}"
    return "none" if value is None else str(value).replace("\n", " | ")


def group_changes(changes: Sequence[Change]) -> dict[tuple[str, str, str], list[Change]]:
    """Changes by (vCenter, kind, label), in their order."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.vcenter, change.kind, change.label), []).append(change)
    return groups
