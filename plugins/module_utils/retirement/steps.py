"""The steps of a machine on its way out, and the closed table of their order. Pure data.

Nothing is skipped: each step is allowed after the steps named with it, and only once. Two steps end a case, and a new
one may begin: `undo` before its machine is deleted, `reopen` when the machine was restored after its deletion. What a
step needs beside its order is said by guards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

Step = Literal[
    "announce",
    "quarantine",
    "back-up",
    "verify",
    "copy-off-site",
    "delete",
    "release",
    "complete",
    "certify",
    "undo",
    "reopen",
]
Evidence = Literal[
    "notices",
    "power",
    "networks",
    "folder",
    "lock",
    "backup",
    "tapes",
    "read_back",
    "disks",
    "plan_digest",
    "approvals",
    "released",
    "reusable_from",
    "record_hash",
    "certificate",
    "witness",
    "serials",
    "reason",
    "restored",
]

STEPS: tuple[Step, ...] = get_args(Step)
# What was done before them counts for nothing afterwards; the chain keeps it.
ENDS: frozenset[Step] = frozenset({"undo", "reopen"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What must have been done before a step, what must not, and the evidence that it leaves."""

    after: frozenset[Step]
    before: frozenset[Step]  # none of these has been done
    evidence: tuple[Evidence, ...]
    words: Text


def _rule(after: tuple[Step, ...], before: tuple[Step, ...], evidence: tuple[Evidence, ...], en: str, ja: str) -> Rule:
    return Rule(frozenset(after), frozenset(before), evidence, Text(en=en, ja=ja))


TABLE: dict[Step, Rule] = {
    "announce": _rule((), (), ("notices",), "notice to owner and dependants", "所管課・関係課への通知"),
    # Whether it ran, what was connected, where it lay and who could switch it on, so that undo can bring it back.
    "quarantine": _rule(
        ("announce",),
        ("delete",),
        ("power", "networks", "folder", "lock"),
        "switched off and locked",
        "電源断・隔離（ロック）",
    ),
    "back-up": _rule(("quarantine",), ("delete",), ("backup", "tapes"), "last copy on tape", "最終バックアップ"),
    "verify": _rule(("back-up",), ("delete",), ("read_back",), "last copy read back", "最終バックアップの読戻し検証"),
    "copy-off-site": _rule(("verify",), ("delete",), ("tapes",), "copy for the remote store", "遠隔地保管用の複製"),
    "delete": _rule(
        ("verify",),
        (),
        ("disks", "plan_digest", "approvals"),
        "machine and disks deleted",
        "仮想サーバとディスクの削除",
    ),
    "release": _rule(
        ("delete",), (), ("released", "reusable_from"), "addresses and names released", "アドレス・名前等の解放"
    ),
    "complete": _rule(("release",), (), ("record_hash",), "completion record", "廃止完了記録"),
    "certify": _rule(("complete",), (), ("certificate", "witness", "serials"), "certificate of erasure", "消去証明"),
    "undo": _rule(("announce",), ("delete",), ("reason",), "called off", "取消し（復旧）"),
    # What shows that the machine is there again; its first completion record stays true of its first case.
    "reopen": _rule(
        ("delete",), (), ("restored",), "restored after its deletion, a new case", "削除後の復元（新たな手続）"
    ),
}
