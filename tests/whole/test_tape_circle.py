"""Every Linux machine whose backups leave the house: to tape, to the vault, back, and running with the same files.

The files of each guest are compared with a list of hashes that was taken inside it before its snapshot. One Windows
machine comes along: nothing boots there, so that its disks are bytes which must come back as they were.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import pools_of
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore import run_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOrder
from lab.tape.escrow import ensure_escrow
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import OUTSIDE_WINDOW, ROOT, machines_of, wait_for_task
from tests.support.guest_lab import needs_guests
from tests.support.tape_lab import TapeLab
from tests.support.tapes import BOTH
from tests.support.vault_lab import VaultLab

pytestmark = needs_guests

LEAST = 15
WINDOWS = "s16-batch01"  # its class has one copy, on site
OUT, BACK = "SEAL-1", "SEAL-2"
# What first boot, packages and services have written, and what lies on every data disk. No logs: they grow meanwhile.
FILES = "sudo find /etc /home /opt /srv -type f -print0 | LC_ALL=C sort -z | sudo xargs -0 sha256sum"


def covered(estate: Estate) -> dict[str, str]:
    """Name -> key of the Linux machines whose class keeps a copy off site."""
    classes = {each.id for each in estate.platform.backup_classes if each.medium == "tape" and each.copies > 1}
    return {
        machine.name: machine.key
        for system in estate.systems
        for machine in system.machines
        if (machine.backup or system.backup).backup_class in classes and machine.image.startswith("debian")
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    names = sorted(covered(load_estate(ROOT).estate))
    folder = tmp_path_factory.mktemp("circle")
    with backup_lab(folder, "circle", names, backed_up=False, tapes=40) as found:
        provisioned = run_provision(found.target, names=(WINDOWS,), check=False, now=OUTSIDE_WINDOW)
        assert {result.status for result in provisioned.results} == {"changed"}
        yield found


def test_what_left_the_house_comes_back_and_runs_with_the_same_files(lab: BackupLab) -> None:
    estate = load_estate(lab.services.estate_lab.repository).estate
    keys = covered(estate)
    names = tuple(sorted(keys))
    assert len(names) >= LEAST
    before, bytes_before = hash_lists(lab, names), windows_disks(lab, fill=True)

    outcome = lab.backup(*names, WINDOWS)
    assert [(each.name, each.message) for each in outcome.machines if each.status != "changed"] == []

    vault = VaultLab(
        TapeLab(lab.tape_laboratory, lab.services.estate_lab.repository),
        lab.services.estate_lab.records_url,
        lab.services.estate_lab.repository,
    )
    prove_escrow(lab, estate)
    register_offsite(lab, vault, estate, names)
    out = carry_away(lab, vault)
    with lab.store() as store:
        offsite = {copy.machine for copy in store.copies.existing() if copy.offsite and copy.read_back_ok}
    # Files that an agent reads on one of these machines travel like the machines.
    assert offsite == set(keys.values()) | {source.key for source in estate.platform.file_sources}

    bring_back(lab, vault, out)
    destroy(lab, (*names, WINDOWS))
    order = RestoreOrder(names=names, tape_settings=lab.tape_settings, side="offsite", boot_seconds=180)
    results = run_restore(lab.target, order).outcome.results
    assert [(each.name, each.message) for each in results if each.status != "changed"] == []
    opaque = RestoreOrder(names=(WINDOWS,), tape_settings=lab.tape_settings, power_on=False)
    assert [each.status for each in run_restore(lab.target, opaque).outcome.results] == ["changed"]
    assert windows_disks(lab) == bytes_before
    lab.services.wait_for_guests()
    after = hash_lists(lab, names)
    assert {name for name in names if before[name] != after[name]} == set()
    with lab.store() as store:
        assert store.chain.verify().ok
    assert {name: lab.snapshots(name) for name in names} == {name: [] for name in names}


def hash_lists(lab: BackupLab, names: tuple[str, ...]) -> dict[str, str]:
    """Name -> what sha256sum says of the guest's files, asked inside of it."""

    def one(name: str) -> str:
        # Something that no other guest has: a restore of the wrong machine would show.
        make = f"test -e /srv/whose || echo {name} {uuid.uuid4()} | sudo tee /srv/whose >/dev/null; sync"
        assert lab.services.ssh(name, make).returncode == 0
        found = lab.services.ssh(name, FILES)
        assert found.returncode == 0, found.stderr
        assert found.stdout.count("\n") > 50, f"{name} has hardly any files"
        return found.stdout

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def windows_disks(lab: BackupLab, *, fill: bool = False) -> list[str]:
    """SHA-256 of each disk of the Windows machine, in the order of its disks; `fill` writes onto them first."""
    hashes = []
    for number, disk in enumerate(disk_files(lab, WINDOWS), 1):
        if fill:
            with disk.open("r+b") as stream:
                stream.seek(number << 20)
                # Whole grains (64 KiB), as a disk always has: a stream of a VMDK carries nothing smaller.
                stream.write(os.urandom(3 << 20))
        hashes.append(hashlib.sha256(disk.read_bytes()).hexdigest())
    assert len(hashes) == 2
    return hashes


def disk_files(lab: BackupLab, name: str) -> list[Path]:
    """Where the bytes of a machine's disks lie, as vCenter has it: a restored machine keeps the folder it came in."""
    root = lab.services.laboratory.paths.root / "datastores"
    found = []
    for vcenter in lab.services.estate_lab.vcenters:
        with lab.services.estate_lab.session(vcenter) as session:
            for machine in machines_of(session):
                for device in machine.config.hardware.device if machine.name == name else ():
                    if isinstance(device, vim.vm.device.VirtualDisk):
                        datastore, _, path = device.backing.fileName.partition("] ")
                        found.append(root / vcenter / datastore[1:] / path.replace(".vmdk", "-flat.vmdk"))
    return found


def prove_escrow(lab: BackupLab, estate: Estate) -> None:
    """A tape leaves only when its key was recovered from paper."""
    with lab.store() as store:
        for segment in ("internet", "lgwan", "mynumber"):
            file = lab.tape_laboratory.paths.keys / f"{segment}-fd.pem"
            ensure_escrow(store, estate.platform, segment, file, Origin.here(run_id=uuid.uuid4().hex[:12]))


def register_offsite(lab: BackupLab, vault: VaultLab, estate: Estate, names: tuple[str, ...]) -> None:
    """Two blank tapes for each off-site pool that these machines need."""
    labelled = {volume.name for volume in Catalogue(lab.tape_laboratory.settings()).volumes()}
    slots = lab.library.inventory().slots
    blank = [slot.barcode for slot in slots if slot.barcode and slot.barcode not in labelled]
    systems = {estate.machine_by_name[name][0].id: estate.machine_by_name[name][0] for name in names}
    for pool in sorted({pool.id for system in systems.values() for pool in pools_of(estate, system, offsite=True)}):
        assert vault.register(pool, blank.pop(), blank.pop()).done.troubles == []


def carry_away(lab: BackupLab, vault: VaultLab) -> list[Move]:
    """Courier's way out, one load of the exit ports after the other; give what went."""
    gone: list[Move] = []
    while True:
        ordered = vault.run()
        assert ordered.done.troubles == []
        assert ordered.done.plan is not None
        with lab.store() as store:
            places = {tape: status.place for tape, status in store.custody.statuses().items()}
        load = [move for move in ordered.done.plan.outgoing if places[move.tape] == "exit-port"]
        if not load:
            # What was ordered for a day stays on its papers.
            assert {places[move.tape] for move in ordered.done.plan.outgoing} == {"vault"}
            assert ordered.done.plan.waiting == ()
            return gone
        for slot in lab.library.inventory().doors:
            if slot.barcode in {move.tape for move in load}:
                lab.tape_laboratory.library.remove(slot.number)
        for step in ("take-out", "hand-over", "arrive"):
            good(vault.scan(step, packed(load, OUT)))
        gone += load


def bring_back(lab: BackupLab, vault: VaultLab, moves: list[Move]) -> None:
    """Recalled, sealed by the vault, and put into the library again, as many at a time as it has ports."""
    good(vault.run("recall", tapes=tuple(move.tape for move in moves), reason="whole circle", people=BOTH[:1]))
    ordered = vault.run()
    assert ordered.done.plan is not None
    coming = list(ordered.done.plan.incoming)
    assert {move.tape for move in coming} == {move.tape for move in moves}
    for step in ("leave-vault", "come-home"):
        good(vault.scan(step, packed(coming, BACK)))
    ports = len(lab.library.inventory().doors)
    for start in range(0, len(coming), ports):
        for move in coming[start : start + ports]:
            lab.tape_laboratory.library.insert(move.tape)
        good(vault.run("insert", people=BOTH, tapes=tuple(move.tape for move in coming[start : start + ports])))


def packed(moves: list[Move], seal: str) -> str:
    """What a hand scanner types of all cases: case, seal, tapes."""
    cases: defaultdict[str, list[str]] = defaultdict(list)
    for move in moves:
        cases[move.case].append(move.tape)
    lines = [[case, f"{seal}{number}", *tapes] for number, (case, tapes) in enumerate(sorted(cases.items()))]
    return "\n".join(line for case in lines for line in case)


def good(outcome: VaultOutcome) -> None:
    """Nothing that needs a person."""
    assert outcome.done.troubles == []


def destroy(lab: BackupLab, names: tuple[str, ...]) -> None:
    """The disaster: every one of these machines is gone with its disks."""
    for vcenter in lab.services.estate_lab.vcenters:
        with lab.services.estate_lab.session(vcenter) as session:
            for machine in machines_of(session):
                if machine.name in names:
                    if machine.runtime.powerState == "poweredOn":
                        wait_for_task(machine.PowerOffVM_Task())
                    wait_for_task(machine.Destroy_Task())
    assert [file for folder in datastores(lab) for name in names for file in folder.glob(f"{name}/*-flat.vmdk")] == []


def datastores(lab: BackupLab) -> list[Path]:
    """Folders of all datastores of the lab."""
    root = lab.services.laboratory.paths.root / "datastores"
    return [each for vcenter in root.iterdir() for each in vcenter.iterdir()]
