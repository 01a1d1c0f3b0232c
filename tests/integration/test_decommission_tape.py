"""One real guest with data retires for good: to tape, deleted, and back from tape into a machine.

A whole system that does it, on both sides, with its files opened, is in tests/whole/test_system_retires.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.run import run_handover
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_scratch import run_scratch_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import live_vcenters
from tests.support.approvals import office
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import wait_until
from tests.support.guest_lab import needs_guests
from tests.support.retiring import lines, right, seen

pytestmark = needs_guests

# Its own class writes no tape and has one side: the last copy of a machine goes to tape all the same.
SYSTEM, GOING, VCENTER = "s17", "s17-ap01", "vc-kyotsu"
STAYING = "s13-ap01"
# Copies and tapes go by the clock, so only what comes after them is in the future.
NOW = datetime.now(UTC)
LAST_DAY = (NOW - timedelta(days=2)).date()
GRACE_OVER = NOW + timedelta(days=31)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    folder = tmp_path_factory.mktemp("leaving")
    with backup_lab(folder, "leaving", names=(GOING, STAYING), backed_up=False) as found:
        yield found


def retire(lab: BackupLab) -> None:
    (file,) = (lab.services.estate_lab.repository / "systems").glob(f"{SYSTEM}-*.yml")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["status"] = "retiring"
    content["retirement"] = {
        "date": LAST_DAY.isoformat(),
        "reason": {"ja": "次期システムへ移行", "en": "Replaced"},
        "requested_by": "所管課",
        "approved_by": "情報政策室長",
        "last_copy_years": 5,
        "records": {
            "confirmed_on": LAST_DAY.isoformat(),
            "confirmed_by": "所管課",
            "retention_ended": True,
            "historical": "none",
        },
    }
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def advance(lab: BackupLab, reports: Path, now: datetime, **more: Any) -> Outcome:
    ask = right if more.pop("typing", False) else lambda _question: None
    request = Request(
        order=more.pop("order", "advance"),
        reports=reports,
        now=now,
        tape_settings=lab.tape_settings,
        scratch=reports / "scratch",
        **more,
    )
    return run_decommission(lab.target, request, ask=ask)


def test_a_guest_retires_and_its_last_copy_becomes_a_machine_again(lab: BackupLab, tmp_path: Path) -> None:
    services = lab.services
    done = services.ssh(GOING, "sudo sh -c 'head -c 3000000 /dev/urandom > /srv/last-words && sync'")
    assert done.returncode == 0, done.stderr
    other = seen(services.estate_lab, VCENTER, STAYING)
    assert other is not None
    retire(lab)
    reports = tmp_path / "reports"

    found = lines(advance(lab, reports, NOW))
    assert found[f"{GOING}: verify"][0] == "changed", found
    machine = seen(services.estate_lab, VCENTER, GOING)
    assert machine is not None
    assert (machine["power"], set(machine["connected"])) == ("poweredOff", {False})
    assert lab.snapshots(GOING) == []
    assert not services.answers(GOING)

    made = office(services.estate_lab.repository, tmp_path / "keys")
    owner = load_estate(services.estate_lab.repository).estate.system_by_id[SYSTEM].owner
    made.appoint(login=current_actor(), p_003={"organisation": owner})
    plan = advance(lab, reports, GRACE_OVER)
    assert plan.digest, lines(plan)
    approval = made.write(
        digest=plan.digest,
        risk="destroy",
        systems=[SYSTEM],
        approved_at=NOW.isoformat(timespec="seconds"),
        valid_from=NOW.isoformat(timespec="seconds"),
        valid_until=(GRACE_OVER + timedelta(days=1)).isoformat(timespec="seconds"),
    )
    deleted = advance(lab, reports, GRACE_OVER, approval=approval, typing=True)
    assert {each.status for each in deleted.results} == {"changed"}, lines(deleted)
    assert seen(services.estate_lab, VCENTER, GOING) is None
    assert seen(services.estate_lab, VCENTER, STAYING) == other
    assert services.answers(STAYING)

    # The machine is gone; its last copy becomes one again that is equal to it.
    prepared = prepare(lab.target, GRACE_OVER)
    with lab.store() as store, live_vcenters(lab.target, prepared.desired) as live:
        (vcenter,) = [each for each in live if each.desired.id == VCENTER]
        (desired,) = [each for each in vcenter.desired.machines if each.name == GOING]
        last = Retirements(store.database, store.chain).case(desired.key).done["back-up"].evidence["backup"]
        origin = Origin.here(run_id="scratch")
        restored = run_scratch_restore(vcenter, desired, lab.tape, store, origin, now=GRACE_OVER)
        assert restored.manifest_digest in last
    assert seen(services.estate_lab, VCENTER, GOING) is None
    read_without_us(lab, tmp_path)


def read_without_us(lab: BackupLab, folder: Path) -> None:
    """A successor has the tapes, their key, Bacula and the two papers of the handover; no program of ours.

    The catalogue is that of the lab: tests/faults/test_restore_from_nothing.py rebuilds one with bscan.
    """
    run_handover(lab.target, reports=folder / "handover", now=GRACE_OVER, tape_settings=lab.tape_settings)
    text = (folder / "handover/sealed-set.txt").read_text(encoding="utf-8")
    program = Path(text.partition("PROGRAM = ")[2].partition("\n")[0])
    printed = text.partition("   #!/bin/sh\n")[2].partition("\n\n")[0]
    script = "#!/bin/sh\n" + "".join(f"{line.removeprefix('   ')}\n" for line in printed.splitlines())
    sealed = json.loads((folder / "handover/sealed-set.json").read_text(encoding="utf-8"))["content"]
    (copy,) = [each for each in sealed["copies"] if each["name"] == GOING]
    out = lab.tape_laboratory.paths.scripts.parent / "successor"
    ours, mode = program.read_bytes(), program.stat().st_mode
    program.write_text(script.replace("OUT=/restore", f"OUT={out}"), encoding="utf-8")
    try:
        client = "client=lgwan-fd"
        # What a person types at bconsole.
        job = lab.tape.console.queue(
            f"restore jobid={copy['job']} {client} restore{client} restorejob=restore-lgwan-fd where=/ all done yes"
        )
        wait_until(lambda: lab.tape.job(job).status in {"T", "E", "f", "A"}, "the restore has ended", seconds=120)
    finally:
        program.write_bytes(ours)
        program.chmod(mode)
    assert lab.tape.job(job).status == "T"
    (found,) = out.iterdir()

    def sha256(name: str) -> str:
        told = subprocess.run(["sha256sum", str(found / name)], capture_output=True, text=True, check=True)
        return told.stdout.split()[0]

    assert sha256("manifest") == copy["manifest_sha256"]
    disks = json.loads((found / "manifest").read_text(encoding="utf-8"))["disks"]
    assert {sha256(f"disk{number}") for number in range(len(disks))} == {each["sha256"] for each in disks}
