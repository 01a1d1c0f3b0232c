"""kill -9 in each phase of a patch run: the next one goes on, nothing is done twice, and no snapshot is left over."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import Phase
from tests.support.estate_lab import kill_tree, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.patch_lab import CHANGE, ROUND, VCENTER, PatchLab, patch_lab

# One machine per phase, so that each test finds a guest that nobody has patched.
SNAPSHOT, UPGRADE, RESTART, REVERT, EDGES = "s33-ap01", "s39-ap01", "s39-web01", "s39-web02", "s39-db01"
NAMES = (SNAPSHOT, UPGRADE, RESTART, REVERT, EDGES)
CONTENT, BROKEN = "patch-2026-11", "patch-2026-12"
SOURCES = "/etc/apt/sources.list.d/kyotsu.sources"

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatchLab]:
    with patch_lab(tmp_path_factory.mktemp("killed"), "patch-killed", NAMES) as running:
        running.approve(ROUND, CONTENT, ["s33", "s39"])
        for channel in ("canary", "wave-2"):
            running.mirror.promote(channel, CONTENT, approved_by="A")
        running.mirror.promote("wave-3", BROKEN, approved_by="A")
        yield running


def killed(lab: PatchLab, name: str, moment: Callable[[], bool], what: str) -> None:
    """A run over one machine, killed with all its children at a moment."""
    lab.services.estate_lab.reset_counters()
    arguments = lab.arguments(limit=[name])
    with lab.services.estate_lab.playbook_in_background("patch", *arguments) as process:
        drained = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        wait_until(moment, what, seconds=180)
        assert process.poll() is None, "the run was over before it could be killed"
        kill_tree(process)
        drained.wait(timeout=20)


def phase(lab: PatchLab, name: str) -> Phase | None:
    """How far the unfinished run is with a machine."""
    with lab.store() as store:
        for run in store.patches.unfinished("lab"):
            for each in store.patches.machines(run.run_id).values():
                if each.outcome.name == name:
                    return each.phase
    return None


def method(lab: PatchLab, name: str) -> int:
    return lab.services.estate_lab.methods(VCENTER).get(name, 0)


def resumed(lab: PatchLab, name: str, result: Result, *, kills: int = 1) -> None:
    """The same command again: the machine comes to its end in the same run, with one snapshot."""
    run = lab.patch(limit=[name])
    assert run.code == (0 if result.is_good else 2), run.output
    evidence = lab.runs()[-1]
    found = lab.outcomes(evidence)[name]
    assert found.result is result, run.output
    assert len(evidence.resumed_from) == kills
    assert "died; it is gone on with" in run.output
    assert [each.label is not None and each.label.run_id for each in lab.snapshots(name)] == [evidence.run_id]
    with lab.store() as store:
        assert store.patches.unfinished("lab") == []
        assert len(store.patches.runs("lab", ROUND)) == len(lab.runs())
        assert store.chain.verify().ok
    assert lab.health(name).startswith("OK ")


def a_silence_that_nobody_would_end_is_ended_by_cleanup(lab: PatchLab, name: str) -> None:
    """The run that died has silenced its machine; an hour later nobody has gone on with it."""
    file = lab.services.laboratory.paths.root / "monitoring/silences.json"
    silences = json.loads(file.read_text(encoding="utf-8"))
    (left,) = [each for each in silences if each["machine"] == name and each["ended"] is None]
    waiting = lab.patch("--tags", "cleanup", limit=[name])
    assert waiting.code == 0, waiting.output
    assert "1 open silences of patch runs: 1 waiting" in waiting.output
    left |= {"end": left["start"]}
    file.write_text(json.dumps(silences), encoding="utf-8")
    ended = lab.patch("--tags", "cleanup", limit=[name])
    assert ended.code == 0, ended.output
    assert "1 open silences of patch runs: 1 ended" in ended.output
    assert all(each["ended"] for each in json.loads(file.read_text(encoding="utf-8")))


def finished_stay_as_they_are(lab: PatchLab, name: str) -> None:
    """A third run finds nothing to do: no snapshot, no restart, no package."""
    boots, snapshots = lab.say(name, "cut -d' ' -f22 /proc/1/stat"), lab.snapshots(name)
    run = lab.patch(limit=[name])
    assert run.code == 0, run.output
    assert f"not {name}: has this round" in run.output
    assert (lab.say(name, "cut -d' ' -f22 /proc/1/stat"), lab.snapshots(name)) == (boots, snapshots)


def test_killed_while_the_snapshot_is_made(lab: PatchLab) -> None:
    control = lab.services.estate_lab.control(VCENTER)
    control.set_delays(tasks={"CreateSnapshot": 4000})
    killed(lab, SNAPSHOT, lambda: method(lab, "CreateSnapshot_Task") == 1, "a snapshot is asked for")
    control.set_delays()
    wait_until(lambda: len(lab.snapshots(SNAPSHOT)) == 1, "vCenter finishes what it was asked for")
    resumed(lab, SNAPSHOT, Result.PATCHED)
    finished_stay_as_they_are(lab, SNAPSHOT)


def test_killed_while_packages_are_installed(lab: PatchLab) -> None:
    def installing() -> bool:
        return lab.services.ssh(UPGRADE, "pgrep -x dpkg").returncode == 0

    killed(lab, UPGRADE, installing, "dpkg works in the guest")
    assert phase(lab, UPGRADE) is Phase.ADMITTED
    a_silence_that_nobody_would_end_is_ended_by_cleanup(lab, UPGRADE)
    resumed(lab, UPGRADE, Result.PATCHED)
    assert lab.packages(UPGRADE)["kyotsu-sample-service"] == "1.1"
    assert lab.say(UPGRADE, "dpkg --audit") == ""
    finished_stay_as_they_are(lab, UPGRADE)


def test_killed_while_the_guest_restarts(lab: PatchLab) -> None:
    killed(lab, RESTART, lambda: method(lab, "RebootGuest") == 1, "the guest is asked to restart")
    assert phase(lab, RESTART) is Phase.RESTARTING
    resumed(lab, RESTART, Result.PATCHED)
    assert method(lab, "RebootGuest") == 1, "a guest that has restarted was restarted again"
    assert method(lab, "CreateSnapshot_Task") == 1
    finished_stay_as_they_are(lab, RESTART)


def test_killed_while_a_machine_goes_back_to_its_snapshot(lab: PatchLab) -> None:
    lab.say(REVERT, f"sed -i s/wave-2/wave-3/ {SOURCES}")
    before = lab.packages(REVERT)
    control = lab.services.estate_lab.control(VCENTER)
    control.set_delays(tasks={"RevertToSnapshot": 4000})
    killed(lab, REVERT, lambda: method(lab, "RevertToSnapshot_Task") == 1, "a revert is asked for")
    control.set_delays()
    assert phase(lab, REVERT) is Phase.REVERTING
    (logs,) = lab.folder.glob(f"{ROUND}/*-{REVERT}-logs.tar.gz")
    exported = logs.read_bytes()
    killed(lab, REVERT, lambda: phase(lab, REVERT) is Phase.REVERTED, "it is back at its snapshot")
    resumed(lab, REVERT, Result.ROLLED_BACK, kills=2)
    assert method(lab, "RevertToSnapshot_Task") == 1, "a machine that was back was brought back again"
    assert "not healthy: FAIL kyotsu-sample-service 1.2" in lab.outcomes(lab.runs()[-1])[REVERT].reason
    assert logs.read_bytes() == exported, "logs of the guest that was back took the place of those of the failure"
    assert lab.packages(REVERT) == before


def test_killed_before_anything_was_done_and_again_before_the_end_is_written_down(lab: PatchLab) -> None:
    evidence = len(lab.runs())
    killed(lab, EDGES, lambda: phase(lab, EDGES) is Phase.PLANNED, "the run is recorded")
    assert lab.snapshots(EDGES) == ()
    killed(lab, EDGES, lambda: phase(lab, EDGES) is Phase.CLOSED, "the machine is finished, and the run is not")
    assert len(lab.runs()) == evidence
    boot = lab.say(EDGES, "cut -d' ' -f22 /proc/1/stat")
    resumed(lab, EDGES, Result.PATCHED, kills=2)
    assert lab.say(EDGES, "cut -d' ' -f22 /proc/1/stat") == boot, "a finished machine was restarted again"
    assert lab.packages(EDGES)["kyotsu-sample-service"] == "1.1"
    finished_stay_as_they_are(lab, EDGES)


def test_a_run_that_lives_is_not_gone_on_with(lab: PatchLab) -> None:
    lab.say(REVERT, f"sed -i s/wave-3/wave-2/ {SOURCES}")
    with lab.services.estate_lab.playbook_in_background("patch", *lab.arguments(limit=[REVERT])) as process:
        wait_until(lambda: phase(lab, REVERT) is not None, "the first run has begun", seconds=120)
        second = lab.patch(limit=[SNAPSHOT])
        assert second.code == 2
        assert f"(change {CHANGE})" in second.output
        assert "is at work on" in second.output
        kill_tree(process)
    resumed_by_another_change = lab.patch(limit=[REVERT], change="CHG-2")
    assert "go on with it first, -e change=CHG-1" in resumed_by_another_change.output.replace("\n", " ")
    run = lab.patch(limit=[REVERT])
    assert run.code == 0, run.output
