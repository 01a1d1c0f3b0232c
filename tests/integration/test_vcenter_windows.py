"""An apply that outlasts the window: what comes too late is held, said and recorded; the rest is done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.plan import make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.apply import apply_changes
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Recorder, locked_run
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter
from tests.support.vcenter_lab import (
    DATACENTER,
    VCENTER,
    VCenterLab,
    creations,
    desired_machine,
    foundation,
    machine_creation,
    session_of,
    update,
    vcenter_lab,
)

END = datetime(2026, 11, 29, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "vcenter-windows") as running:
        with session_of(running) as session:
            assert all(result.status == "changed" for result in running.apply(session, creations(foundation())))
        yield running


def test_what_is_too_late_is_held_said_and_recorded(
    lab: VCenterLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "progress"
    monkeypatch.setenv("KYOTSU_PROGRESS_FILE", str(said))
    target = dataclasses.replace(
        target_from(
            {
                "environment": "lab",
                "production": False,
                "repository": str(tmp_path),
                "vcenters": [],
                "records_url": f"sqlite:///{tmp_path}/records.sqlite3",
            }
        ),
        endpoints=(lab.endpoint(),),
    )
    part, whole, free = (desired_machine(name) for name in ("part", "whole", "free"))
    desired = DesiredVCenter(
        id=VCENTER,
        datacenter=DATACENTER,
        items=(),
        machines=(part, whole, free),
        capacity_gb={},
        reserve_gb={},
    )
    plan = make_plan(environment="lab", commit="c0ffee", part="all", scope=None, observed=[], comparisons=[])
    changes = [
        update("machine", "part", "cpu", 2, 1, "reboot"),
        update("machine", "part", "notes", part.notes, "new"),
        update("machine", "whole", "cpu", 2, 1, "reboot"),
        update("machine", "free", "cpu", 2, 1, "reboot"),  # no limit: an emergency
        update("port_group", "pg-a", "vlan_id", 110, 113, "outage"),
    ]
    limits = {(change.vcenter, change.kind, change.object): END for change in changes if change.object != "free"}
    with session_of(lab) as session, locked_run(target, "provision", "c0ffee") as run:
        made = [machine_creation(machine) for machine in (part, whole, free)]
        live = LiveVCenter(desired=desired, session=session, observed=lab.read(session))
        apply_changes(target, [live], made, Recorder(run, target, "provision", plan))
        live = LiveVCenter(desired=desired, session=session, observed=lab.read(session))
        recorder = Recorder(run, target, "provision", plan)
        apply = run.store.applies.unfinished()[-1]
        results = apply_changes(target, [live], changes, recorder, start_before=limits, clock=lambda: END)
        recorder.finish(failed=False)
        recorded = {each.object: each for each in run.store.applies.results(apply.id)}
        cpus = {machine.name: machine.cpu for machine in lab.read(session).machines if not machine.is_template}
    assert sorted((result.object, result.status) for result in results) == [
        ("free", "changed"),
        ("part", "changed"),
        ("part", "held"),
        ("pg-a", "held"),
        ("whole", "held"),
    ]
    assert cpus == {"part": 2, "whole": 2, "free": 1}
    assert {name: each.changed for name, each in recorded.items()} == {
        "part": True,
        "whole": False,
        "free": True,
        "port_group:pg-a": False,
    }
    assert "its window closed at 2026-11-29 05:00" in recorded["whole"].message
    assert f"HELD {VCENTER}: machine part: cpu: its window closed" in said.read_text(encoding="utf-8")
    assert f"{VCENTER}: 4 of 4" in said.read_text(encoding="utf-8")
