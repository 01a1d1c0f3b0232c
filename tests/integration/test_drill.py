"""A system is restored from a tape that came back from the vault, into a network that leads nowhere, and certified."""

from __future__ import annotations

import base64
import getpass
import json
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.registering import register_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill import run_drill
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drill_order import DrillOrder, DrillOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.approvals import office
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import kill_tree, machines_of, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.small_estate import ROOT

pytestmark = needs_guests

# The machines of a small system whose copies travel.
SYSTEM, OWNER, NAMES = "s23", "org-305", ("s23-db01", "s23-ap01")
PEOPLE = ("山田 太郎", "鈴木 花子")
# What the drill must stop: it works as soon as the machine boots, and says so in a file.
BATCH = """#!/bin/sh
### BEGIN INIT INFO
# Provides: kyotsu-batch
# Required-Start:
# Required-Stop:
# Default-Start: 2
# Default-Stop:
### END INIT INFO
case $1 in
start) date >> /root/batch-ran ;;
status) exit 3 ;;
esac
"""
ROLE = "role=db\nport=22\nservice=ssh\naddress={address}\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("drill"), "drill", NAMES, backed_up=False) as few:
        # Copies of drills have UUIDs of their own and boot too.
        every = replace(few.services, guests=replace(few.services.guests, machines=None))
        every.up()
        found = replace(few, services=every)
        for name in NAMES:
            prepare_guest(found, name)
        outcome = found.backup()
        assert not outcome.failed, outcome.machines
        off_site(found, outcome)
        yield found


def prepare_guest(lab: BackupLab, name: str) -> None:
    """A service that works by itself, and the health check of the baseline."""
    health = (ROOT / "lab/mirror/sample_service/kyotsu-health").read_text(encoding="utf-8")
    address = lab.services.entry(name)["addresses"][0].partition("/")[0]
    put(lab, name, "/usr/local/bin/kyotsu-health", health, "0755")
    put(lab, name, "/etc/kyotsu/role.conf", ROLE.format(address=address), "0644")
    put(lab, name, "/etc/init.d/kyotsu-batch", BATCH, "0755")
    done = lab.services.ssh(name, "sudo update-rc.d kyotsu-batch defaults && sudo kyotsu-health && sync")
    assert done.returncode == 0, done.stdout + done.stderr


def put(lab: BackupLab, name: str, path: str, text: str, mode: str) -> None:
    content = base64.b64encode(text.encode()).decode()
    words = f"sudo mkdir -p $(dirname {path}); echo {content} | base64 -d | sudo tee {path} >/dev/null"
    done = lab.services.ssh(name, f"{words}; sudo chmod {mode} {path}")
    assert done.returncode == 0, done.stderr


def off_site(lab: BackupLab, outcome: Any) -> None:
    """The copies for the vault, as the vault's verb makes them: on a tape of their own, read back."""
    pool = lab.tape.settings.pools[outcome.machines[0].copy.pool]
    tape = next(slot.barcode for slot in lab.library.inventory().slots if slot.barcode and free(lab, slot))
    origin = Origin.here(run_id=uuid.uuid4().hex[:12])
    with lab.store() as store:
        register_tapes(
            store, lab.library, "library-1", pool, [tape], people=PEOPLE, origin=origin, at=datetime.now(UTC)
        )
        for stored in (machine.copy for machine in outcome.machines):
            wait(lab.tape, lab.tape.copy(stored.job_id), seconds=120).check()
            (copied,) = lab.tape.catalogue.copies(stored.job_id)
            expected = {stream.name: stream.sha256 for stream in stored.streams}
            wait(lab.tape, lab.tape.read_back(copied.job_id, expected), seconds=120).check()
            original = next(copy for copy in store.copies.existing() if copy.id == stored.copy_id)
            new = NewCopy(
                machine=original.machine,
                system=original.system,
                backup_class=original.backup_class,
                taken_at=original.taken_at,
                pool=pool,
                offsite=True,
                tapes=copied.volumes,
                size_bytes=original.size_bytes,
                key_id=original.key_id,
                job=str(copied.job_id),
                manifest_digest=stored.manifest_digest,
                restore_point=original.restore_point,
            )
            (made,) = store.copies.add([new], origin)
            store.copies.read_back(made.id, ok=True, job=str(copied.job_id), origin=origin)


def free(lab: BackupLab, slot: Any) -> bool:
    known = {volume.name for volume in lab.tape.catalogue.volumes()}
    return bool(slot.barcode) and not slot.import_export and slot.barcode not in known


def tape_of(lab: BackupLab) -> str:
    with lab.store() as store:
        (tape,) = {tape for copy in store.copies.existing() if copy.offsite for tape in copy.tapes}
    return tape


def custody(lab: BackupLab, *actions: Action) -> None:
    """What people did with the tape, recorded; here nobody carries it."""
    tape = tape_of(lab)
    with lab.store() as store:
        origin = Origin.here(run_id=uuid.uuid4().hex[:12])
        for action in actions:
            status = store.custody.place_of(tape)
            assert status is not None
            evidence = {
                "order": "WO-1",
                "manifest": "MF-1",
                "receipt": "RC-1",
                "case": "CASE-LG-01",
                "seal": "SEAL-1",
                "reason": "drill",
                "position": "50" if action in {"eject", "insert"} else "20",
            }
            event = CustodyEvent(tape, action, datetime.now(UTC), PEOPLE, evidence)  # type: ignore[arg-type]
            store.custody.record([event], lambda _status: Facts(), origin)


def drill(lab: BackupLab, folder: Path, **fields: Any) -> DrillOutcome:
    order = DrillOrder(names=list(NAMES), tape_settings=lab.tape_settings, report_directory=folder)
    return run_drill(lab.target, replace(order, **fields))


def what(lab: BackupLab) -> dict[str, str]:
    """Names of all machines, networks and switches that are there."""
    found: dict[str, str] = {}
    for vcenter in lab.services.estate_lab.vcenters:
        with lab.services.estate_lab.session(vcenter) as session:
            found |= {each.name: "machine" for each in machines_of(session) if not each.config.template}
            view = session.content.viewManager.CreateContainerView(
                container=session.content.rootFolder, type=[vim.DistributedVirtualSwitch, vim.Network], recursive=True
            )
            found |= {each.name: "network" for each in view.view}
    return found


def test_a_tape_that_never_travelled_is_no_drill(lab: BackupLab, tmp_path: Path) -> None:
    outcome = drill(lab, tmp_path)
    assert [each.status for each in outcome.outcome.results] == ["held"] * len(NAMES)
    assert "has never been in the vault" in outcome.outcome.results[0].message
    assert outcome.certificate is None


def test_a_tape_in_the_vault_is_recalled_and_waited_for(lab: BackupLab, tmp_path: Path) -> None:
    custody(lab, "close", "eject", "take-out", "hand-to-courier", "arrive")
    outcome = drill(lab, tmp_path)
    assert "run again with -e recall_by" in outcome.outcome.results[0].message
    outcome = drill(lab, tmp_path, recall_by=PEOPLE[0])
    assert "recalled: it comes with the next courier" in outcome.outcome.results[0].message
    with lab.store() as store:
        status = store.custody.place_of(tape_of(lab))
        assert status is not None
        assert status.recalled_for.startswith("drill of ")


def test_a_drill_is_carried_out_and_certified_and_leaves_nothing(lab: BackupLab, tmp_path: Path) -> None:
    custody(lab, "leave-vault", "come-home", "insert", "take-in")
    before = what(lab)
    check = drill(lab, tmp_path, check=True)
    assert [each.status for each in check.outcome.results] == ["changed"] * len(NAMES)
    assert any("never" in line for line in check.text)

    seen: dict[str, Any] = {"roots": 0, "batch": False, "bridges": set(), "ways_out": []}
    watching = threading.Thread(target=watch, args=(lab, seen), daemon=True)
    watching.start()
    outcome = drill(lab, tmp_path, approval=agreed(lab, tmp_path))
    seen["over"] = True
    watching.join()
    certificate = outcome.certificate
    assert certificate is not None
    assert certificate.passed, certificate.problems
    assert what(lab) == before

    assert (certificate.approval, certificate.approved_by) == ("CHG-1", ("p-002, p-003",))
    assert [machine.name for machine in certificate.machines] == list(NAMES)
    for machine in certificate.machines:
        assert machine.health.startswith("OK ssh")
        assert "kyotsu-batch" in machine.stopped
        assert machine.tried
        assert machine.reached == ()
    # Seen from outside while it ran: batch had not run in it, and its network had no address of the lab.
    assert seen["roots"] > 0, "the guest was looked at while it ran"
    assert seen["batch"] is False
    assert seen["bridges"], "its closed network was looked at while it ran"
    assert seen["ways_out"] == []
    # The original goes on, on its own network.
    assert all(lab.services.answers(name) for name in NAMES)

    data, page = (Path(each) for each in outcome.files)
    assert json.loads(data.read_text(encoding="utf-8"))["passed"] is True
    assert "復元訓練証明書" in page.read_text(encoding="utf-8")
    with lab.store() as store:
        assert store.restores.last_drills().keys() == {certificate.system}
        assert store.restores.of_machine(machine.machine)[-1].recalled
        assert store.restores.measurements()
        assert store.chain.verify().ok
    # It is the last in the rotation now, and due in the months of the data.
    (due,) = [each for each in drill(lab, tmp_path, check=True).rotation if each.system == certificate.system]
    assert not due.overdue
    assert due.due is not None
    assert due.due > datetime.now(UTC) + timedelta(days=360)


def agreed(lab: BackupLab, folder: Path) -> Path:
    """A signed file of the owner and the platform for this very plan."""
    plan = folder / "plan.json"
    drill(lab, folder, check=True, plan_file=plan)
    repository = lab.services.estate_lab.repository
    shutil.rmtree(repository / "approvals", ignore_errors=True)
    people = office(repository, folder / "keys")
    people.appoint(login=getpass.getuser(), p_003={"organisation": OWNER})
    now = datetime.now(UTC)
    return people.write(
        digest=json.loads(plan.read_text(encoding="utf-8"))["digest"],
        systems=[SYSTEM],
        approved_at=now.isoformat(timespec="seconds"),
        valid_from=(now - timedelta(hours=1)).isoformat(timespec="seconds"),
        valid_until=(now + timedelta(hours=1)).isoformat(timespec="seconds"),
    )


def watch(lab: BackupLab, seen: dict[str, Any]) -> None:
    """Look at the drill's guest from outside while it runs; what was seen once stays seen."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and "over" not in seen:
        for each in lab.services.laboratory.guests.client.guests():
            if each["name"].startswith("drill-") and each.get("pid"):
                root = Path(f"/proc/{each['pid']}/root")
                seen["roots"] += (root / "root").is_dir()
                seen["batch"] = seen["batch"] or (root / "root/batch-ran").exists()
                seen["bridges"] |= set(closed_bridges(lab, "link"))
                seen["ways_out"] += closed_bridges(lab, "-4", "address")
        time.sleep(0.3)


def closed_bridges(lab: BackupLab, *what: str) -> list[str]:
    """Bridges that stand for closed networks, of those that `ip` shows: all (link), or those with an address."""
    namespace = lab.services.laboratory.guests.namespace
    words = ["ip", "-n", namespace, "-o", *what, "show"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    names = [line.split()[1].rstrip(":").partition("@")[0] for line in said.splitlines()]
    return [name for name in names if name.startswith("x")]


def test_a_killed_drill_is_cleaned_up_by_the_next(lab: BackupLab, tmp_path: Path) -> None:
    limit = ("--limit", NAMES[0], "-e", f"report_directory={tmp_path}")
    before = what(lab)
    with lab.services.estate_lab.playbook_in_background("drill", *limit) as process:
        wait_until(lambda: bool(at_work(lab)), "a machine comes from tape", seconds=90)
        kill_tree(process)
    assert set(what(lab)) > set(before)
    run = lab.services.estate_lab.playbook("drill", *limit)
    assert run.code == 0, run.output
    assert "that a drill had left is removed" in run.output
    assert what(lab) == before


def at_work(lab: BackupLab) -> list[str]:
    """Machines of drills that have begun and not ended, by the records."""
    with lab.store() as store:
        return [each.machine for each in store.restores.unfinished() if each.purpose == "drill"]


def test_without_the_owners_signature_nothing_is_drilled_where_approval_is_asked_for(
    lab: BackupLab, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    order = DrillOrder(names=list(NAMES), tape_settings=lab.tape_settings, report_directory=tmp_path, plan_file=plan)
    before = what(lab)
    with pytest.raises(VerbRefused, match="no approval of plan"):
        run_drill(replace(lab.target, require_approval=True), order)
    assert what(lab) == before
    document = json.loads(plan.read_text(encoding="utf-8"))
    assert document["plan"]["kind"] == "drill"
