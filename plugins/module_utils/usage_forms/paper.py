"""The report in one language, ready to be drawn: facts and alerts first, then the sections."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Division,
    Fact,
    Mark,
    Paper,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import (
    NOT_COLLECTED,
    day_text,
    number,
    storage,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import (
    Exceeded,
    Header,
    Note,
    UsageReport,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_capacity import capacity_sections
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_cost import cost_sections, cost_text
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_forecast import (
    forecast_sections,
    label_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_tenants import tenant_sections
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_waste import waste_sections
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_what_if import MARKS, what_if_answer
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import (
    BASES,
    FORECASTS,
    NOTES,
    RESOURCES,
    SOURCES,
    THRESHOLDS,
)


def make_paper(report: UsageReport, estate: Estate, language: Language) -> Paper:
    """Everything that the forms draw. Pure: the same report gives the same paper."""
    speech = Speech(language, estate)
    header = report.header
    missing = tuple(_note(note, speech) for note in header.notes if note.code == "vcenter-unreachable")
    sections = (
        *tenant_sections(report, speech),
        *capacity_sections(report, speech),
        *forecast_sections(report, speech),
        *waste_sections(report, speech),
        *cost_sections(report, speech),
    )
    return Paper(
        language=language,
        title=speech(f"容量・利用状況報告書（{header.estate}）", f"Capacity and usage: {header.estate_en}"),
        subtitle=_subtitle(header, speech),
        facts=tuple(_facts(report, speech)),
        alerts=tuple(_alerts(report, speech)),
        notes=tuple(_note(note, speech) for note in header.notes if note.code != "vcenter-unreachable"),
        missing=missing,
        sections=sections,
        divisions=tuple(Division(id=each.division, name=speech(each.name, each.name_en)) for each in report.divisions),
        total_word=speech("合計", "total"),
        not_collected_word=NOT_COLLECTED[language],
    )


def _subtitle(header: Header, speech: Speech) -> str:
    zone = ZoneInfo(speech.estate.platform.estate.timezone)
    parts = [speech(f"基準日 {_day(header.as_of, speech)}", f"as of {_day(header.as_of, speech)}")]
    period = f"{_day(header.first_day, speech)} {speech('から', 'to')} {_day(header.last_day, speech)}"
    parts.append(speech(f"期間 {period}", f"period {period}"))
    for ja, en, value in (
        ("システム", "system", header.system),
        ("所属", "owner", speech.organisation(header.owner) if header.owner else None),
        ("ネットワーク系統", "segment", speech.segment(header.segment) if header.segment else None),
    ):
        if value:
            parts.append(f"{speech(ja, en)}: {value}")
    for source in header.sources:
        if not source.available:
            continue
        at = f" {source.at.astimezone(zone):%Y-%m-%d %H:%M}" if source.at else ""
        parts.append(f"{speech.code(SOURCES, source.kind)}: {source.name}{at} {source.detail[:_COMMIT]}".strip())
    return speech(" ／ ", " | ").join(parts)


def _facts(report: UsageReport, speech: Speech) -> list[Fact]:
    described = report.total.described
    facts = [
        Fact(
            name=speech("仮想サーバ（設計）", "machines described"),
            text=speech(f"{number(described.machines, 0)} 台", number(described.machines, 0)),
        ),
        Fact(name=speech("vCPU（設計）", "vCPU described"), text=number(described.vcpu, 0)),
        Fact(name=speech("メモリ（設計）", "memory described"), text=f"{number(described.memory_gib, 1)} GiB"),
        Fact(name=speech("ストレージ（設計）", "storage described"), text=storage(described.storage_gib)),
    ]
    if described.desktops:
        text = speech(f"{number(described.desktops, 0)} 台", number(described.desktops, 0))
        facts.insert(1, Fact(name=speech("仮想端末（設計）", "desktops described"), text=text))
    actual, used = report.total.actual, report.total.used
    if actual is not None:
        text = f"{number(actual.vcpu, 0)} vCPU / {number(actual.memory_gib, 1)} GiB / {storage(actual.storage_gib)}"
        facts.append(Fact(name=speech("実際の割当", "actually allocated"), text=text))
    if used is not None:
        sizes = (
            None if used.cpu_vcpu is None else f"{number(used.cpu_vcpu, 1)} vCPU",
            None if used.memory_gib is None else f"{number(used.memory_gib, 1)} GiB",
            None if used.storage_gib is None else storage(used.storage_gib),
        )
        text = " / ".join(size or NOT_COLLECTED[speech.language] for size in sizes)
        facts.append(Fact(name=speech("実使用", "really used"), text=text))
    tape = report.total.tape_gib
    text = NOT_COLLECTED[speech.language] if tape is None else storage(tape)
    facts.append(Fact(name=speech("テープ", "tape"), text=text))
    facts += _fullest(report, speech)
    if report.cost is not None:
        name = speech("費用按分（試算）", "cost, trial") if report.cost.assumed else speech("費用按分", "cost")
        facts.append(Fact(name=name, text=cost_text(report, report.cost, speech)))
    if report.what_if is not None:
        asked = f"{report.what_if.where} + {report.what_if.count} × {report.what_if.flavour}"
        answers = {place.answer for place in report.what_if.places}
        worst = next(each for each in ("does-not-fit", "passes-threshold", "fits") if each in answers)
        text = f"{asked}: {what_if_answer(report.what_if, speech)}"
        facts.append(Fact(name=speech("追加の試算", "what if"), text=text, mark=MARKS[worst]))
    return facts


def _fullest(report: UsageReport, speech: Speech) -> list[Fact]:
    """The cluster with least room, and what is full first."""
    facts = []
    marked = {(each.place, each.basis) for each in report.exceeded}
    fullest = [
        (float("inf") if balance.percent is None else balance.percent, each.cluster, balance)
        for each in report.clusters
        for balance in each.balances
    ]
    if fullest:
        percent, cluster, balance = max(fullest, key=lambda item: (item[0], item[1]))
        mark: Mark = "warning" if (cluster, balance.basis) in marked else ""
        facts.append(
            Fact(
                name=speech("最も空きの少ないクラスタ（ホスト障害時）", "fullest cluster, hosts lost"),
                text=f"{cluster} {number(percent, 1)}%",
                mark=mark if balance.fits else "alarm",
            )
        )
    soonest = [each for each in report.forecasts if each.days_until_full is not None]
    if soonest:
        first = soonest[0]
        if first.status == "full":
            text = f"{label_of(first, speech)}: {speech.code(FORECASTS, first.status)}"
            return [*facts, Fact(name=speech("最も早く満杯になる資源", "full first"), text=text, mark="alarm")]
        days = (first.days_until_full_low, first.days_until_full, first.days_until_full_high)
        low, middle, high = ("…" if each is None else number(each, 0) for each in days)
        facts.append(
            Fact(
                name=speech("最も早く満杯になる資源", "full first"),
                text=speech(
                    f"{label_of(first, speech)} {middle} 日（{low}～{high} 日）",
                    f"{label_of(first, speech)} in {middle} days ({low} to {high})",
                ),
                mark="warning" if (first.place, first.basis) in marked else "",
            )
        )
    return facts


def _alerts(report: UsageReport, speech: Speech) -> list[Fact]:
    return [
        Fact(
            name=speech("基準超過", "over the limit") + (f": {each.place}" if each.place else ""),
            text=_exceeded(each, speech),
            mark="alarm" if _is_full(each) else "warning",
        )
        for each in report.exceeded
    ]


_FULL = 100
_COMMIT = 12  # characters of a commit that are enough to find it


def _is_full(each: Exceeded) -> bool:
    return each.threshold.endswith("percent") and _value(each) > _FULL


def _value(each: Exceeded) -> float:
    return float("inf") if each.value is None else each.value


def _exceeded(each: Exceeded, speech: Speech) -> str:
    text = speech.text(THRESHOLDS[each.threshold]).format(value=number(_value(each), 1), limit=number(each.limit, 1))
    parts = [speech.code(BASES, each.basis)]
    if each.threshold == "days_until_full" and each.resource is not None:
        parts.insert(0, speech.code(RESOURCES, each.resource))
    basis = speech("・", ", ").join(parts)
    return speech(f"{text}［{basis}］", f"{text} [{basis}]")


def _note(note: Note, speech: Speech) -> str:
    return speech.text(NOTES[note.code]).format(
        subject=note.subject or "-",
        value="-" if note.value is None else number(note.value, 1),
        limit="-" if note.limit is None else number(note.limit, 1),
        reason=f": {note.reason}" if note.reason and note.code != "vcenter-unreachable" else note.reason,
    )


def _day(day: date, speech: Speech) -> str:
    return day_text(day, speech.language)
