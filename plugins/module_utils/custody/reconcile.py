"""A scan against what was ordered: what is missing, extra, in the wrong case, or behind a broken seal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.scans import NO_SEAL, Scan
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

Kind = Literal["missing", "extra", "unknown-tape", "wrong-case", "two-cases", "seal-broken", "wrong-seal", "unread"]

WHAT_TO_DO: dict[Kind, Text] = {
    "missing": Text(
        ja="容器・搬出口・前の受渡場所を二人で確認し、見つからなければ受渡しを止めて情報政策室長に報告する。"
        "当日中に見つからなければ紛失として記録する",
        en="look in case, exit port and the place before, two people; if it is not found stop and report; "
        "record it as lost if it is not found the same day",
    ),
    "extra": Text(
        ja="運ばない。容器から出してスロットに戻し、なぜ出たかを記録する",
        en="it does not travel: take it out, put it back into its slot, and record why it came out",
    ),
    "unknown-tape": Text(
        ja="台帳にない媒体。バーコードを読み直し、当方のものでなければ持ち主に返す",
        en="no tape of the ledger: read the barcode again; if it is not ours, return it to its owner",
    ),
    "wrong-case": Text(
        ja="指示の容器に二人で入れ替え、封印し直して読み直す",
        en="move it to the ordered case, two people, seal it again and scan again",
    ),
    "two-cases": Text(
        ja="同じ番号が二つの容器で読まれた。ラベルの重複か読み違いを確かめ、解決するまで運ばない",
        en="read in two cases: look for a copied label or a mistaken scan; nothing travels before it is clear",
    ),
    "seal-broken": Text(
        ja="受け取らず、開けず、写真を撮り、情報政策室長に報告する。到着後なら、全数の読み戻しまで有効な写しと数えない",
        en="do not accept or open it, take a picture and report; if it has arrived, its copies count only after all of "
        "them were read back",
    ),
    "wrong-seal": Text(
        ja="封印番号が票と違う。受渡しの相手と番号を照合し、差し替えの記録がなければ封印破れとして扱う",
        en="another seal than on the manifest: compare with the other side; "
        "without a record of a new seal treat it as broken",
    ),
    "unread": Text(ja="読み直すか、番号を手で入力する", en="scan again, or type the number"),
}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference; `expected` and `found` are case and seal as text."""

    kind: Kind
    tape: str
    expected: str
    found: str

    @property
    def todo(self) -> Text:
        """What the person does now."""
        return WHAT_TO_DO[self.kind]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`right`: tapes that were found as ordered; only these may be recorded as moved."""

    right: tuple[str, ...]
    discrepancies: tuple[Discrepancy, ...]

    @property
    def clean(self) -> bool:
        """Whether everything is as ordered."""
        return not self.discrepancies


def reconcile(scan: Scan, expected: Mapping[str, tuple[str, str]], known: frozenset[str]) -> Reconciled:
    """Compare a scan with the order. `expected`: (case, seal) of each tape; `known`: all tapes of the ledger."""
    found: list[Discrepancy] = []
    right: list[str] = []
    cases_of: dict[str, list[str]] = {}
    for scanned in scan.tapes:
        cases_of.setdefault(scanned.tape, []).append(scanned.case)
    for scanned in scan.tapes:
        shown = f"{scanned.case or '-'} {scanned.seal}"
        wanted = expected.get(scanned.tape)
        if wanted is None:
            kind: Kind = "extra" if scanned.tape in known else "unknown-tape"
            found.append(Discrepancy(kind, scanned.tape, "", shown))
            continue
        case, seal = wanted
        text = f"{case} {seal}"
        if len(cases_of[scanned.tape]) > 1:
            found.append(Discrepancy("two-cases", scanned.tape, text, shown))
        elif scanned.case != case:
            found.append(Discrepancy("wrong-case", scanned.tape, text, shown))
        elif scanned.seal == NO_SEAL:
            found.append(Discrepancy("seal-broken", scanned.tape, text, shown))
        elif scanned.seal != seal:
            found.append(Discrepancy("wrong-seal", scanned.tape, text, shown))
        else:
            right.append(scanned.tape)
    found += [
        Discrepancy("missing", tape, f"{case} {seal}", "")
        for tape, (case, seal) in sorted(expected.items())
        if tape not in cases_of
    ]
    found += [Discrepancy("unread", "", "", f"{line}: {text}") for line, text in scan.unread]
    return Reconciled(tuple(right), tuple(found))
