"""The vault and the robot: more tapes than ports, a port in use, a tape that is destroyed, a daemon that dies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from lab.background_process import wait_for
from tests.support.tapes import BOTH
from tests.support.vault_lab import BACKUP_CLASS, KEY, MACHINE, OFFSITE, ORIGIN, SYSTEM, VaultLab, vault_lab

FIVE = tuple(f"OSA00{number}L8" for number in range(3, 8))


@pytest.fixture
def lab() -> Iterator[VaultLab]:
    with vault_lab("vaultlib", tapes=8) as lab:
        yield lab


def put_copies(lab: VaultLab, *tapes: str, key: str | None = KEY) -> None:
    """A copy on each tape as the records have it, in clear without `key`; what really is on it does not matter here."""
    with lab.store() as store:
        for tape in tapes:
            copy = NewCopy(
                machine=MACHINE,
                system=SYSTEM,
                backup_class=BACKUP_CLASS,
                taken_at=datetime.now(UTC),
                pool=OFFSITE,
                offsite=True,
                tapes=(tape,),
                size_bytes=1,
                key_id=key,
                job="1",
                manifest_digest="0" * 64,
            )
            (made,) = store.copies.add([copy], ORIGIN)
            store.copies.read_back(made.id, ok=True, job="2", origin=ORIGIN)


def in_ports(lab: VaultLab) -> list[str]:
    return [door.barcode for door in lab.tape.library.inventory().doors if door.barcode]


def test_more_tapes_than_ports_go_in_loads_of_one_order(lab: VaultLab) -> None:
    lab.register(OFFSITE, "OSA006L8", "OSA007L8")
    put_copies(lab, *FIVE)
    first = lab.run()
    assert "1 tapes are the next load" in first.text()
    assert in_ports(lab) == list(FIVE[:4])
    with lab.store() as store:
        statuses = store.custody.statuses(FIVE[:4])
        assert [statuses[tape].position for tape in FIVE[:4]] == ["1", "2", "3", "4"]
    # Nobody has emptied the ports yet: nothing more happens.
    assert lab.run().done.recorded == 0
    assert lab.take_out(*FIVE[:4]).done.troubles == []
    second = lab.run()
    assert (second.done.recorded, in_ports(lab)) == (2, [FIVE[4]])
    assert len(second.done.files) == 2, "one order, one set of papers"
    assert lab.take_out(*FIVE).done.troubles == [], "the whole case is scanned at the end"
    assert {lab.place(tape) for tape in FIVE} == {"hand-over"}


def test_a_tape_whose_copy_is_in_clear_or_damaged_stays_and_the_others_go(lab: VaultLab) -> None:
    put_copies(lab, FIVE[0], FIVE[2])
    put_copies(lab, FIVE[1], key=None)
    lab.run("damage", tapes=FIVE[:1], reason="could not be read")
    outcome = lab.run()
    assert outcome.done.plan is not None
    assert [each.tape for each in outcome.done.plan.outgoing] == [FIVE[2]]
    assert {each.tape: each.reason.en for each in outcome.done.plan.waiting} == {
        FIVE[0]: "damaged: it is for destruction",
        FIVE[1]: "holds data that is not encrypted",
    }
    assert in_ports(lab) == [FIVE[2]]
    assert lab.tape.jobs.catalogue.volumes(FIVE[0])[0].status == "Used", "nothing more is written on it"
    # The last good copy of the machine may be elsewhere by now; what is damaged gives nothing up by being destroyed.
    lab.run("destroy", tapes=FIVE[:1], people=BOTH, certificate="C-1", reason="damaged")
    assert lab.place(FIVE[0]) == "gone"
    assert lab.tape.jobs.catalogue.volumes(FIVE[0]) == []
    assert (
        "recorded before" in lab.run("destroy", tapes=FIVE[:1], people=BOTH, certificate="C-1", reason="damaged").text()
    )


def test_a_port_that_somebody_has_filled_by_hand_is_left_alone(lab: VaultLab) -> None:
    put_copies(lab, *FIVE[:2])
    lab.tape.lab.library.buy("XYZ001L8")
    lab.tape.lab.library.insert("XYZ001L8")
    outcome = lab.run()
    assert outcome.done.troubles == []
    assert in_ports(lab) == ["XYZ001L8", *FIVE[:2]]
    with lab.store() as store:
        assert store.custody.statuses()[FIVE[0]].position == "2"
    page = next(file for file in outcome.done.files if file.name.startswith("work-order"))
    assert "2（1）" in page.read_text(encoding="utf-8"), "the paper names the port in which it is"


def test_without_a_storage_daemon_nothing_is_believed_and_the_next_run_goes_on(lab: VaultLab) -> None:
    lab.backup()
    lab.tape.lab.kill("bacula-sd")
    try:
        outcome = lab.run()
        assert {each.kind for each in outcome.done.troubles} == {"copy-failed"}
    except VerbRefused as error:
        assert "storage" in str(error)  # noqa: PT017 (2026-11-24): both ends are right, and neither claims a copy
    with lab.store() as store:
        assert not [copy for copy in store.copies.existing() if copy.offsite]
    # The director gives the cancelled job up after its timeout; one that finds a new daemon before holds a drive there.
    assert wait_for(lambda: not lab.tape.jobs.catalogue.unfinished(), 90)
    lab.tape.lab.up(say=lambda _line: None)
    outcome = lab.run()
    assert (outcome.done.copied, outcome.done.read_back, outcome.done.troubles) == (1, 1, [])
