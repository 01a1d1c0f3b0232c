"""How a review speaks: fields, values and risks in the words of the people who read it, in both languages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.review_fields import FieldDifference

RISK_WORDS = {
    "none": Text(en="", ja=""),
    "reboot": Text(en="power cycle", ja="電源の入れ直しが必要"),
    "outage": Text(en="interrupts service", ja="業務の中断を伴う"),
    "data": Text(en="data at risk", ja="データに影響"),
    "destroy": Text(en="destroys", ja="消去を伴う"),
}

_FIELDS = {
    "owner": "所管",
    "name": "名称",
    "name_en": "英語名",
    "status": "状態",
    "segment": "ネットワーク系統",
    "cluster": "クラスタ",
    "resource_pool": "リソースプール",
    "classification": "情報資産分類",
    "confidentiality": "機密性",
    "integrity": "完全性",
    "availability": "可用性",
    "edition": "版",
    "service": "利用時間",
    "start": "開始",
    "end": "終了",
    "recovery": "復旧目標",
    "rpo_hours": "RPO（時間）",
    "rto_hours": "RTO（時間）",
    "patch": "更新",
    "wave": "適用グループ",
    "window": "作業時間帯",
    "freezes": "作業禁止期間",
    "backup": "バックアップ",
    "backup_class": "バックアップ区分",
    "offsite": "遠隔地保管",
    "description": "説明",
    "shape_reason": "構成の理由",
    "notes": "備考",
    "depends_on": "連携先",
    "desktop_pools": "仮想端末プール",
    "assets": "物理機器",
    "count": "台数",
    "role": "役割",
    "image": "イメージ",
    "flavour": "サイズ",
    "cpu": "vCPU",
    "memory_gb": "メモリ（GiB）",
    "disk_gb": "ディスク（GiB）",
    "capacity_gb": "容量（GiB）",
    "pair": "冗長化の組",
    "power": "電源",
    "retirement": "廃止",
    "assumed": "仮定した項目",
    "hosts": "ホスト",
    "clusters": "クラスタ",
    "networks": "ネットワーク",
    "datastores": "データストア",
    "organisations": "組織",
    "exceptions": "例外",
    "rules": "規則",
    "severity": "重大度",
    "expires": "期限",
    "approver": "承認者",
    "flows": "登録済み通信",
    "images": "イメージ",
    "flavours": "サイズ",
    "windows": "作業時間帯",
    "waves": "適用グループ",
    "backup_classes": "バックアップ区分",
    "equipment": "調達単位",
    "vlan_id": "VLAN",
    "stateless": "データを持たない",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement about a change, and what it means for those who use the object."""

    text: Text
    risk: str = "none"


def field_words(path: Iterable[str]) -> Text:
    """A path as people say it: "service start", "利用時間 開始"; names of things stay as they are."""
    path = tuple(path)
    # "backup backup_class" says one thing twice.
    names = [
        name for name, following in zip(path, (*path[1:], ""), strict=True) if not following.startswith(f"{name}_")
    ]
    return Text(
        en=" ".join(each.replace("_", " ") if each in _FIELDS else each for each in names),
        ja=" ".join(_FIELDS.get(each, each) for each in names),
    )


def value_words(value: Any) -> Text:
    """A value in one line."""
    if isinstance(value, Text):
        return value
    if value is None or isinstance(value, bool):
        return {None: Text(en="none", ja="なし"), True: Text(en="yes", ja="はい"), False: Text(en="no", ja="いいえ")}[
            value
        ]
    if isinstance(value, tuple):
        parts = [value_words(each) for each in value]
        return Text(
            en=", ".join(each.en for each in parts) or "none", ja="、".join(each.ja for each in parts) or "なし"
        )
    if dataclasses.is_dataclass(value):
        parts = [
            _field(field.name, getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) not in (None, (), "")
        ]
        return Text(en=", ".join(each.en for each in parts), ja="、".join(each.ja for each in parts))
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Text(en=shown, ja=shown)


def _field(name: str, value: Any) -> Text:
    words, shown = field_words((name,)), value_words(value)
    return Text(en=f"{words.en} {shown.en}", ja=f"{words.ja} {shown.ja}")


def arrow(before: Any, after: Any) -> Text:
    """ "8 -> 16"."""
    old, new = value_words(before), value_words(after)
    return Text(en=f"{old.en} -> {new.en}", ja=f"{old.ja} → {new.ja}")


def of(thing: str, words: Text) -> Text:
    """ "memory of s02-ap01", "s02-ap01 のメモリ"; without a thing only the words."""
    if not thing:
        return words
    return Text(en=f"{words.en} of {thing}", ja=f"{thing} の{words.ja}")


def difference_line(difference: FieldDifference, thing: str = "", *, risk: str = "none") -> Line:
    """A difference of any field. Long texts are only said to differ: the file itself shows them best."""
    words = of(thing, field_words(difference.path))
    if difference.added:
        shown = value_words(difference.after)
        return Line(text=Text(en=f"{words.en} added ({shown.en})", ja=f"{words.ja} を追加（{shown.ja}）"), risk=risk)
    if difference.removed:
        return Line(text=Text(en=f"{words.en} removed", ja=f"{words.ja} を削除"), risk=risk)
    if isinstance(difference.before, Text) and isinstance(difference.after, Text):
        return Line(text=Text(en=f"{words.en} reworded", ja=f"{words.ja}の文言を変更"), risk=risk)
    shown = arrow(difference.before, difference.after)
    return Line(text=Text(en=f"{words.en} {shown.en}", ja=f"{words.ja} {shown.ja}"), risk=risk)
