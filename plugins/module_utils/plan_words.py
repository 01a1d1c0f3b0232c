"""A plan in Japanese, for the officials who approve it. The English words are those of plan_text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable, value_text
from ansible_collections.kyotsu.platform.plugins.module_utils.words import FIELDS, NUMBERED


def change_japanese(change: Change) -> str:
    """One change in one line: "メモリ（GiB）: 8 → 16"."""
    if change.action == "create":
        return _creation(change)
    return f"{field_japanese(change)}: {value_text(change.before)} → {value_text(change.after)}"


def field_japanese(change: Change) -> str:
    """What of its object a change is about: "ディスク（GiB） data"."""
    if change.action == "create":
        return "新規作成"
    kind, _, which = change.field.partition(":")
    return f"{NUMBERED[kind]} {printable(which)}" if which else FIELDS[change.field]


def _creation(change: Change) -> str:
    after: Mapping[str, Any] = change.after
    if change.kind != "machine":
        return field_japanese(change)
    disks = "＋".join(str(disk["size_gb"]) for disk in after["disks"])
    networks = "、".join(printable(nic["port_group"]) for nic in after["nics"])
    return (
        f"新規作成: {after['cpu']} vCPU、メモリ {after['memory_gb']} GiB、ディスク {disks} GiB、{networks}、"
        f"クラスタ {printable(after['cluster'])}"
    )


def summary_japanese(plan: Plan, held: Sequence[Held] = ()) -> str:
    """Counts of a plan in one line."""
    creations = sum(change.action == "create" for change in plan.changes)
    return (
        f"新規作成 {creations} 件、変更 {len(plan.changes) - creations} 件（うち保留 {len(held)} 件）、"
        f"実施しないもの {len(plan.refusals)} 件、管理対象外 {len(plan.unmanaged)} 件"
    )
