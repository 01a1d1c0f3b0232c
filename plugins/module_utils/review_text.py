"""A review as text for a terminal, Markdown for a pull request, and plain values for machines."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding, count
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.review import Review
from ansible_collections.kyotsu.platform.plugins.module_utils.review_systems import SystemReview
from ansible_collections.kyotsu.platform.plugins.module_utils.review_words import Line
from ansible_collections.kyotsu.platform.plugins.module_utils.words import RISKS

Languages = Literal["en", "ja", "both"]
# A comment of a pull request holds 65,536 characters; the rest is in the artifact.
COMMENT_LIMIT = 60_000


def review_text(review: Review, languages: Languages = "en") -> str:
    """One system per paragraph, one statement per line."""
    words = _Words(languages, str)
    lines = [words(_verdict(review))]
    for title, entries in _sections(review, words):
        lines += ["", title, *(f"  {entry}" for entry in entries)]
    return "\n".join(lines) + "\n"


def review_markdown(review: Review, languages: Languages = "both", *, limit: int = COMMENT_LIMIT) -> str:
    """The comment of a pull request; cut at `limit` characters with a note."""
    words = _Words(languages, _escaped)
    lines = [f"## {words(_verdict(review))}", "", f"`{review.base}` → `{review.head}`"]
    for title, entries in _sections(review, words):
        lines += ["", f"### {title}", "", *(f"- {entry}" for entry in entries)]
    if review.plan:
        digest = Text(en="offline plan (never applied, approves nothing)", ja="机上の計画（適用・承認の対象外）")
        lines += ["", f"<sub>{words(digest)}: `{review.plan.digest}`</sub>"]
    text = "\n".join(lines) + "\n"
    if len(text) <= limit:
        return text
    kept = text[:limit].rpartition("\n")[0]
    cut = Text(en="cut; the whole review is in the artifact", ja="以下省略。全文は成果物にあります")
    return f"{kept}\n\n… {words(cut)}\n"


def review_data(review: Review) -> dict[str, Any]:
    """JSON values. `digest` and `plan` have the form of a plan file, whose kind no verb takes."""
    errors, warnings = count((*review.findings.broken, *review.findings.standing))
    return {
        "ok": review.ok,
        "base": review.base,
        "head": review.head,
        "risk": review.risk,
        "errors": errors,
        "warnings": warnings,
        "systems": [
            {**dataclasses.asdict(system), "risk": system.risk, "lines": [_line_data(line) for line in system.lines]}
            for system in review.systems
        ],
        "platform": [_line_data(line) for line in review.platform],
        "clusters": [_effect_data(each) for each in review.clusters],
        "storage": [_effect_data(each) for each in review.storage],
        "tape": [_effect_data(each) for each in review.tape],
        "windows": [
            {**dataclasses.asdict(each), "opens": each.opens.isoformat() if each.opens else None}
            for each in review.windows
        ],
        "findings": dataclasses.asdict(review.findings),
        "digest": review.plan.digest if review.plan else None,
        "plan": review.plan.document() if review.plan else None,
    }


def _line_data(line: Line) -> dict[str, Any]:
    return {"text": dataclasses.asdict(line.text), "risk": line.risk}


def _effect_data(effect: Any) -> dict[str, Any]:
    data = dataclasses.asdict(effect)
    return {**data, "text": dataclasses.asdict(effect.text)}


class _Words:
    """Texts in the languages asked for, made safe for the form."""

    def __init__(self, languages: Languages, safe: Callable[[str], str]) -> None:
        self._languages = languages
        self._safe = safe

    def __call__(self, text: Text) -> str:
        en, ja = (self._safe(printable(each)) for each in (text.en, text.ja))
        if self._languages == "both":
            return en if en == ja else f"{en} / {ja}"
        return ja if self._languages == "ja" else en


def _escaped(text: str) -> str:
    escaped = html.escape(text, quote=False)
    for character in "\\`*_[]|~":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped


def _verdict(review: Review) -> Text:
    if review.errors:
        word = Text(en="not valid", ja="不適正")
    elif review.refusals:
        word = Text(en="refused", ja="実施不可")
    else:
        word = Text(en="valid", ja="適正")
    number = len(review.systems)
    parts_en = [f"{number} system{'' if number == 1 else 's'} change{'s' if number == 1 else ''}"]
    parts_ja = [f"変更システム {number} 件"]
    if review.platform:
        parts_en.append("platform changes")
        parts_ja.append("基盤の変更あり")
    if review.risk != "none":
        parts_en.append(f"risk {review.risk} ({RISKS[review.risk].en})")
        parts_ja.append(f"影響: {RISKS[review.risk].ja}")
    if not (review.systems or review.platform or review.findings.broken):
        parts_en, parts_ja = ["nothing changes"], ["変更なし"]
    return Text(en=f"Review: {word.en}; {', '.join(parts_en)}", ja=f"変更レビュー: {word.ja}、{'、'.join(parts_ja)}")


def _sections(review: Review, words: _Words) -> Iterable[tuple[str, Sequence[str]]]:
    """(title, entries) of every part that has something to tell."""
    for system in review.systems:
        yield _title(system, words), [*_lines(system.lines, words), *_carriers(system, review, words)]
    sections = (
        (Text(en="Platform", ja="基盤"), _lines(review.platform, words)),
        (
            Text(en="Capacity", ja="容量"),
            [words(each.text) for each in review.clusters] + [words(each.text) for each in review.storage],
        ),
        (Text(en="Tape", ja="テープ"), [words(each.text) for each in review.tape]),
        (Text(en="Window needed", ja="必要な作業時間帯"), _windows(review, words)),
        (
            Text(en="Refused: described and never done by a verb", ja="実施不可（自動では行わない変更）"),
            [
                f"{each.vcenter}: "
                + words(Text(en=f"{each.label}: {each.reason.en}", ja=f"{each.label}: {each.reason.ja}"))
                for each in review.refusals
            ],
        ),
        (Text(en="Rules newly broken", ja="新たな規則違反"), _findings(review.findings.broken, words)),
        (Text(en="Rules newly satisfied", ja="解消した規則違反"), _findings(review.findings.satisfied, words)),
        (Text(en="Findings that stay", ja="継続中の指摘"), _findings(review.findings.standing, words)),
    )
    for title, entries in sections:
        if entries:
            yield words(title), entries
    if not review.plan:
        yield words(Text(en="No plan", ja="計画なし")), [words(_why_no_plan(review))]


def _why_no_plan(review: Review) -> Text:
    if review.base_sound:
        return Text(
            en="risk and refusals are told once the errors are mended", ja="影響と実施可否は、エラーの解消後に示します"
        )
    return Text(
        en="the base has errors of its own (or was written for another schema), so risk and refusals are not known",
        ja="比較元に誤りがある（又はスキーマが異なる）ため、影響と実施可否は判定できません",
    )


def _title(system: SystemReview, words: _Words) -> str:
    actions = {
        "added": Text(en="added", ja="追加"),
        "removed": Text(en="removed", ja="削除"),
        "changed": Text(en="", ja=""),
        "affected": Text(en="affected by platform/", ja="platform/ の変更の影響"),
    }
    action = words(actions[system.action])
    return f"{system.id} {words(system.name)}{f' ({action})' if action else ''}"


def _lines(lines: Sequence[Line], words: _Words) -> list[str]:
    return [words(_with_risk(line)) for line in lines]


def _with_risk(line: Line) -> Text:
    if line.risk == "none":
        return line.text
    risk = RISKS[line.risk]
    return Text(en=f"{line.text.en}, {risk.en}", ja=f"{line.text.ja}、{risk.ja}")


def _carriers(system: SystemReview, review: Review, words: _Words) -> list[str]:
    """What the change does to the clusters that carry the system."""
    return [words(each.text) for each in review.clusters if each.cluster in system.clusters]


def _windows(review: Review, words: _Words) -> list[str]:
    entries = []
    for need in review.windows:
        names = ", ".join(need.objects[:5]) + (" …" if len(need.objects) > 5 else "")
        opens = need.opens.strftime("%Y-%m-%d %H:%M") if need.opens else None
        when = Text(
            en=f"opens {opens}" if opens else "no date within 400 days",
            ja=f"次回 {opens}" if opens else "400日以内に該当日なし",
        )
        entries.append(
            words(
                Text(
                    en=f"{need.window} ({need.name.en}) for {names}; {when.en}",
                    ja=f"{need.name.ja}（{need.window}）: {names}、{when.ja}",
                )
            )
        )
    return entries


def _findings(findings: Sequence[Finding], words: _Words) -> list[str]:
    return [
        f"{each.file}:{each.line}: [{each.rule}] "
        + words(
            Text(
                en=f"{'warning: ' if each.severity == 'warning' else ''}{each.message.en} — {each.remedy.en}",
                ja=f"{'警告: ' if each.severity == 'warning' else ''}{each.message.ja} — {each.remedy.ja}",
            )
        )
        for each in findings
    ]
