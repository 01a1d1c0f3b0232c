"""A plan in Japanese, for the officials who approve it. The English words are those of plan_text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable, value_text

KINDS = {
    "datacenter": "データセンター",
    "folder": "フォルダ",
    "cluster": "クラスタ",
    "host": "ホスト",
    "switch": "分散スイッチ",
    "port_group": "ポートグループ",
    "datastore": "データストア",
    "resource_pool": "リソースプール",
    "tag_category": "タグ区分",
    "tag": "タグ",
    "attribute": "カスタム属性",
    "access_role": "ロール",
    "template": "テンプレート",
    "machine": "仮想サーバ",
    "separation": "分散配置の規則",
}

RISKS = {
    "none": "影響なし",
    "reboot": "再起動を伴う",
    "outage": "業務の中断を伴う",
    "data": "データに影響",
    "destroy": "消去を伴う",
}

_FIELDS = {
    "name": "名称",
    "folder": "フォルダ",
    "resource_pool": "リソースプール",
    "cpu": "vCPU",
    "memory_gb": "メモリ（GiB）",
    "notes": "備考",
    "power": "電源",
    "ha": "HA",
    "drs": "DRS",
    "host_failures_tolerated": "許容ホスト障害数",
    "cluster": "クラスタ",
    "mtu": "MTU",
    "uplinks": "アップリンク数",
    "hosts": "ホスト",
    "switch": "スイッチ",
    "vlan_id": "VLAN",
    "remote_host": "NFSサーバ",
    "remote_path": "NFSパス",
    "cpu_shares": "CPUシェア",
    "memory_shares": "メモリシェア",
    "cardinality": "多重度",
    "privileges": "権限",
    "machines": "仮想サーバ",
    "guest_id": "ゲストOS",
    "disk_gb": "ディスク（GiB）",
}

# Fields of which a machine has several: "disk:data" is the disk called data.
_NUMBERED = {
    "disk": "ディスク（GiB）",
    "disk+": "ディスクの追加",
    "nic": "ネットワーク接続",
    "nic+": "ネットワーク接続の追加",
    "tag": "タグ",
    "attribute": "属性",
}


def change_japanese(change: Change) -> str:
    """One change in one line: "メモリ（GiB）: 8 → 16"."""
    if change.action == "create":
        return _creation(change)
    kind, _, which = change.field.partition(":")
    name = f"{_NUMBERED[kind]} {printable(which)}" if which else _FIELDS[change.field]
    return f"{name}: {value_text(change.before)} → {value_text(change.after)}"


def _creation(change: Change) -> str:
    after: Mapping[str, Any] = change.after
    if change.kind != "machine":
        return "新規作成"
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
