"""Machines come back from tape: the same bytes, the same identity, and never over a living one by accident."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import LockLostError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs import restore as verb
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask, nobody
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.plan import run_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore import run_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOrder, RestoreOutcome
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import BIN, kill_tree, machines_of, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.small_estate import ROOT

pytestmark = needs_guests

MACHINE, KEY, VCENTER = "s13-db01", "s13-db-1", "vc-kyotsu"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("restore"), "restore", [MACHINE], backed_up=False) as few:
        # Copies beside the original have UUIDs of their own and boot too.
        every = replace(few.services, guests=replace(few.services.guests, machines=None))
        every.up()
        found = replace(few, services=every)
        folder = data_folder(found)
        write = f"sudo sh -c 'head -c 5000000 /dev/urandom > {folder}/big; echo before > {folder}/text; sync'"
        assert found.services.ssh(MACHINE, write).returncode == 0
        outcome = found.backup()
        assert not outcome.failed, outcome.machines
        yield found


@pytest.fixture(scope="module")
def hashes(lab: BackupLab) -> str:
    """What stood in the guest's files when it was backed up."""
    return lab.services.ssh(MACHINE, f"cd {data_folder(lab)} && sha256sum big text").stdout


def data_folder(lab: BackupLab) -> str:
    """Where the machine's second disk is mounted."""
    found = lab.services.ssh(MACHINE, "findmnt --noheadings --output TARGET --types ext4 | grep -v '^/$' | tail -1")
    return found.stdout.strip() or "/srv"


def restore(lab: BackupLab, *, ask: Ask = nobody, **fields: Any) -> RestoreOutcome:
    order = RestoreOrder(names=[MACHINE], tape_settings=lab.tape_settings, boot_seconds=60)
    return run_restore(lab.target, replace(order, **fields), ask=ask)


def result(outcome: RestoreOutcome) -> tuple[str, str]:
    (found,) = outcome.outcome.results
    return found.status, found.message


def machines(lab: BackupLab) -> dict[str, dict[str, Any]]:
    """Name -> what vCenter says, without templates."""
    found = {}
    with lab.services.estate_lab.session(VCENTER) as session:
        names = {field.key: field.name for field in session.content.customFieldsManager.field}
        for machine in machines_of(session):
            if not machine.config.template:
                found[machine.name] = {
                    "uuid": machine.config.instanceUuid,
                    "power": machine.runtime.powerState,
                    "values": {names[each.key]: each.value for each in machine.customValue if each.value},
                    "host": machine.runtime.host.parent.name,
                    "connected": [
                        device.connectable.startConnected
                        for device in machine.config.hardware.device
                        if hasattr(device, "macAddress")
                    ],
                    "folder": machine.parent.name,
                }
    return found


def remove(lab: BackupLab, *names: str) -> None:
    """Take machines away as a person would in vCenter."""
    with lab.services.estate_lab.session(VCENTER) as session:
        for machine in machines_of(session):
            if machine.name in names:
                if machine.runtime.powerState == "poweredOn":
                    task = machine.PowerOffVM_Task()
                    wait_until(lambda task=task: task.info.state in {"success", "error"}, "power off")  # type: ignore[misc]
                task = machine.Destroy_Task()
                wait_until(lambda task=task: task.info.state in {"success", "error"}, "destroy")  # type: ignore[misc]


def inside(lab: BackupLab, name: str, file: str) -> bytes:
    """A file of a guest that nobody can log in to, past SSH."""
    (entry,) = [each for each in lab.services.laboratory.guests.client.guests() if each["name"] == name]
    return Path(f"/proc/{entry['pid']}/root{file}").read_bytes()


def test_check_mode_shows_tapes_and_time_and_writes_nothing(lab: BackupLab) -> None:
    with lab.store() as store:
        head = store.chain.head()
    lab.services.estate_lab.reset_counters()
    outcome = restore(lab, check=True)
    assert result(outcome)[0] == "changed"
    (plan,) = outcome.plans
    assert plan["tapes"][0]["place"] in {"slot", "drive"}
    assert (plan["within_rto"], plan["measured_restores"], plan["read_back"]) == (True, 0, True)
    assert plan["replaces"] == MACHINE
    assert lab.services.estate_lab.writing_calls() == 0
    with lab.store() as store:
        assert store.chain.head() == head
        assert store.restores.of_machine(KEY) == []


def test_a_copy_beside_the_original_has_its_files_and_no_connection(lab: BackupLab, hashes: str) -> None:
    before = machines(lab)[MACHINE]
    outcome = restore(lab, name="s13-look")
    assert result(outcome)[0] == "changed", result(outcome)
    found = machines(lab)
    assert found[MACHINE] == before
    made = found["s13-look"]
    assert made["uuid"] != before["uuid"]
    assert (made["power"], made["connected"], made["values"]) == ("poweredOn", [False], {"kyotsu-origin": "restored"})
    folder = data_folder(lab)
    assert inside(lab, "s13-look", f"{folder}/text") == b"before\n"
    assert inside(lab, "s13-look", f"{folder}/big") == inside(lab, MACHINE, f"{folder}/big")
    with lab.store() as store:
        (record,) = store.restores.of_machine(KEY)
        assert (record.state, record.name, record.recalled) == ("finished", "s13-look", False)
        assert store.restores.measurements()[0].bytes == record.bytes
        assert store.chain.verify().ok
    # What was measured feeds the next prediction.
    assert restore(lab, check=True).plans[0]["measured_restores"] == 1
    assert "exists already" in result(restore(lab, name="s13-look"))[1]
    remove(lab, "s13-look")


def test_single_files_come_out_of_a_disk_that_nobody_boots(lab: BackupLab, hashes: str, tmp_path: Path) -> None:
    with lab.store() as store:
        (copy,) = store.copies.of_machine(KEY)
        job = store.copies.jobs([copy.id])[copy.id].job
    words = ["files", job, "/text", "/big", "--disk", "disk1", "--to", str(tmp_path)]
    done = from_tape(lab, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "text").read_text(encoding="utf-8") == "before\n"
    assert hashlib.sha256((tmp_path / "big").read_bytes()).hexdigest() == hashes.split(maxsplit=1)[0]
    missing = from_tape(lab, "files", job, "/nothing", "--disk", "disk1", "--to", str(tmp_path))
    assert (missing.returncode, "/nothing" in missing.stderr, "Traceback" in missing.stderr) == (1, True, False)
    assert from_tape(lab, "files", job, "/text", "--disk", "disk9", "--to", str(tmp_path)).returncode == 2


def from_tape(lab: BackupLab, *words: str) -> subprocess.CompletedProcess[str]:
    """The script that needs no vCenter."""
    script = str(ROOT / "scripts/restore_from_tape.py")
    return subprocess.run(
        [sys.executable, script, "--tape-settings", str(lab.tape_settings), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_a_living_machine_is_not_replaced_without_a_terminal_whatever_is_passed(lab: BackupLab) -> None:
    before = machines(lab)
    answers = [f"confirmation={MACHINE}", f"restore_confirmation={MACHINE}"]
    answers.append(json.dumps({"restore_typed": {"user_input": MACHINE}}))
    words = [word for each in answers for word in ("-e", each)]
    run = lab.services.estate_lab.playbook("restore", "--limit", MACHINE, *words)
    assert run.code != 0
    assert "nothing is overwritten before a person at a terminal has typed its name" in run.output
    assert "REPLACES the living machine" in run.output
    assert machines(lab) == before


def test_another_text_than_the_name_replaces_nothing(lab: BackupLab) -> None:
    before = machines(lab)
    assert result(restore(lab, ask=lambda _: "yes"))[0] == "refused"
    assert machines(lab) == before


def test_every_machine_at_once_is_refused(lab: BackupLab) -> None:
    run = lab.services.estate_lab.playbook("restore")
    assert run.code != 0
    assert "name those that are meant with --limit" in run.output


def test_a_machine_that_was_given_up_at_a_terminal_comes_back_as_it_was(lab: BackupLab, hashes: str) -> None:
    folder = data_folder(lab)
    before = machines(lab)[MACHINE]
    assert lab.services.ssh(MACHINE, f"sudo rm {folder}/big; echo after | sudo tee {folder}/text; sync").returncode == 0
    output = at_a_terminal(lab, f"{MACHINE}\n", "restore", "--limit", MACHINE)
    assert "equal to its manifest" in output
    found = machines(lab)
    (aside,) = [name for name in found if name.startswith(f"{MACHINE}-replaced-")]
    assert (found[aside]["power"], found[aside]["connected"], found[aside]["values"]) == ("poweredOff", [False], {})
    assert found[MACHINE] == before
    wait_until(lambda: lab.services.answers(MACHINE), "it answers", seconds=60)
    assert lab.services.ssh(MACHINE, f"cd {folder} && sha256sum big text").stdout == hashes
    # It is what systems/ describes: nothing is left to change.
    plan = run_plan(lab.services.estate_lab.target("reader"), names=[MACHINE])
    assert [(each.object, each.message) for each in plan.results] == []
    remove(lab, aside)


def at_a_terminal(lab: BackupLab, typed: str, playbook: str, *arguments: str) -> str:
    """Run a playbook on a terminal, and type when it asks."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        # Its own terminal, as a login gives one: Ansible asks who is in its foreground.
        ["setsid", "--ctty", "--wait", str(BIN / "ansible-playbook"), f"playbooks/{playbook}.yml", *arguments],
        cwd=lab.services.estate_lab.repository,
        env=lab.services.estate_lab.environment(TERM="dumb", COLUMNS="400"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        text=True,
    )
    os.close(slave)
    output, deadline, typed_at = "", time.monotonic() + 180, 0.0
    try:
        while time.monotonic() < deadline:
            asking = "Type its name to go on" in output and "reads the manifest" not in output
            # What is typed before the question stands is thrown away, as it is for a person: type again.
            if asking and time.monotonic() > typed_at + 2:
                os.write(master, typed.replace("\n", "\r").encode())
                typed_at = time.monotonic()
            if select.select([master], [], [], 0.5)[0]:
                try:
                    output += os.read(master, 65536).decode(errors="replace")
                except OSError:  # its end
                    break
        code = process.wait(timeout=30)
    finally:
        kill_tree(process)
        os.close(master)
    assert typed_at, output
    assert code == 0, output
    return output


def test_a_killed_restore_leaves_nothing_that_looks_real_and_the_next_run_finishes(lab: BackupLab) -> None:
    arguments = ("--limit", MACHINE, "-e", "new_name=s13-again")
    with lab.services.estate_lab.playbook_in_background("restore", *arguments) as process:
        wait_until(lambda: any(name.startswith("restoring-") for name in machines(lab)), "the import", seconds=60)
        kill_tree(process)
    left = {name: each for name, each in machines(lab).items() if name != MACHINE}
    for name, each in left.items():
        assert name.startswith("restoring-")
        assert (each["power"], each["connected"], each["values"]) == ("poweredOff", [False], {})
    assert len(left) == 1
    with lab.store() as store:
        assert [each.state for each in store.restores.unfinished()] == ["started"]
    run = lab.services.estate_lab.playbook("restore", *arguments)
    assert run.code == 0, run.output
    assert "its half machine is removed" in run.output
    assert set(machines(lab)) == {MACHINE, "s13-again"}
    with lab.store() as store:
        assert store.restores.unfinished() == []
        assert [each.state for each in store.restores.of_machine(KEY)][-2:] == ["discarded", "finished"]
    remove(lab, "s13-again")


class Died(BaseException):
    """The run ends here, as if it had been killed: nothing catches it."""


def dies_in(step: str, run: Callable[[], object]) -> None:
    """A run that is at its end before a step of the verb has begun."""

    def die(*_: object) -> None:
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verb, step, die)
        with pytest.raises(Died):
            run()


def test_a_copy_whose_run_died_while_it_booted_is_finished_by_the_same_command(lab: BackupLab) -> None:
    dies_in("wait_for_boot", lambda: restore(lab, name="s13-kept"))
    made = machines(lab)["s13-kept"]
    assert made["power"] == "poweredOn"
    outcome = restore(lab, name="s13-kept")
    assert result(outcome)[0] == "changed", result(outcome)
    assert machines(lab)["s13-kept"] == made
    with lab.store() as store:
        assert store.restores.unfinished() == []
        assert store.restores.of_machine(KEY)[-1].state == "finished"
    remove(lab, "s13-kept")


def test_a_copy_whose_run_died_while_it_booted_is_not_removed_by_another_command(lab: BackupLab) -> None:
    dies_in("wait_for_boot", lambda: restore(lab, name="s13-kept"))
    made = machines(lab)["s13-kept"]
    outcome = restore(lab, name="s13-other", power_on=False)
    assert result(outcome)[0] == "changed", result(outcome)
    assert any("its machine is whole and stays, as s13-kept" in note for note in outcome.outcome.notes)
    assert machines(lab)["s13-kept"] == made
    with lab.store() as store:
        assert store.restores.unfinished() == []
    remove(lab, "s13-kept", "s13-other")


@pytest.mark.parametrize("step", ["place", "clear_replaced", "wait_for_boot"])
def test_a_replacement_that_died_at_any_step_is_finished_by_the_same_command(lab: BackupLab, step: str) -> None:
    before = machines(lab)[MACHINE]
    dies_in(step, lambda: restore(lab, ask=lambda _: MACHINE))
    if step == "place":
        assert MACHINE not in machines(lab)
        # Nobody has the identity: provision must not make an empty machine with it.
        plan = run_plan(lab.services.estate_lab.target("reader"), names=[MACHINE])
        assert {each.status for each in plan.results if each.object == KEY} == {"refused"}
    outcome = restore(lab)  # nobody is asked again
    assert result(outcome)[0] == "changed", result(outcome)
    found = machines(lab)
    assert found[MACHINE] == before
    (aside,) = [name for name in found if name.startswith(f"{MACHINE}-replaced-")]
    assert (found[aside]["power"], found[aside]["connected"], found[aside]["values"]) == ("poweredOff", [False], {})
    assert set(found) == {MACHINE, aside}
    wait_until(lambda: lab.services.answers(MACHINE), "it answers", seconds=60)
    with lab.store() as store:
        assert store.restores.unfinished() == []
    remove(lab, aside)


def test_a_replacement_that_has_lost_its_lock_touches_nothing_that_lives(lab: BackupLab) -> None:
    before = machines(lab)[MACHINE]

    def lost(_: object) -> None:
        raise LockLostError("the lock is lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lease, "check", lost)
        with pytest.raises(LockLostError):
            restore(lab, ask=lambda _: MACHINE)
    assert machines(lab)[MACHINE] == before
    # What it had proven is taken away by a run that wants something else.
    outcome = restore(lab, name="s13-other", power_on=False)
    assert result(outcome)[0] == "changed", result(outcome)
    assert set(machines(lab)) == {MACHINE, "s13-other"}
    remove(lab, "s13-other")


def test_a_copy_that_only_refers_to_disks_is_restored_from_the_one_that_holds_them(
    lab: BackupLab, tmp_path: Path
) -> None:
    folder = data_folder(lab)
    assert lab.services.ssh(MACHINE, f"echo last | sudo tee {folder}/text; sync").returncode == 0
    lab.services.power(VCENTER, MACHINE, "PowerOffVM_Task")
    whole, refers = lab.backup().of(MACHINE).copy, lab.backup().of(MACHINE).copy
    assert whole is not None
    assert refers is not None
    assert sorted(lab.tape.catalogue.streams(refers.job_id)) == ["manifest"]
    outcome = restore(lab, name="s13-refers")
    assert result(outcome)[0] == "changed", result(outcome)
    assert "equal to its manifest" in result(outcome)[1]
    assert outcome.plans[0]["copy"] == refers.copy_id
    assert inside(lab, "s13-refers", f"{folder}/text") == b"last\n"
    remove(lab, "s13-refers")
    # Single files as well, by the tapes alone.
    done = from_tape(lab, "files", str(refers.job_id), "/text", "--disk", "disk1", "--to", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "text").read_text(encoding="utf-8") == "last\n"
    lab.services.power(VCENTER, MACHINE, "PowerOnVM_Task")
    wait_until(lambda: lab.services.answers(MACHINE), "it answers", seconds=60)


def test_without_the_key_nothing_is_restored(lab: BackupLab) -> None:
    tape = lab.tape_laboratory
    pair = tape.paths.keys / "lgwan-fd.pem"
    kept = pair.read_bytes()
    pair.write_bytes((tape.paths.keys / "internet-fd.pem").read_bytes())
    try:
        tape.process("lgwan-fd").stop()
        tape.start("lgwan-fd")
        status, message = result(restore(lab, name="s13-nokey"))
    finally:
        pair.write_bytes(kept)
        tape.process("lgwan-fd").stop()
        tape.start("lgwan-fd")
    assert status == "failed"
    assert "cannot be read from" in message
    assert sorted(machines(lab)) == [MACHINE]


def test_a_machine_under_legal_hold_is_not_replaced_whoever_types_its_name(lab: BackupLab) -> None:
    (file,) = (lab.services.estate_lab.repository / "systems").glob("s13-*.yml")
    text = file.read_text(encoding="utf-8")
    hold = 'legal_hold: {since: "2026-01-05", ordered_by: 法務課, reason: {ja: 訴訟, en: Law suit}}'
    asked: list[str] = []

    def give_up(question: str) -> str:
        asked.append(question)
        return MACHINE

    file.write_text(f"{text}{hold}\n", encoding="utf-8")
    lab.services.estate_lab.reset_counters()
    try:
        assert result(restore(lab, ask=give_up)) == (
            "refused",
            "s13-db01 is under legal hold (法務課, 2026-01-05): Law suit; it is not replaced; restore beside it under "
            "another name",
        )
        assert result(restore(lab, check=True, name="s13-look"))[0] == "changed"
    finally:
        file.write_text(text, encoding="utf-8")
    assert asked == []
    assert lab.services.estate_lab.writing_calls() == 0
    assert sorted(machines(lab)) == [MACHINE]


def test_a_machine_comes_to_another_cluster_of_its_segment(lab: BackupLab) -> None:
    outcome = restore(lab, name="s13-moved", cluster="vdi-lgwan", power_on=False)
    assert result(outcome)[0] == "changed", result(outcome)
    assert machines(lab)["s13-moved"]["host"] == "vdi-lgwan"
    remove(lab, "s13-moved")


@pytest.mark.parametrize("cluster", ["kyotsu-internet", "nowhere"])
def test_a_machine_does_not_come_to_a_cluster_of_another_segment(lab: BackupLab, cluster: str) -> None:
    lab.services.estate_lab.reset_counters()
    with pytest.raises(
        VerbRefused, match=r"of segment lgwan, cluster kyotsu-internet of internet|has no cluster nowhere"
    ):
        restore(lab, name="s13-moved", cluster=cluster, power_on=False)
    assert lab.services.estate_lab.writing_calls() == 0
