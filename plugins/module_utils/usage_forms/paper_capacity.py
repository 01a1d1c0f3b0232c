"""What is left: clusters with hosts lost, storage tiers, datastores, what if."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Column,
    Kind,
    Mark,
    Row,
    Section,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    Basis,
    ClusterCapacity,
    Resource,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_datastores import datastores_table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper_what_if import what_if_table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.words import BASES, RESOURCES

_ALL_BASES: tuple[Basis, ...] = ("described", "actual", "demand")


def capacity_sections(report: UsageReport, speech: Speech) -> list[Section]:
    """What if stands first where it was asked for."""
    sections = []
    if report.what_if is not None:
        table = what_if_table(report.what_if, speech)
        sections.append(Section(key="what-if", title=table.title, tables=(table,)))
    sections.append(
        Section(
            key="clusters",
            title=speech("クラスタの空き（ホスト障害時）", "Headroom of the clusters with hosts lost"),
            tables=(
                _cluster_table(report, speech, "cpu"),
                _cluster_table(report, speech, "memory"),
                _cluster_facts(report, speech),
            ),
            notes=(
                speech(
                    "容量は、許容ホスト障害数だけ最大のホストを失った状態で、過剰割当率を掛けたものです。実使用は"
                    "過剰割当なしの物理量（CPUはMHz）と比べます。",
                    "Capacity is what is left when the tolerated number of the largest hosts is lost, times the "
                    "overcommit ratio; use is compared with what is physically there (CPU in MHz).",
                ),
            ),
        )
    )
    sections.append(
        Section(
            key="storage",
            title=speech("ストレージの空き", "Headroom of the storage"),
            tables=(_tiers(report, speech), datastores_table(report, speech)),
        )
    )
    return sections


def _passed_by(report: UsageReport, *thresholds: str) -> set[tuple[str, str]]:
    """(place, basis) of everything that passes one of the thresholds."""
    return {(each.place, each.basis) for each in report.exceeded if each.threshold in thresholds}


def _balance_columns(speech: Speech, bases: Sequence[Basis], kind: Kind, unit: dict[Basis, str]) -> list[Column]:
    columns = []
    for basis in bases:
        ja, en = BASES[basis].ja, BASES[basis].en
        first = basis == bases[0]
        size: Kind = "mhz" if unit[basis] == "MHz" else kind
        columns += [
            speech.column(f"{basis}_demand", f"{ja} ({unit[basis]})", f"{en} ({unit[basis]})", size),
            speech.column(
                f"{basis}_capacity",
                f"{ja} 容量 ({unit[basis]})",
                f"{en}: capacity ({unit[basis]})",
                size,
                narrow=first,
            ),
            speech.column(
                f"{basis}_free",
                f"{ja} 空き ({unit[basis]})",
                f"{en}: free ({unit[basis]})",
                size,
                narrow=first,
            ),
            speech.column(f"{basis}_percent", f"{ja} (%)", f"{en} (%)", "percent", bar=True),
        ]
    return columns


def _balance_values(balances: Sequence[Balance | None]) -> list[Value]:
    values: list[Value] = []
    for balance in balances:
        if balance is None:
            values += [None, None, None, None]
        else:
            percent = float("inf") if balance.percent is None else balance.percent
            values += [balance.demand, balance.capacity, balance.free, percent]
    return values


def _mark(balances: Sequence[Balance | None], place: str, passed: set[tuple[str, str]]) -> Mark:
    known = [each for each in balances if each is not None]
    if not all(each.fits for each in known):
        return "alarm"
    return "warning" if any((place, each.basis) in passed for each in known) else ""


def _cluster_table(report: UsageReport, speech: Speech, resource: Resource) -> Table:
    bases = [
        basis for basis in _ALL_BASES if any(each.balance(resource, basis) is not None for each in report.clusters)
    ]
    passed = _passed_by(report, f"cluster_{resource}_percent")
    limits = speech.estate.platform.capacity.thresholds
    threshold = limits.cluster_cpu_percent if resource == "cpu" else limits.cluster_memory_percent
    unit: dict[Basis, str] = (
        {"described": "vCPU", "actual": "vCPU", "demand": "MHz"}
        if resource == "cpu"
        else {"described": "GiB", "actual": "GiB", "demand": "GiB"}
    )
    rows = []
    for each in report.clusters:
        balances = [each.balance(resource, basis) for basis in bases]
        rows.append(
            Row(
                values=(each.cluster, *_balance_values(balances), threshold),
                mark=_mark(balances, each.cluster, passed),
            )
        )
    name = speech.text(RESOURCES[resource])
    kind: Kind = "decimal" if resource == "cpu" else "gib"
    return Table(
        key=f"clusters_{resource}",
        title=speech(f"クラスタの{name}", f"{name} of the clusters"),
        columns=(
            speech.column("cluster", "クラスタ", "cluster"),
            *_balance_columns(speech, bases, kind, unit),
            _threshold_column(speech),
        ),
        rows=tuple(rows),
        empty=speech("クラスタはありません。", "There is no cluster."),
        charts=_percent_charts(
            speech(f"{name}の使用率（ホスト障害時）", f"{name} taken, hosts lost"), "cluster", bases
        ),
    )


def _threshold_column(speech: Speech) -> Column:
    return speech.column("threshold_percent", "基準値", "threshold", "percent", narrow=False)


def _percent_charts(title: str, category: str, bases: Sequence[Basis]) -> tuple[Chart, ...]:
    if not bases:
        return ()
    series = tuple(f"{basis}_percent" for basis in bases)
    return (Chart(title=title, kind="bars", category=category, series=series, unit="%", limit="threshold_percent"),)


def _cluster_facts(report: UsageReport, speech: Speech) -> Table:
    return Table(
        key="clusters",
        title=speech("クラスタの構成と前提", "Clusters and what is assumed of them"),
        columns=(
            speech.column("cluster", "クラスタ", "cluster"),
            speech.column("segment", "ネットワーク系統", "segment", narrow=False),
            speech.column("equipment", "調達単位", "equipment", narrow=False),
            speech.column("hosts", "ホスト（設計）", "hosts described", "count"),
            speech.column("hosts_observed", "ホスト（使用可能）", "hosts usable", "count"),
            speech.column("hosts_unavailable", "使用不可のホスト", "hosts not usable", narrow=False),
            speech.column("host_failures_tolerated", "許容ホスト障害数", "failures tolerated", "count"),
            speech.column("cpu_overcommit_ratio", "CPU過剰割当率", "CPU overcommit", "decimal"),
            speech.column("memory_overcommit_ratio", "メモリ過剰割当率", "memory overcommit", "decimal"),
            speech.column("failover_percent", "HA予約相当", "as HA percentage", "percent", narrow=False),
            speech.column("reserved_cpu_percent", "CPU予約", "CPU reserved", "percent", narrow=False),
            speech.column("reserved_memory_percent", "メモリ予約", "memory reserved", "percent", narrow=False),
        ),
        rows=tuple(_cluster_row(each, speech) for each in report.clusters),
        empty=speech("クラスタはありません。", "There is no cluster."),
        detail=True,
    )


def _cluster_row(each: ClusterCapacity, speech: Speech) -> Row:
    return Row(
        values=(
            each.cluster,
            speech.segment(each.segment),
            speech.equipment(each.equipment),
            each.hosts_described,
            each.hosts_observed,
            speech("、", ", ").join(each.hosts_unavailable),
            each.host_failures_tolerated,
            each.cpu_overcommit_ratio,
            each.memory_overcommit_ratio,
            each.failover_percent,
            each.reserved_cpu_percent,
            each.reserved_memory_percent,
        ),
        mark="warning" if each.hosts_unavailable else "",
    )


def _tiers(report: UsageReport, speech: Speech) -> Table:
    bases = [basis for basis in _ALL_BASES if any(each.balance(basis) is not None for each in report.tiers)]
    passed = _passed_by(report, "storage_percent")
    rows = []
    for each in report.tiers:
        balances = [each.balance(basis) for basis in bases]
        rows.append(
            Row(
                values=(
                    each.name,
                    speech.equipment(each.equipment),
                    *_balance_values(balances),
                    speech.estate.platform.capacity.thresholds.storage_percent,
                ),
                mark=_mark(balances, each.name, passed),
            )
        )
    return Table(
        key="tiers",
        title=speech("階層別（クラスタごと）", "By tier and cluster"),
        columns=(
            speech.column("place", "クラスタ／階層", "cluster/tier"),
            speech.column("equipment", "調達単位", "equipment", narrow=False),
            *_balance_columns(speech, bases, "gib", dict.fromkeys(_ALL_BASES, "GiB")),
            _threshold_column(speech),
        ),
        rows=tuple(rows),
        empty=speech("データストアはありません。", "There is no datastore."),
        notes=(
            speech(
                "割当（設計・実際）はディスクの全容量を「充填上限－スナップショット予約」と、実使用は書込み済みの容量を"
                "充填上限と比べます。",
                "Described and actual compare full disks with the fill limit less the snapshot reserve, used compares "
                "what is written with the fill limit.",
            ),
        ),
        charts=_percent_charts(speech("ストレージの使用率", "Storage taken"), "place", bases),
    )
