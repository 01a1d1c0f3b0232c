"""Japanese and English of every code that a report can hold; a test proves that none is missing."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import NoteCode, SourceKind, Threshold
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Answer,
    Basis,
    ForecastStatus,
    Resource,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import CostBasis
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Difference
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_waste import ReclaimableKind

RESOURCES: Mapping[Resource, Text] = {
    "cpu": Text(ja="CPU", en="CPU"),
    "memory": Text(ja="メモリ", en="memory"),
    "storage": Text(ja="ストレージ", en="storage"),
}
BASES: Mapping[Basis, Text] = {
    "described": Text(ja="設計", en="described"),
    "actual": Text(ja="実際の割当", en="actual"),
    "demand": Text(ja="実使用", en="used"),
}
COST_BASES: Mapping[CostBasis, Text] = {
    "described": Text(ja="設計（全期間）", en="described, whole period"),
    "history": Text(ja="実績（稼働日数）", en="history, days that a machine lived"),
}
COST_METHODS: Mapping[str, Text] = {
    "split": Text(ja="按分", en="split"),
    "rates": Text(ja="単価", en="rates"),
}
DIFFERENCES: Mapping[Difference, Text] = {
    "missing": Text(ja="vCenterに無い", en="missing in vCenter"),
    "vcpu": Text(ja="vCPU", en="vCPU"),
    "memory": Text(ja="メモリ", en="memory"),
    "storage": Text(ja="ストレージ", en="storage"),
    "power": Text(ja="電源", en="power"),
}
RECLAIMABLE: Mapping[ReclaimableKind, Text] = {
    "orphaned-disks": Text(ja="所有者のないディスク", en="orphaned disks"),
    "old-snapshots": Text(ja="古いスナップショット", en="old snapshots"),
    "retired-machines": Text(ja="廃止済みの仮想サーバ", en="retired machines"),
    "powered-off-machines": Text(ja="停止中の仮想サーバ", en="machines that are off"),
    "idle-machines": Text(ja="遊休の仮想サーバ", en="idle machines"),
}
DIRECTIONS: Mapping[str, Text] = {
    "smaller": Text(ja="縮小", en="smaller"),
    "larger": Text(ja="拡大", en="larger"),
    "mixed": Text(ja="増減あり", en="mixed"),
}
POWERS: Mapping[str, Text] = {
    "on": Text(ja="稼働", en="on"),
    "off": Text(ja="停止", en="off"),
    "suspended": Text(ja="一時停止", en="suspended"),
}
STATUSES: Mapping[str, Text] = {
    "planned": Text(ja="計画", en="planned"),
    "in-service": Text(ja="稼働中", en="in service"),
    "retiring": Text(ja="廃止手続中", en="retiring"),
    "retired": Text(ja="廃止済", en="retired"),
}
FORECASTS: Mapping[ForecastStatus, Text] = {
    "full": Text(ja="既に満杯", en="full already"),
    "growing": Text(ja="増加中", en="growing"),
    "not-growing": Text(ja="増加なし", en="not growing"),
    "beyond-horizon": Text(ja="予測期間内に満杯にならない", en="not within the horizon"),
    "too-little-history": Text(ja="履歴不足", en="too little history"),
    "no-history": Text(ja="履歴なし", en="no history"),
}
ANSWERS: Mapping[Answer, Text] = {
    "fits": Text(ja="収まる", en="fits"),
    "passes-threshold": Text(ja="収まるが基準超過", en="fits, but passes the threshold"),
    "does-not-fit": Text(ja="収まらない", en="does not fit"),
}
SOURCES: Mapping[SourceKind, Text] = {
    "repository": Text(ja="設計（リポジトリ）", en="described (repository)"),
    "vcenter": Text(ja="実際（vCenter）", en="actual (vCenter)"),
    "history": Text(ja="履歴（記録データベース）", en="history (records)"),
    "tape": Text(ja="テープ", en="tape"),
    "desktops": Text(ja="仮想端末", en="desktops"),
}
THRESHOLDS: Mapping[Threshold, Text] = {
    "cluster_cpu_percent": Text(
        ja="クラスタのCPU（ホスト障害時）が {value}%（基準 {limit}%）",
        en="CPU of the cluster with hosts lost: {value}% (limit {limit}%)",
    ),
    "cluster_memory_percent": Text(
        ja="クラスタのメモリ（ホスト障害時）が {value}%（基準 {limit}%）",
        en="memory of the cluster with hosts lost: {value}% (limit {limit}%)",
    ),
    "storage_percent": Text(
        ja="ストレージ階層が {value}%（基準 {limit}%）", en="storage tier: {value}% (limit {limit}%)"
    ),
    "datastore_used_percent": Text(
        ja="データストアの使用率が {value}%（基準 {limit}%）", en="datastore in use: {value}% (limit {limit}%)"
    ),
    "days_until_full": Text(
        ja="増加が続くと {value} 日後に満杯（基準 {limit} 日）", en="full in {value} days (limit {limit})"
    ),
    "old_snapshots": Text(
        ja="古いスナップショットのある仮想サーバが {value} 台（基準 {limit} 台）",
        en="{value} machines with old snapshots (limit {limit})",
    ),
}
NOTES: Mapping[NoteCode, Text] = {
    "estate-empty": Text(
        ja="対象となるシステムがありません（systems/ が空か、絞込みに一致しません）",
        en="no system is in the scope (systems/ is empty or the filters leave nothing)",
    ),
    "described-later": Text(
        ja="設計値はコミット {subject} のもので、基準日のものではありません（当日の採取値もありません）",
        en="the description is that of commit {subject}, not of that day (of which there is no reading either)",
    ),
    "vcenter-not-asked": Text(
        ja="vCenterは参照していません。数値は設計値です（実際の値は --live INVENTORY）",
        en="vCenter was not asked: the numbers are as described (--live INVENTORY asks it)",
    ),
    "vcenter-unreachable": Text(
        ja="vCenter {subject} から取得できませんでした: {reason}",
        en="vCenter {subject} could not be read: {reason}",
    ),
    "history-not-given": Text(
        ja="履歴は使用していません。傾向・満杯予測・適正化は示しません（--history）{reason}",
        en="no history was used: no trend, forecast or right-sizing (--history){reason}",
    ),
    "history-empty": Text(
        ja="期間内の履歴が記録データベースにありません{reason}", en="the records hold no sample of the period{reason}"
    ),
    "history-gaps": Text(
        ja="履歴に {value} 日分の欠測があります（補間していません）",
        en="{value} days of the history have no sample (nothing was filled in)",
    ),
    "tape-not-collected": Text(ja="テープの使用量は未収集です", en="use of tape was not collected"),
    "desktops-not-collected": Text(
        ja="仮想端末の稼働数は未収集です（台数は設計値）",
        en="desktops in use were not collected (numbers as described)",
    ),
    "use-not-measured": Text(
        ja="vCenterがCPU・メモリの使用量を返さない仮想サーバが {limit} 台中 {value} 台あります",
        en="vCenter told no use of CPU or memory of {value} of {limit} machines",
    ),
    "orphans-not-collected": Text(
        ja="所有者のないディスクは調べていません", en="datastores were not searched for orphaned disks"
    ),
    "right-sizing-needs-history": Text(
        ja="適正化の判定には {limit} 日分の履歴が必要です（現在 {value} 日）",
        en="right-sizing needs {limit} days of history ({value} are there)",
    ),
    "cluster-not-described": Text(
        ja="クラスタ {subject} は定義にありません（過剰割当率 1 として計算）",
        en="cluster {subject} is not described (taken with overcommit 1)",
    ),
    "datastore-not-described": Text(
        ja="データストア {subject} は定義にありません", en="datastore {subject} is not described"
    ),
    "machines-missing": Text(
        ja="定義にあってvCenterに無い仮想サーバが {value} 台あります",
        en="{value} machines are described and not in vCenter",
    ),
    "machines-unmanaged": Text(
        ja="定義に無い仮想サーバがvCenterに {value} 台あります",
        en="{value} machines in vCenter are described by nobody",
    ),
    "tariff-missing": Text(
        ja="調達単位 {subject} にはこの期間の料金表がありません", en="equipment {subject} has no tariff for the period"
    ),
    "cost-by-described": Text(
        ja="費用は設計値により全期間分を按分しています（履歴なし）",
        en="cost goes by what is described, for the whole period (no history)",
    ),
    "cost-assumed": Text(
        ja="料金表は仮定です。費用は試算であり請求ではありません",
        en="the tariff is an assumption: a trial calculation, not a bill",
    ),
    "cost-projected": Text(
        ja="基準日より後の {value} 日分は、最後に判明している規模が続くものとして計算しています",
        en="for {value} days after the day of the report the last known sizes are taken",
    ),
    "days-without-tariff": Text(
        ja="調達単位 {subject} は期間のうち {value} 日に料金表がありません",
        en="equipment {subject} has no tariff on {value} days of the period",
    ),
}
