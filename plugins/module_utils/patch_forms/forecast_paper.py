"""What a content snapshot would close, ready to be drawn by any form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.forecast import SystemForecast
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.parts import count_fact, section
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper, Row, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import NOT_COLLECTED


def forecast_paper(systems: Sequence[SystemForecast], estate: Estate, language: Language, content: str) -> Paper:
    """The view before a patch. `content` says what was read, in a few words."""
    speech = Speech(language, estate)
    closed = sum(len(each.closed) for each in systems)
    remaining = sum(len(each.remaining) for each in systems)
    unknown = sum(len(each.unknown) for each in systems)
    closes = speech("解消する脆弱性", "CVEs that it closes")
    leaves = speech("残る脆弱性", "CVEs that remain")
    return Paper(
        language=language,
        title=speech("適用内容で解消する脆弱性（見込み）", "Vulnerabilities that the content closes (forecast)"),
        subtitle=content,
        facts=(
            count_fact(closes, closed, speech, "件"),
            count_fact(leaves, remaining, speech, "件"),
            count_fact(speech("状態が分からない仮想サーバ", "machines not seen"), unknown, speech),
        ),
        alerts=(),
        notes=(
            speech(
                "各仮想サーバの最後に確認した状態と Debian security tracker によります。システムごとに数えます。",
                "From the last sighting of each machine and Debian's security tracker. Each system counts its own.",
            ),
        ),
        missing=(),
        sections=(
            section("systems", speech("システムごと", "By system"), _systems(systems, speech)),
            section("closed", closes, _cves("closed", closes, {each.system: each.closed for each in systems}, speech)),
            section(
                "remaining",
                leaves,
                _cves("remaining", leaves, {each.system: each.remaining for each in systems}, speech),
            ),
        ),
        divisions=(),
        total_word=speech("合計", "total"),
        not_collected_word=NOT_COLLECTED[language],
    )


def _systems(systems: Sequence[SystemForecast], speech: Speech) -> Table:
    return Table(
        key="systems",
        title=speech("システムごと", "By system"),
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("name", "名称", "name", narrow=False),
            speech.column("owner", "所管課", "owner", narrow=False),
            speech.column("machines", "台数", "machines", "count", total=True),
            speech.column("unknown", "未確認", "not seen", "count", total=True),
            speech.column("closed", "解消", "closed", "count", total=True),
            speech.column("remaining", "残る", "remain", "count", total=True),
            speech.column("since", "最も古い確認", "oldest sighting", "moment"),
        ),
        rows=tuple(
            Row(
                values=(
                    each.system,
                    speech.system(each.system),
                    speech.organisation(each.owner),
                    each.machines,
                    len(each.unknown),
                    # Of a system that nobody has seen there is no number, not 0.
                    None if each.seen_since is None else len(each.closed),
                    None if each.seen_since is None else len(each.remaining),
                    each.seen_since,
                ),
                mark="warning" if each.unknown else "",
            )
            for each in systems
        ),
        empty=speech("該当なし", "none"),
    )


def _cves(key: str, title: str, found: Mapping[str, Mapping[str, tuple[str, ...]]], speech: Speech) -> Table:
    return Table(
        key=key,
        title=title,
        columns=(
            speech.column("system", "システム", "system"),
            speech.column("cve", "CVE", "CVE"),
            speech.column("count", "台数", "machines", "count"),
            speech.column("machines", "仮想サーバ", "which", narrow=False),
        ),
        rows=tuple(
            Row(values=(system, cve, len(names), ", ".join(names)))
            for system, cves in found.items()
            for cve, names in cves.items()
        ),
        empty=speech("ありません。", "none"),
        detail=True,
    )
