"""The verb drift: the live vCenters against the repository, as a report; it makes no writing call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import ApprovalError
from ansible_collections.kyotsu.platform.plugins.module_utils.drift import DriftReport, drift_report
from ansible_collections.kyotsu.platform.plugins.module_utils.drift_forms import drift_data, drift_text, summary_text
from ansible_collections.kyotsu.platform.plugins.module_utils.overdue import Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.snapshots import SnapshotLimits
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import EVERYTHING, Selection, plan_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.emergencies import emergency_standings
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import calls, live_vcenters


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """The report and what it took to make it."""

    report: DriftReport
    files: tuple[Path, ...]
    seconds: float
    calls: Mapping[str, int]  # vCenter id -> requests that this verb made

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        data = drift_data(self.report)
        return {
            "changed": False,
            "counts": data["counts"],
            "deviations": data["deviations"],
            "found": len(self.report.deviations),
            "overdue": data["overdue"],
            "text": drift_text(self.report),
            "files": [str(each) for each in self.files],
            "seconds": round(self.seconds, 2),
            "calls": dict(self.calls),
        }


def run_drift(
    target: Target,
    *,
    names: Sequence[str] | None = None,
    report: Path | None = None,
    now: datetime | None = None,
) -> DriftOutcome:
    """Compare and report. With `report` (a path without suffix) the report is written as .html, .json and .txt.

    Raises:
        VerbRefused: `report` has a suffix, or a name is unknown. Also what live_vcenters and prepare raise.
    """
    started = time.monotonic()
    if report is not None and report.suffix in (".html", ".json", ".txt"):
        raise VerbRefused(f"report {report.name}: give the name without its suffix; .html, .json and .txt are written")
    prepared = prepare(target, now)
    selection = Selection(part=EVERYTHING, names=scope_of(prepared, names))
    with live_vcenters(target, prepared.desired) as live:
        plan = plan_of(target, prepared, live, selection)
        limits = prepared.estate.platform.limits
        # As with what is unmanaged: a limited report is about its machines only.
        emergencies, unread = _emergencies(target, prepared) if selection.names is None else ((), "")
        found = drift_report(
            prepared.estate,
            plan,
            [(each.desired, each.observed) for each in live],
            SnapshotLimits(age_hours=limits.snapshot_age_hours, chain=limits.snapshot_chain),
            prepared.now,
            policy=prepared.warnings,
            emergencies=emergencies,
            unread=unread,
        )
        Progress().say(f"drift: {summary_text(found).en}")
        return DriftOutcome(
            report=found,
            files=_write(target, prepared, found, report) if report else (),
            seconds=time.monotonic() - started,
            calls=calls(live),
        )


def _emergencies(target: Target, prepared: Prepared) -> tuple[tuple[Standing, ...], str]:
    """Emergency runs of the records, or why they cannot be told: a report on the vCenters is made all the same."""
    timezone = prepared.estate.platform.estate.timezone
    today = prepared.now.astimezone(ZoneInfo(timezone)).date()
    try:
        with open_store(target.records_url, production=target.production, create=False) as store:
            return emergency_standings(store, target.repository, today=today, timezone=timezone), ""
    except (RecordsError, ApprovalError) as error:
        return (), str(error)


def _write(target: Target, prepared: Prepared, report: DriftReport, path: Path) -> tuple[Path, ...]:
    from ansible_collections.kyotsu.platform.plugins.module_utils.drift_forms import drift_html, drift_json

    template = (target.repository / "roles" / "drift" / "templates" / "drift.html.j2").read_text(encoding="utf-8")
    forms = {
        ".html": drift_html(template, report, prepared.estate.platform.estate),
        ".json": drift_json(report),
        ".txt": drift_text(report),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    files = []
    for suffix, text in forms.items():
        file = path.with_name(path.name + suffix)
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return tuple(files)
