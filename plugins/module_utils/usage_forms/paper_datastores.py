"""What lies on each datastore; every GiB stands in one part only."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.speech import Speech
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Mark, Row, Table
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import DatastoreUsage

_PARTS = ("machines_gib", "orphaned_gib", "other_gib")


def datastores_table(report: UsageReport, speech: Speech) -> Table:
    """One line per datastore; drawn where vCenter said what is used."""
    passed = {each.place for each in report.exceeded if each.threshold == "datastore_used_percent"}
    charts: tuple[Chart, ...] = ()
    if any(each.used_gib is not None for each in report.datastores):
        title = speech("データストアの内訳（上位16）", "What lies on the datastores (top 16)")
        chart = Chart(
            title=title,
            kind="bars",
            category="datastore",
            series=_PARTS,
            unit="GiB",
            stacked=True,
            in_tib=True,
            rows=16,
        )
        charts = (chart,)
    return Table(
        key="datastores",
        title=speech("データストア別", "By datastore"),
        columns=(
            speech.column("datastore", "データストア", "datastore"),
            speech.column("vcenter", "vCenter", "vCenter", narrow=False),
            speech.column("tier", "階層", "tier", narrow=False),
            speech.column("capacity_gib", "容量 (GiB)", "size (GiB)", "gib", total=True),
            speech.column("used_gib", "使用 (GiB)", "used (GiB)", "gib", total=True),
            speech.column("used_percent", "使用率", "used", "percent", bar=True),
            speech.column("machines_gib", "仮想サーバ (GiB)", "machines (GiB)", "gib", total=True, narrow=False),
            speech.column("orphaned_gib", "所有者なし (GiB)", "orphaned (GiB)", "gib", total=True, narrow=False),
            speech.column("other_gib", "その他 (GiB)", "other (GiB)", "gib", total=True, narrow=False),
            speech.column("provisioned_gib", "割当 (GiB)", "provisioned (GiB)", "gib", total=True, narrow=False),
        ),
        rows=tuple(_datastore_row(each, speech, passed) for each in report.datastores),
        empty=speech("データストアはありません。", "There is no datastore."),
        charts=charts,
        detail=True,
    )


def _datastore_row(each: DatastoreUsage, speech: Speech, passed: set[str]) -> Row:
    if each.accessible is False:
        mark: Mark = "alarm"
    else:
        mark = "warning" if each.datastore in passed else ""
    return Row(
        values=(
            each.datastore,
            each.vcenter,
            speech.tier(each.tier),
            each.capacity_gib,
            each.used_gib,
            each.used_percent,
            each.machines_gib,
            each.orphaned_gib,
            each.other_gib,
            each.provisioned_gib,
        ),
        mark=mark,
    )
