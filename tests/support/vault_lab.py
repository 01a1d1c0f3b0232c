"""A tape library with records, a key in proven escrow and registered tapes: everything that goes to a vault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    DiskRecord,
    Manifest,
    Software,
    TapePart,
    manifest_digest,
    write_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import from_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof import read_back_job
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault
from tests.support.small_estate import ROOT
from tests.support.tape_lab import MEGABYTE, TapeLab, tape_lab
from tests.support.tapes import BOTH

SEGMENT, ONSITE, OFFSITE, CASE = "lgwan", "lgwan-c3-onsite", "lgwan-c3-offsite", "CASE-LG-01"
# Machines of systems/s35 and s38 whose class is couriered; only their names and classes matter here.
MACHINE, SYSTEM, BACKUP_CLASS = "s35-db-1", "s35", "tape-daily-offsite"
ORIGIN = Origin(actor="hanako", host="controller", run_id="run-1", commit="")
KEY = f"{SEGMENT}-g1"
ESCROW_SITES = ("tokyo-office", "tokyo-office", "annex-machine-room", "annex-machine-room")


def prove_escrow(store: Store, key: str = KEY) -> None:
    """What makes a tape's key good enough for the tape to leave."""
    now = datetime.now(UTC)
    store.tape_keys.record(KeyEvent(key, "create", now, BOTH, {"fingerprint": "SHA256:0"}), ORIGIN)
    store.tape_keys.record(KeyEvent(key, "print", now, BOTH, {"parts": "4"}), ORIGIN)
    for number, site in enumerate(ESCROW_SITES, 1):
        store.tape_keys.record(KeyEvent(key, "deposit", now, BOTH, {"sheet": str(number), "site": site}), ORIGIN)
    store.tape_keys.record(KeyEvent(key, "drill", now, BOTH, {"sheets": "1 3"}), ORIGIN)


@dataclass(frozen=True)
class VaultLab:
    """The vault's verb over a real library. `records_url` may be that of another lab's records."""

    tape: TapeLab
    records_url: str
    repository: Path = ROOT

    def store(self) -> Store:
        return open_store(self.records_url, production=False)

    def request(self, step: str = "order", **more: Any) -> VaultRequest:
        values: dict[str, Any] = {
            "repository": self.repository,
            "environment": "lab",
            "production": False,
            "records_url": self.records_url,
            "tape_settings": self.tape.lab.paths.settings_file,
            "scratch": self.tape.folder / "scratch",
            "reports": self.tape.folder / "reports",
            "cache_directory": self.tape.folder / "cache",
            "step": step,
            "media_seconds": 30.0,
        }
        return VaultRequest(**{**values, **more})

    def run(self, step: str = "order", **more: Any) -> VaultOutcome:
        return run_vault(self.request(step, **more))

    def scan(self, step: str, text: str, **more: Any) -> VaultOutcome:
        file = self.tape.folder / f"{step}.txt"
        file.write_text(text, encoding="utf-8")
        return self.run(step, scan=file, people=BOTH, **more)

    def take_out(self, *tapes: str, seal: str = "SEAL-0001", case: str = CASE) -> VaultOutcome:
        """The operators empty the exit ports, pack and scan."""
        library = self.tape.lab.library
        for slot in self.tape.library.inventory().doors:
            if slot.barcode in tapes:
                library.remove(slot.number)
        return self.scan("take-out", "\n".join([case, seal, *tapes]))

    def register(self, pool: str, *tapes: str) -> VaultOutcome:
        return self.run("register", pool=pool, tapes=tapes, people=BOTH[:1])

    def backup(self, machine: str = MACHINE, *, size: int = MEGABYTE, system: str = SYSTEM) -> Copy:
        """A file as the disk of a machine to tape, recorded and read back as the backup verb does it."""
        content = self.tape.content(f"{machine}.disk0", size)
        with self.store() as store:
            known = store.custody.statuses()
        onsite = [tape for tape, status in known.items() if status.pool == ONSITE]
        manifest = write_manifest(manifest_of(machine, system, content.read_bytes(), onsite))
        file = self.tape.folder / f"{machine}.manifest"
        file.write_bytes(manifest)
        streams = ("disk0", "manifest")
        self.tape.define(machine, streams, client=self.tape.jobs.settings.clients[SEGMENT], pool=ONSITE)
        job = self.tape.jobs.backup(machine, {"disk0": from_file(content), "manifest": from_file(file)})
        result = wait(self.tape.jobs, job, seconds=120, media_seconds=60).check()
        digest = manifest_digest(manifest)
        new = NewCopy(
            machine=machine,
            system=system,
            backup_class=BACKUP_CLASS,
            taken_at=datetime.now(UTC),
            pool=ONSITE,
            offsite=False,
            tapes=result.volumes,
            size_bytes=size,
            key_id=KEY,
            job=str(job),
            manifest_digest=digest,
        )
        proof = read_back_job(self.tape.jobs, job, digest, scratch=self.tape.folder / "scratch")
        with self.store() as store:
            (copy,) = store.copies.add([new], ORIGIN)
            store.copies.read_back(copy.id, ok=proof.good, job=str(proof.job_id), origin=ORIGIN)
        assert proof.good, proof.why
        return copy

    def events(self, tape: str) -> list[str]:
        """Everything that happened to a tape."""
        with self.store() as store:
            return [line.event.action for line in store.custody.history(tape)]

    def place(self, tape: str) -> str:
        with self.store() as store:
            return store.custody.statuses()[tape].place


def manifest_of(machine: str, system: str, content: bytes, tapes: Sequence[str]) -> Manifest:
    """The manifest of one disk."""
    disk = DiskRecord(
        name="disk0",
        key=2000,
        capacity_bytes=len(content),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Manifest(
        backup=f"{machine}-{now}",
        machine_key=machine,
        machine_name=machine,
        system=system,
        instance_uuid="00000000-0000-0000-0000-000000000000",
        taken_at=now,
        commit="0" * 40,
        machine_yaml="",
        vcenter={},
        disks=(disk,),
        tapes=tuple(TapePart(barcode=tape, pool=ONSITE) for tape in tapes),
        key_id=KEY,
        compression="",
        software=(Software(name="Bacula", version="9.6.7"),),
        chain_head=f"0:{'0' * 64}",
        quiesced=False,
        opaque=True,
    )


@contextmanager
def vault_lab(name: str, *, escrow: bool = True, tapes: int = 6) -> Iterator[VaultLab]:
    """Two tapes on site and three off site are registered; nothing is on them. `escrow`: the key is proven."""
    with tape_lab(name, tapes=tapes) as tape:
        lab = VaultLab(tape, f"sqlite:///{tape.folder / 'records.sqlite3'}")
        if escrow:
            with lab.store() as store:
                prove_escrow(store)
        assert not lab.register(ONSITE, "OSA001L8", "OSA002L8").done.troubles
        assert not lab.register(OFFSITE, "OSA003L8", "OSA004L8", "OSA005L8").done.troubles
        yield lab
