"""Runs of patching as the verb leaves them: real values, each changed by keyword."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.acceptance import Acceptance
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    GuestFacts,
    MachineOutcome,
    Result,
    RunOutcome,
    SnapshotTaken,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchRun
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import describe_process
from tests.support.builders import make_estate, make_machine, make_system

# A Saturday night of December in Japan (UTC+9).
START = datetime(2026, 12, 12, 15, 30, tzinfo=UTC)
HOSTILE = '=1+1 <script>alert("x")</script>'


def organisation(name: str, title: str, **fields: Any) -> Organisation:
    """A division."""
    return Organisation(
        **{
            "id": name,
            "kind": "division",
            "name": title,
            "name_en": name,
            "parent": None,
            "valid_from": "2018-04-01",
            "basis": "assumed",
            **fields,
        }
    )


def make_facts(**changes: Any) -> GuestFacts:
    """A guest before the patch."""
    return GuestFacts(
        **{
            "packages": {"openssl": "3.0.20-1", "sudo": "1.9.13-1", "base-files": "12.4"},
            "sources": {"openssl": "3.0.20-1", "sudo": "1.9.13-1", "base-files": "12.4"},
            "kernel": "6.1.0-40-amd64",
            "services": ("cron", "postgresql", "ssh"),
            "boot_id": "1",
            **changes,
        }
    )


BEFORE = make_facts()
AFTER = make_facts(
    packages={**BEFORE.packages, "openssl": "3.0.22-1", "sudo": "1.9.13-2"},
    sources={**BEFORE.sources, "openssl": "3.0.22-1", "sudo": "1.9.13-2"},
    kernel="6.1.0-41-amd64",
    boot_id="2",
)


def make_outcome(key: str = "s01-db-1", **changes: Any) -> MachineOutcome:
    """A machine that was patched and restarted: two CVEs closed, one is open still."""
    system = key.split("-", maxsplit=1)[0]
    return MachineOutcome(
        **{
            "key": key,
            "name": f"name-{key}",
            "system": system,
            "owner": "org-1",
            "role": key.split("-")[1],
            "segment": "lgwan",
            "wave": "canary",
            "batch": 1,
            "result": Result.PATCHED,
            "actor": "基盤担当",
            "started_at": START + timedelta(minutes=1),
            "finished_at": START + timedelta(minutes=6),
            "before": BEFORE,
            "after": AFTER,
            "cves_before": ("CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"),
            "cves_after": ("CVE-2026-0003",),
            "restarted": True,
            "snapshot": SnapshotTaken(reference="snapshot-1", name=f"patch CHG-1 {key}", expires_on=date(2026, 12, 16)),
            **changes,
        }
    )


def make_run(*machines: MachineOutcome, **changes: Any) -> RunOutcome:
    """A run that came to its end."""
    return RunOutcome(
        **{
            "run_id": "20261212T153000Z-1",
            "round": "2026-12",
            "change": "CHG-1",
            "content": "patch-2026-12",
            "environment": "lab",
            "actor": "基盤担当",
            "commit": "0" * 40,
            "started_at": START,
            "finished_at": START + timedelta(minutes=30),
            "machines": machines,
            **changes,
        }
    )


def make_acceptance(**changes: Any) -> Acceptance:
    """CVE-2026-0003 of s01, for half a year."""
    return Acceptance(
        **{
            "system": "s01",
            "cves": ("CVE-2026-0003",),
            "by": "総務部長",
            "accepted_on": date(2026, 12, 1),
            "until": date(2027, 5, 31),
            "reason": "次期更改で対応",
            **changes,
        }
    )


def sample_estate() -> Estate:
    """Two owners; s01 has two machines, s02 one and s03 one that is in no run. The second owner's name is hostile."""
    return make_estate(
        make_system("s01", make_machine("s01-db-1"), make_machine("s01-ap-1", role="ap")),
        make_system("s02", make_machine("s02-ap-1", role="ap"), owner="org-2"),
        make_system("s03", make_machine("s03-web-1", role="web", power="off"), owner="org-2"),
        organisations=(organisation("org-1", "総務課"), organisation("org-2", HOSTILE)),
    )


def sample_runs() -> tuple[RunOutcome, ...]:
    """One night: s01-db waits for a decision, s01-ap is patched at the second attempt, s02-ap was not reachable."""
    waits = make_outcome(
        result=Result.DECISION_NEEDED,
        reason="health check failed: port 5432 does not answer",
        reason_ja="動作確認で 5432 番ポートが応答しない",
        after=dataclasses.replace(AFTER, services=("cron", "ssh")),
        decision_sheet="decision-s01-db-1.html",
    )
    skipped = make_outcome(
        "s01-ap-1",
        result=Result.SKIPPED,
        reason="/ has 10 MiB free and the upgrade takes up to 90 MiB",
        reason_ja="/ の空きが 10 MiB しかなく、90 MiB 必要",
        after=None,
        cves_after=None,
        restarted=False,
        snapshot=None,
    )
    lost = make_outcome(
        "s02-ap-1",
        owner="org-2",
        result=Result.UNREACHABLE,
        reason=f"no answer within 60 s {HOSTILE}",
        reason_ja=f"60 秒以内に応答がない {HOSTILE}",
        before=None,
        after=None,
        cves_before=None,
        cves_after=None,
        restarted=False,
        snapshot=None,
    )
    first = make_run(waits, skipped, lost, stopped="failure budget", findings=("overdue snapshot of s09-db01",))
    later = START + timedelta(days=1)
    again = make_outcome("s01-ap-1", started_at=later + timedelta(minutes=1), finished_at=later + timedelta(minutes=4))
    second = make_run(
        again, run_id="20261213T153000Z-1", started_at=later, finished_at=later + timedelta(minutes=9), change="CHG-2"
    )
    return first, second


def make_patch_run(at: datetime, **fields: Any) -> PatchRun:
    """A run as the records hold it, begun by this process."""
    usual: dict[str, Any] = {
        "run_id": "r1",
        "environment": "lab",
        "round": "2026-11",
        "change": "CHG-1",
        "content": "patch-2026-11",
        "emergency": "",
        "actor": "hanako",
        "commit": "c",
        "started_at": at,
        "touched_at": at,
        "process": describe_process(),
    }
    return PatchRun(**{**usual, **fields})
