"""The certificate of erasure, once the treatment of every medium is proven."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate, left_out
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.desk import Desk
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.files import write_report
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.report import Report
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.worklist import asset_list, disks_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import LEAVING
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.retirement import erasure_sheet, templates
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.assets import ListUnreadable, read_returned
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import Code
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    ERASURE,
    content_hash,
    document_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import (
    Facts,
    Medium,
    Refusal,
    refusals,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.last_copies import kept_until
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import (
    Reconciliation,
    Returned,
    reconcile,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


def certify(desk: Desk, group: Sequence[Candidate], erasure: Erasure, *, check: bool) -> Report:
    """Issue 消去証明 per unit, if the certificate, the serials and the witness are all there."""
    report = Report()
    assets = asset_list(erasure.assets)
    returned = _returned(erasure.certificate_lines)
    paper = _paper(erasure.certificate)
    for unit in sorted({each.unit for each in group}):
        machines = [each for each in group if each.unit == unit and "certify" not in desk.case(each.key).done]
        if not machines:
            continue
        found = reconcile(disks_of(desk, machines, assets), returned, [each.serial for each in assets])
        reasons = _reasons(desk, machines, found, erasure, attached=paper is not None)
        for each in machines:
            if reasons:
                report.refuse(each, "certify", reasons)
            elif check:
                report.add(each, "certify", "changed", Text(en="would be certified", ja="消去証明を作成予定"))
        if reasons or check or paper is None:
            continue
        days = {each.serial: each.performed_on.isoformat() for each in returned}
        media = [asdict(each) | {"performed_on": days.get(each.serial)} for each in found.media]
        _issue(desk, machines, media, paper, erasure.witness)
        for each in machines:
            report.add(
                each, "certify", "changed", Text(en="certificate of erasure written", ja="消去証明を作成しました")
            )
    return report


def _reasons(
    desk: Desk, machines: Sequence[Candidate], found: Reconciliation, erasure: Erasure, *, attached: bool
) -> tuple[Refusal, ...]:
    """The guards of the step, its order, and what of the certificate fits nothing."""
    first = machines[0]
    unknown = tuple(
        Medium(serial=serial, treatment="destroyed", must_destroy=False, on_asset_list=False)
        for serial in found.unknown
    )
    facts = Facts(
        name=first.unit,
        as_of=desk.today,
        media=(*found.media, *unknown),
        certificate_attached=attached,
        witness=erasure.witness,
    )
    reasons = list(refusals(desk.case(first.key), "certify", facts))
    early = [each.name for each in machines if "complete" not in desk.case(each.key).done]
    if early:
        reasons.append(
            _reason(
                "order",
                f"{', '.join(early)}: not deleted and completed yet, so there is nothing to certify",
                f"{'、'.join(early)} は廃止が完了していません",
            )
        )
    missing = left_out(desk.cases, machines, "certify")
    if missing:
        reasons.append(
            _reason(
                "order",
                f"one certificate is about the whole system: name {', '.join(missing)} too",
                f"証明書はシステム全体で作成します。{'、'.join(missing)} も指定してください",
            )
        )
    restored = [each.name for each in machines if each.status not in LEAVING]
    if restored:
        reasons.append(
            _reason(
                "status",
                f"{', '.join(restored)}: in service again after its deletion, so its data is not erased",
                f"{'、'.join(restored)} は復元され再び稼働しています",
            )
        )
    back = [each.name for each in machines if desk.worlds.machine(each) is not None]
    if back:
        reasons.append(
            _reason(
                "status",
                f"{', '.join(back)}: there again after its deletion, so its data is not erased",
                f"{'、'.join(back)} は削除後に復元されています",
            )
        )
    for serials, en, ja in (
        (found.twice, "stands in the certificate twice", "が証明書に重複しています"),
        (found.unexpected, "is on the asset list, and nobody asked for its treatment", "は処分の対象ではありません"),
    ):
        reasons += [_reason("serial", f"medium {each} {en}", f"媒体 {each} {ja}") for each in serials]
    return tuple(reasons)


def _reason(code: Code, en: str, ja: str) -> Refusal:
    return Refusal(code=code, text=Text(en=en, ja=ja))


def _issue(
    desk: Desk,
    machines: Sequence[Candidate],
    media: list[dict[str, Any]],
    paper: tuple[str, str],
    witness: str,
) -> None:
    until = kept_until(desk.estate, desk.cases)
    first = machines[0]
    content: dict[str, Any] = {
        "unit": first.unit,
        "system": {"id": first.system.id, "name": first.system.name},
        "machines": [each.name for each in machines],
        "completion_record": desk.case(first.key).done["complete"].evidence["record_hash"],
        "certificate": {"name": paper[0], "sha256": paper[1]},
        "witness": witness,
        "media": media,
        "copies_kept": [
            {
                "machine": each.name,
                "tapes": desk.case(each.key).done["back-up"].evidence["tapes"],
                "kept_until": until[each.key].isoformat(),
            }
            for each in machines
            if until[each.key] >= desk.today
        ],
        "made": {
            "on": desk.today.isoformat(),
            "by": desk.origin.actor,
            "run": desk.origin.run_id,
            "chain_head": str(desk.store.chain.head()),
        },
    }
    digest = content_hash(content)
    folder = desk.reports / first.unit
    write_report(folder, "erasure-certificate.json", document_text(ERASURE, content))
    write_report(folder, "erasure-certificate.html", erasure_sheet(templates(desk.target.repository), content, digest))
    serials = ", ".join(each["serial"] for each in media)
    desk.done_together(
        [each.key for each in machines],
        "certify",
        {
            "certificate": f"{paper[0]} {paper[1]}",
            "witness": witness,
            "serials": serials,
            "record_hash": digest,
        },
    )


def _returned(path: Path | None) -> tuple[Returned, ...]:
    if path is None:
        return ()
    try:
        return read_returned(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise VerbRefused(f"lines of the certificate {path}: {error}") from error
    except ListUnreadable as error:
        raise VerbRefused(str(error)) from error


def _paper(path: Path | None) -> tuple[str, str] | None:
    """Name and SHA-256 of the contractor's document, or None where none is attached or it is empty."""
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VerbRefused(f"certificate {path}: {error.strerror}") from error
    return (path.name, hashlib.sha256(content).hexdigest()) if content.strip() else None
