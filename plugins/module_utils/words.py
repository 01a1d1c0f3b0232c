"""The words of plans, reviews and reports in both languages: one table, so that one thing has one name everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

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

# What a risk of change.RISKS means for those who use the object.
RISKS = {
    "none": Text(en="interrupts nobody", ja="影響なし"),
    "reboot": Text(en="power cycle", ja="電源の入れ直しを伴う"),
    "outage": Text(en="interrupts service", ja="業務の中断を伴う"),
    "data": Text(en="data at risk", ja="データに影響"),
    "destroy": Text(en="destroys", ja="消去を伴う"),
}

POWER = {"on": "オン", "off": "オフ", "suspended": "サスペンド"}

# Fields of the description and of what vCenter holds. In English a field is its name without the underscores.
FIELDS = {
    "admission_policy": "アドミッションコントロール",
    "approver": "承認者",
    "assets": "物理機器",
    "assumed": "仮定した項目",
    "availability": "可用性",
    "backup": "バックアップ",
    "backup_class": "バックアップ区分",
    "backup_classes": "バックアップ区分",
    "capacity_gb": "容量（GiB）",
    "cardinality": "多重度",
    "classification": "情報資産分類",
    "cluster": "クラスタ",
    "clusters": "クラスタ",
    "confidentiality": "機密性",
    "count": "台数",
    "cpu": "vCPU",
    "cpu_shares": "CPUシェア",
    "datastores": "データストア",
    "depends_on": "連携先",
    "description": "説明",
    "desktop_pools": "仮想端末プール",
    "disk_gb": "ディスク（GiB）",
    "drs": "DRS",
    "edition": "版",
    "end": "終了",
    "equipment": "調達単位",
    "exceptions": "例外",
    "expires": "期限",
    "flavour": "サイズ",
    "flavours": "サイズ",
    "flows": "登録済み通信",
    "folder": "フォルダ",
    "freezes": "作業禁止期間",
    "guest_id": "ゲストOS",
    "ha": "HA",
    "host_failures_tolerated": "許容ホスト障害数",
    "hosts": "ホスト",
    "image": "イメージ",
    "images": "イメージ",
    "integrity": "完全性",
    "machines": "仮想サーバ",
    "memory_gb": "メモリ（GiB）",
    "memory_shares": "メモリシェア",
    "mtu": "MTU",
    "name": "名称",
    "name_en": "英語名",
    "networks": "ネットワーク",
    "notes": "備考",
    "offsite": "遠隔地保管",
    "organisations": "組織",
    "owner": "所管",
    "pair": "冗長化の組",
    "patch": "更新",
    "power": "電源",
    "privileges": "権限",
    "recovery": "復旧目標",
    "remote_host": "NFSサーバ",
    "remote_path": "NFSパス",
    "resource_pool": "リソースプール",
    "retirement": "廃止",
    "role": "役割",
    "role_order": "役割の順序",
    "rpo_hours": "RPO（時間）",
    "rto_hours": "RTO（時間）",
    "rules": "規則",
    "segment": "ネットワーク系統",
    "service": "利用時間",
    "severity": "重大度",
    "shape_reason": "構成の理由",
    "start": "開始",
    "stateless": "データを持たない",
    "status": "状態",
    "switch": "スイッチ",
    "uplinks": "アップリンク数",
    "vlan_id": "VLAN",
    "wave": "適用グループ",
    "waves": "適用グループ",
    "window": "作業時間帯",
    "windows": "作業時間帯",
}

# Fields of which a machine has several: "disk:data" is the disk called data.
NUMBERED = {
    "disk": "ディスク（GiB）",
    "disk+": "ディスクの追加",
    "nic": "ネットワーク接続",
    "nic+": "ネットワーク接続の追加",
    "tag": "タグ",
    "attribute": "属性",
}


def kind_name(kind: str, name: str) -> Text:
    """An object by its kind and name: "cluster lgwan", "クラスタ lgwan"."""
    return Text(en=f"{kind} {name}", ja=f"{KINDS[kind]} {name}")


def joined(parts: Iterable[Text]) -> Text:
    """An enumeration."""
    each = tuple(parts)
    return Text(en=", ".join(one.en for one in each), ja="、".join(one.ja for one in each))
