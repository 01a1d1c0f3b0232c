"""A drift report as text, JSON and one HTML page that opens offline; Japanese and English stand beside each other."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from ansible_collections.kyotsu.platform.plugins.module_utils.drift import CATEGORIES, DriftReport
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import EstateInfo
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import both, printable

# Beside the deviations of a vCenter: what people left undone. No category, and no part of that count.
OVERDUE = Text(en="Emergency runs that nobody approved in time", ja="期限内に承認されていない緊急作業")
UNREAD = Text(en="Emergency runs: not looked at", ja="緊急作業の承認状況: 確認できません")
# No reason to call anybody tonight.
POLICY = Text(en="Warnings of the rules about the repository", ja="リポジトリに対する規則の警告")


def summary_text(report: DriftReport) -> Text:
    """The report in one line: "2 deviations among 151 machines: 1 segment breach, 1 unmanaged"."""
    number = len(report.deviations)
    counts = [(CATEGORIES[name], count) for name, count in report.counts.items() if count]
    en = f"{number} deviation{'' if number == 1 else 's'} among {report.machines} machines"
    ja = f"仮想サーバ {report.machines} 台に対し相違 {number} 件"
    if counts:
        en += ": " + ", ".join(f"{count} {words.en.lower()}" for words, count in counts)
        ja += "（" + "、".join(f"{words.ja} {count}" for words, count in counts) + "）"
    if report.overdue:
        en += f"; {len(report.overdue)} emergency run{'' if len(report.overdue) == 1 else 's'} without approval"
        ja += f"、期限切れの緊急作業 {len(report.overdue)} 件"
    return Text(en=en, ja=ja)


def drift_text(report: DriftReport) -> str:
    """The report for a terminal, the gravest first."""
    summary = summary_text(report)
    lines = [
        f"Drift of {report.environment} from commit {report.commit}",
        summary.en,
        summary.ja,
    ]
    category = ""
    for each in report.deviations:
        if each.category != category:
            category = each.category
            words = CATEGORIES[category]
            lines += ["", f"{words.en} / {words.ja}"]
        where = f"{each.vcenter}: {each.kind} {printable(each.label)}{f' ({each.system})' if each.system else ''}"
        rule = f"[{each.rule}] " if each.rule else ""
        lines.append(f"  {where}: {rule}{printable(each.text.en)} / {printable(each.text.ja)}")
    if report.overdue:
        lines += ["", both(OVERDUE), *(f"  {both(each.text)}" for each in report.overdue)]
    if report.unread:
        lines += ["", both(UNREAD), f"  {printable(report.unread)}"]
    if report.policy:
        lines += ["", f"{POLICY.en} / {POLICY.ja}"]
        lines += [
            f"  {each.file}:{each.line}: [{each.rule}] {printable(each.message.en)} / {printable(each.message.ja)}"
            for each in report.policy
        ]
    return "\n".join(lines) + "\n"


def drift_data(report: DriftReport) -> dict[str, Any]:
    """JSON values."""
    return {
        "environment": report.environment,
        "commit": report.commit,
        "looked_at": report.looked_at.isoformat(timespec="seconds"),
        "scope": None if report.scope is None else list(report.scope),
        "machines": report.machines,
        "digest": report.digest,
        "counts": report.counts,
        "deviations": [asdict(each) for each in report.deviations],
        "policy": [asdict(each) for each in report.policy],
        "overdue": [
            {
                "run_id": each.run.run_id,
                "actor": each.run.actor,
                "ran_at": each.run.ran_at.isoformat(timespec="seconds"),
                "due": each.due.isoformat(),
                "text": asdict(each.text),
            }
            for each in report.overdue
        ],
        "unread": report.unread,
    }


def drift_json(report: DriftReport) -> str:
    """The report for machines."""
    return json.dumps(drift_data(report), indent=2, ensure_ascii=False) + "\n"


def drift_html(template: str, report: DriftReport, estate: EstateInfo) -> str:
    """Render the page. `template` is the text of drift.html.j2; times are shown in the estate's time zone."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    groups = [
        {
            "category": name,
            "words": words,
            "deviations": [each for each in report.deviations if each.category == name],
        }
        for name, words in CATEGORIES.items()
        if report.counts[name]
    ]
    return environment.from_string(template).render(
        report=report,
        groups=groups,
        estate=estate,
        summary=summary_text(report),
        policy_title=POLICY,
        overdue_title=OVERDUE,
        unread_title=UNREAD,
        looked_at=f"{report.looked_at.astimezone(ZoneInfo(estate.timezone)):%Y-%m-%d %H:%M}",
    )
