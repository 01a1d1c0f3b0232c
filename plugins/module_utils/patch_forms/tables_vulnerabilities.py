"""Tables of known vulnerabilities: the count per system, those that are open and who bears that, those closed."""

from __future__ import annotations

from collections import Counter

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import OwnerEvidence, SystemEvidence
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.words import STATE_MARKS, STATES
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Row, Table


def systems_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """One line per system: machines, what the patch closed, what is open."""
    return Table(
        key="systems",
        title=speech("システムごとのまとめ", "By system"),
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("name", "名称", "name", narrow=False),
            speech.column("machines", "実施台数", "machines in runs", "count", total=True),
            speech.column("good", "適用済・変更なし", "up to date", "count", total=True),
            speech.column("other", "その他", "not", "count", total=True),
            speech.column("not_run", "実施なし", "not worked on", "count", total=True),
            speech.column("closed", "解消した脆弱性", "CVEs closed", "count", total=True),
            speech.column("open", "残る脆弱性", "CVEs open", "count", total=True),
            speech.column("accepted", "うち受容済", "accepted", "count", total=True),
            speech.column("expired", "期限切れ", "run out", "count", total=True),
            speech.column("not_accepted", "受容なし", "not accepted", "count", total=True),
            speech.column("unknown", "脆弱性未確認の台数", "machines not compared", "count", total=True),
        ),
        rows=tuple(_system(each, speech) for each in owner.systems),
        notes=(
            speech(
                "脆弱性は Debian security tracker の情報によります。あるシステムのどの仮想サーバにもなくなったものを"
                "「解消」とし、システムごとに数えます。",
                "Known vulnerabilities after Debian's security tracker. One is closed when no machine of the system "
                "has it any more; each system counts its own.",
            ),
        ),
        empty=speech("該当なし", "none"),
    )


def open_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """Open CVEs, where, who has accepted them and until when."""
    return Table(
        key="open_vulnerabilities",
        title=speech("残る脆弱性", "Open vulnerabilities"),
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("cve", "CVE", "CVE"),
            speech.column("state", "受容", "accepted"),
            speech.column("by", "受容者", "by", blank=True),
            speech.column("until", "期限", "until", "day", blank=True),
            speech.column("reason", "受容の理由", "reason", blank=True, narrow=False),
            speech.column("count", "台数", "machines", "count"),
            speech.column("machines", "仮想サーバ", "which", narrow=False),
        ),
        rows=tuple(
            Row(
                values=(
                    system.system,
                    each.cve,
                    speech.text(STATES[each.state]),
                    None if each.acceptance is None else each.acceptance.by,
                    None if each.acceptance is None else each.acceptance.until,
                    None if each.acceptance is None else each.acceptance.reason,
                    len(each.machines),
                    ", ".join(each.machines),
                ),
                mark=STATE_MARKS[each.state],
                division=system.system,
            )
            for system in owner.systems
            for each in system.open
        ),
        empty=speech("確認した仮想サーバに、既知の脆弱性は残っていません。", "None is known on the machines compared."),
    )


def closed_table(owner: OwnerEvidence, speech: Speech) -> Table:
    """CVEs that the patches closed."""
    return Table(
        key="closed_vulnerabilities",
        title=speech("解消した脆弱性", "Closed vulnerabilities"),
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("cve", "CVE", "CVE"),
            speech.column("count", "台数", "machines", "count"),
            speech.column("machines", "仮想サーバ", "which", narrow=False),
        ),
        rows=tuple(
            Row(values=(system.system, each.cve, len(each.machines), ", ".join(each.machines)), division=system.system)
            for system in owner.systems
            for each in system.closed
        ),
        empty=speech("ありません。", "none"),
        detail=True,
    )


def _system(system: SystemEvidence, speech: Speech) -> Row:
    good = sum(each.net.result.is_good for each in system.machines)
    states = Counter(each.state for each in system.open)
    needs = states["expired"] + states["not-accepted"] + sum(each.overdue for each in system.not_run)
    return Row(
        values=(
            system.system,
            speech.system(system.system),
            len(system.machines),
            good,
            len(system.machines) - good,
            len(system.not_run),
            len(system.closed),
            len(system.open),
            states["accepted"],
            states["expired"],
            states["not-accepted"],
            sum(not each.is_known for each in system.machines),
        ),
        mark="warning" if needs or good < len(system.machines) else "",
        division=system.system,
    )
