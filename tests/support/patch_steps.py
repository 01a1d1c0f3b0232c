"""A step of a patch run over real records, for steps that do not speak to vCenter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.budget import Budget
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.settings import Settings
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step, step
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, PatchRun, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from tests.support.patch_sample import make_run


def make_settings(folder: Path, **changes: Any) -> Settings:
    """Those of a lab without a tracker file."""
    return Settings(
        **{
            "report_directory": folder / "patch",
            "contact": "担当",
            "silence_minutes": 60,
            "tracker_file": None,
            "release": "bookworm",
            "require_content": False,
            "require_backup": False,
            "at_once": None,
            "canary": 1,
            "budget": Budget(failed=0, unreachable=0, rolled_back=0),
            **changes,
        }
    )


def make_target(folder: Path) -> Target:
    """Records in a folder, and no vCenter."""
    return Target(
        environment="lab",
        production=False,
        repository=folder,
        endpoints=(),
        datacenters={},
        records_url=f"sqlite:///{folder / 'records.sqlite3'}",
        cache_directory=None,
        nfs_root=None,
        create_templates=False,
        host_user="",
        host_password="",
        host_thumbprints={},
        require_approval=False,
    )


def make_row(outcome: MachineOutcome, phase: Phase = Phase.CLOSED) -> PatchMachine:
    """A machine of a run."""
    return PatchMachine(vcenter="vc", reference=f"vm-{outcome.key}", phase=phase, outcome=outcome)


@contextmanager
def opened_step(folder: Path, machines: Sequence[PatchMachine], **settings: Any) -> Iterator[Step]:
    """A run with these machines, as each of its steps opens it."""
    target, origin = make_target(folder), Origin.here(run_id="r1")
    with open_store(target.records_url, production=False) as store:
        store.patches.start(begun(make_run(run_id="r1")), machines, origin)
    with step(target, make_settings(folder, **settings), "r1", None) as found:
        yield found


def begun(run: RunOutcome) -> PatchRun:
    """A run at its beginning, as the records hold it."""
    return PatchRun(
        run_id=run.run_id,
        environment=run.environment,
        round=run.round,
        change=run.change,
        content=run.content,
        emergency=run.emergency,
        actor=run.actor,
        commit=run.commit,
        started_at=run.started_at,
        touched_at=run.started_at,
        process=describe_process(),
    )
