"""Each guard, with somebody who tries to get past it: by the file, by vCenter, by the tape.

By people and by the records: test_decommission_people.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from tests.support.estate_lab import wait_for_task
from tests.support.retiring import (
    AFTER,
    BEFORE,
    DATABASE,
    GRACE_OVER,
    NAMES,
    OTHER,
    OTHER_VCENTER,
    RECORDS,
    VCENTER,
    Retiring,
    lines,
    noon,
    rewrite,
    right,
    seen,
    still_there,
)
from tests.support.small_estate import S02, S13

# --- before anything is switched off ---------------------------------------------------------------------------------

HOLD = {"since": "2026-01-05", "reason": {"ja": "訴訟", "en": "Law suit"}, "ordered_by": "法務課"}


def in_service(going: Retiring) -> None:
    rewrite(going.lab, S02, {"status": "in-service", "retirement": None})


def under_hold(going: Retiring) -> None:
    rewrite(going.lab, S02, {"legal_hold": HOLD})


def no_records(going: Retiring) -> None:
    going.retire(records=None)


def retention_runs(going: Retiring) -> None:
    going.retire(records={**RECORDS, "retention_ended": False})


def history_not_moved(going: Retiring) -> None:
    going.retire(records={**RECORDS, "historical": "pending"})


def no_term_of_the_copy(going: Retiring) -> None:
    going.retire(last_copy_years=None)


def needed_by_another(going: Retiring) -> None:
    rewrite(going.lab, S13, {"depends_on": [{"system": "s02", "reason": {"ja": "利用", "en": "Uses"}}]})
    rewrite(going.lab, S02, {"depends_on": []})


def not_its_last_day_yet(going: Retiring) -> None:
    going.retire(date="2027-03-31")


def not_ours(going: Retiring) -> None:
    """Somebody takes the mark of origin away: then nobody knows that we made it."""
    with going.lab.session(VCENTER) as session, going.lab.machine(VCENTER, DATABASE) as machine:
        manager = session.content.customFieldsManager
        key = next(each.key for each in manager.field if each.name == "kyotsu-origin")
        manager.SetField(entity=machine, key=key, value="")


BEFOREHAND: tuple[tuple[Callable[[Retiring], None], str], ...] = (
    (in_service, "s02-db01 is in-service: its file must say retiring first"),
    (under_hold, "s02-db01 is under legal hold (法務課, 2026-01-05): Law suit"),
    (no_records, "the owner has not confirmed the public records"),
    (retention_runs, "the owner has not confirmed the public records"),
    (history_not_moved, "the owner has not confirmed the public records"),
    (no_term_of_the_copy, "how many years the last copy is kept is not said"),
    (needed_by_another, "s02-db01 is needed by s13"),
    (not_its_last_day_yet, "2027-03-31 is its last day of use"),
    (not_ours, "was not made or adopted by this repository"),
)


def test_nothing_is_switched_off_that_a_guard_keeps(going: Retiring) -> None:
    original = (going.lab.repository / S02).read_text(encoding="utf-8")
    original_13 = (going.lab.repository / S13).read_text(encoding="utf-8")
    for spoil, told in BEFOREHAND:
        spoil(going)
        found = lines(going.run(AFTER, names=[DATABASE]))
        stopped = {label: text for label, (status, text) in found.items() if status in {"refused", "held"}}
        assert any(told in text for text in stopped.values()), (spoil.__name__, found)
        assert seen(going.lab, VCENTER, DATABASE)["power"] == "poweredOn", spoil.__name__  # type: ignore[index]
        assert going.tape.calls == []
        (going.lab.repository / S02).write_text(original, encoding="utf-8")
        (going.lab.repository / S13).write_text(original_13, encoding="utf-8")


def test_a_machine_of_another_system_is_refused_by_its_name(going: Retiring) -> None:
    found = lines(going.run(AFTER, names=[OTHER]))
    assert found[f"{OTHER}: announce"][0] == "refused"
    assert seen(going.lab, OTHER_VCENTER, OTHER)["power"] == "poweredOn"  # type: ignore[index]


def test_a_stranger_with_the_name_of_a_retiring_machine_is_not_meant(going: Retiring) -> None:
    """Somebody renames ours and puts another machine under its name: the UUID tells them apart."""
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(machine.Rename_Task("set-aside"))
    with going.lab.machine(VCENTER, "s02-ap01") as machine:
        wait_for_task(machine.Rename_Task(DATABASE))
    going.run(AFTER, names=[DATABASE])
    assert seen(going.lab, VCENTER, "set-aside")["power"] == "poweredOff"  # type: ignore[index]
    assert seen(going.lab, VCENTER, DATABASE)["power"] == "poweredOn"  # type: ignore[index]


def test_nothing_is_copied_while_another_backup_works(going: Retiring) -> None:
    going.run(BEFORE)
    with (
        going.tape.store() as store,
        store.locks.acquire(["lab/backup"], owner="x", run_id="other", commit=""),
    ):
        found = lines(going.run(AFTER))
    assert found[f"{DATABASE}: back-up"][0] == "refused"
    assert "has a backup that has not ended" in found[f"{DATABASE}: back-up"][1]
    assert going.tape.calls == []


# --- before the deletion ---------------------------------------------------------------------------------------------


def switch_on(going: Retiring) -> None:
    """An operator switches the machine on and off again."""
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(machine.PowerOnVM_Task())
        wait_for_task(machine.PowerOffVM_Task())


def reconfigure(going: Retiring) -> None:
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(machine.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="changed")))


def snapshot(going: Retiring) -> None:
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(machine.CreateSnapshot_Task(name="before", description="", memory=False, quiesce=False))


def backup_died(going: Retiring) -> None:
    """A later backup was killed: its snapshot hangs on the machine."""
    label = SnapshotLabel(purpose="backup", change="night", run_id="dead", expires_on=date(2027, 1, 10))
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(
            machine.CreateSnapshot_Task(name=label.name, description=label.description, memory=False, quiesce=False)
        )


def lose_the_tape(going: Retiring) -> None:
    """The last copy is no longer what the records prove."""
    with going.tape.store() as store:
        copy = next(each for each in store.copies.of_machine("s02-db-1") if not each.offsite)
        store.copies.read_back(copy.id, ok=False, job="900", origin=Origin.here(run_id="tape"))


DURING: tuple[tuple[Callable[[Retiring], None], str], ...] = (
    (switch_on, "was changed after its last copy"),
    (reconfigure, "was changed after its last copy"),
    (snapshot, "snapshot(s) older than its last copy"),
    (backup_died, "has a backup that has not ended"),
    (lose_the_tape, "is not equal to what was written"),
    (not_ours, "was not made or adopted by this repository"),
)


@pytest.mark.parametrize(("spoil", "told"), DURING, ids=[each.__name__ for each, _ in DURING])
def test_what_happens_during_grace_stops_the_deletion(
    going: Retiring, spoil: Callable[[Retiring], None], told: str
) -> None:
    going.to_grace()
    digest = going.run(GRACE_OVER).digest
    approval = going.approve(digest)
    spoil(going)
    found = lines(going.run(GRACE_OVER, names=[DATABASE], approval=approval, typing=right))
    status, text = found[f"{DATABASE}: delete"]
    assert status == "refused", found
    assert told in text
    assert still_there(going)


def machine_under_hold(going: Retiring) -> None:
    """The order is about one machine, not about its system."""
    content = yaml.safe_load((going.lab.repository / S02).read_text(encoding="utf-8"))
    machines = [each | ({"legal_hold": HOLD} if each["name"] == DATABASE else {}) for each in content["machines"]]
    rewrite(going.lab, S02, {"machines": machines})


def longer_grace(going: Retiring) -> None:
    going.retire(grace_days=90)


DESCRIBED: tuple[tuple[Callable[[Retiring], None], str], ...] = (
    (in_service, "is in-service"),
    (under_hold, "is under legal hold"),
    (machine_under_hold, "is under legal hold"),
    (no_records, "has not confirmed the public records"),
    (retention_runs, "has not confirmed the public records"),
    (history_not_moved, "has not confirmed the public records"),
    (no_term_of_the_copy, "how many years the last copy is kept is not said"),
    (needed_by_another, "is needed by s13"),
    (not_its_last_day_yet, "2027-03-31 is its last day of use"),
    (longer_grace, "is in quarantine until 2027-03-01"),
)


def test_what_its_file_says_during_grace_stops_the_deletion(going: Retiring) -> None:
    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)
    original = {file: (going.lab.repository / file).read_text(encoding="utf-8") for file in (S02, S13)}
    for spoil, told in DESCRIBED:
        spoil(going)
        found = lines(going.run(GRACE_OVER, names=[DATABASE], approval=approval, typing=right))
        status, text = found[f"{DATABASE}: delete"]
        assert status in {"refused", "held"}, (spoil.__name__, found)
        assert told in text, spoil.__name__
        for file, content in original.items():
            (going.lab.repository / file).write_text(content, encoding="utf-8")
    assert going.typed == []
    assert still_there(going)
    # With the file as it was the same command deletes: none of the above was refused for another reason.
    going.run(GRACE_OVER, names=[DATABASE], approval=approval, typing=right)
    assert seen(going.lab, VCENTER, DATABASE) is None


def test_one_record_is_about_the_whole_system(going: Retiring) -> None:
    """A run of one machine alone would leave a record that the next run replaces."""
    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)
    others = [name for name in NAMES if name != DATABASE]
    going.run(GRACE_OVER, names=others, approval=approval, typing=right)
    found = lines(going.run(GRACE_OVER, names=[DATABASE], approval=approval, typing=right))
    status, text = found[f"{DATABASE}: complete"]
    assert status == "failed", found
    assert "one record is about the whole system: run it for s02-ap01, s02-ap02 too" in text
    assert not (going.reports / "s02/completion-record.json").exists()
    assert {each.status for each in going.run(GRACE_OVER).results} == {"changed"}
    assert {steps[-1] for steps in going.steps().values()} == {"complete"}


def attach(going: Retiring, to: str, of: str) -> None:
    """An operator gives one machine a disk of another."""
    with going.lab.machine(VCENTER, of) as machine:
        path = next(each.backing.fileName for each in machine.config.hardware.device if hasattr(each, "capacityInKB"))
    with going.lab.machine(VCENTER, to) as machine:
        own = next(each for each in machine.config.hardware.device if hasattr(each, "capacityInKB"))
        disk = vim.vm.device.VirtualDisk(
            key=-1,
            controllerKey=own.controllerKey,
            unitNumber=9,
            capacityInKB=own.capacityInKB,
            backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=path, diskMode="persistent"),
        )
        change = vim.vm.device.VirtualDeviceSpec(operation="add", device=disk)
        wait_for_task(machine.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))


def foreign_disk(going: Retiring) -> None:
    attach(going, to=DATABASE, of="s02-ap01")


def disk_of_another(going: Retiring) -> None:
    attach(going, to="s02-ap01", of=DATABASE)


WHILE_TYPING: tuple[tuple[Callable[[Retiring], None], str], ...] = (
    (switch_on, "was changed after its last copy"),
    (reconfigure, "was changed after its last copy"),
    (foreign_disk, "is also that of s02-ap01"),
    (disk_of_another, "is also that of s02-ap01"),
)


@pytest.mark.parametrize(("spoil", "told"), WHILE_TYPING, ids=[each.__name__ for each, _ in WHILE_TYPING])
def test_what_happens_while_the_name_is_typed_stops_the_deletion(
    going: Retiring, spoil: Callable[[Retiring], None], told: str
) -> None:
    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)

    def type_slowly(question: str) -> str:
        spoil(going)
        return right(question)

    found = lines(going.run(GRACE_OVER, names=[DATABASE], approval=approval, typing=type_slowly))
    status, text = found[f"{DATABASE}: delete"]
    assert status == "refused", found
    assert told in text
    assert still_there(going)


def test_a_copy_that_cannot_be_read_back_stops_everything(going: Retiring) -> None:
    class Damaging:
        """The tape goes bad between writing and reading."""

        def back_up(self, names: Any) -> Any:
            answer = going.tape.back_up(names)
            for job in going.tape.folder.glob("*"):
                going.tape.damage(job.name)
            return answer

        def read_back(self, job: str, manifest_digest: str) -> str:
            return going.tape.read_back(job, manifest_digest)

    outcome = run_decommission(
        going.lab.target(), Request(order="advance", reports=going.reports, now=AFTER), copies=Damaging()
    )
    assert {status for label, (status, _) in lines(outcome).items() if label.endswith("verify")} == {"failed"}
    assert all("verify" not in steps for steps in going.steps().values())
    assert still_there(going)


def test_a_copy_off_site_is_waited_for(going: Retiring) -> None:
    going.run(AFTER)
    found = lines(going.run(GRACE_OVER, typing=right))
    assert found[f"{DATABASE}: copy-off-site"][0] == "held"
    assert "the vault makes its copy with the next order" in found[f"{DATABASE}: copy-off-site"][1]
    assert f"{DATABASE}: delete" not in found
    assert still_there(going)


def test_the_last_day_of_grace_deletes_nothing(going: Retiring) -> None:
    going.to_grace()
    outcome = going.run(noon("2026-12-30"), typing=right)
    assert lines(outcome)[f"{DATABASE}: delete"][0] == "held"
    assert outcome.digest == ""
    assert still_there(going)
