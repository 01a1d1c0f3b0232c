"""A system on its way out: its file, its people, its clock, and a tape that is a folder with real disks' bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences, Silence
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import PermissionRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.network_services import run_register
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from tests.support.approvals import Office, office
from tests.support.estate_lab import BIN, EstateLab, Finished, copy_few, estate_lab, machines_of
from tests.support.small_estate import ROOT, S02

VCENTER = "vc-mynumber"
NAMES = ("s02-ap01", "s02-ap02", "s02-db01")
KEYS = ("s02-ap-1", "s02-ap-2", "s02-db-1")
DATABASE = "s02-db01"
OTHER, OTHER_VCENTER = "s13-db01", "vc-kyotsu"
LAST_DAY = "2026-11-30"
RECORDS = {"confirmed_on": "2026-11-20", "confirmed_by": "児童担当", "retention_ended": True, "historical": "moved"}
RETIREMENT: dict[str, Any] = {
    "date": LAST_DAY,
    "reason": {"ja": "次期システムへ移行", "en": "Replaced"},
    "requested_by": "児童担当",
    "approved_by": "情報政策室長",
    "records": RECORDS,
    "last_copy_years": 5,
}


def noon(day: str) -> datetime:
    """Noon of a day at the data centre."""
    return datetime.fromisoformat(f"{day}T12:00+09:00")


BEFORE, AFTER = noon("2026-11-25"), noon("2026-12-01")
IN_GRACE, GRACE_OVER = noon("2026-12-20"), noon("2027-01-04")


def rewrite(lab: EstateLab, file: str, change: Mapping[str, Any]) -> None:
    """Change top-level fields of a data file; None takes one away."""
    path = lab.repository / file
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content.update(change)
    content = {name: value for name, value in content.items() if value is not None}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


@dataclass
class FolderTape:
    """Copies of the disks' own files, hashed when written and again when read; recorded as a backup records its own.

    It stands for the tape software where that is not what a test is about. `broken`: jobs whose bytes were changed.
    """

    lab: EstateLab
    folder: Path
    calls: list[str] = field(default_factory=list)
    taken_at: datetime = AFTER

    def back_up(self, names: Collection[str]) -> Mapping[str, str]:
        self.calls += sorted(names)
        estate = load_estate(self.lab.repository).estate
        for name in sorted(names):
            system, machine = estate.machine_by_name[name]
            vcenter = estate.cluster_by_name[system.cluster].vcenter
            job = str(100 + len(list(self.folder.glob("*"))))
            target = self.folder / job
            target.mkdir(parents=True)
            for number, path in enumerate(disk_files(self.lab, vcenter, name)):
                shutil.copyfile(path, target / f"disk{number}")
            digest = self._digest(job)
            (target / "digest").write_text(digest, encoding="utf-8")
            self.record(machine.key, system.id, f"{system.segment}-c3-onsite", job, digest, offsite=False)
        return dict.fromkeys(names, "")

    def record(self, key: str, system: str, pool: str, job: str, digest: str, **more: Any) -> None:
        """What a backup leaves in the records: the tape, the copy, and that it was read back."""
        origin = Origin.here(run_id="tape")
        barcode = f"T{int(job):05}L8"
        now = datetime.now(UTC)
        with self.store() as store:
            register = CustodyEvent(
                barcode, "register", now, ("山田",), {"pool": pool, "library": "library-1", "position": job}
            )
            store.custody.record([register], lambda _tape: Facts(), origin)
            (copy,) = store.copies.add(
                [
                    NewCopy(
                        machine=key,
                        system=system,
                        backup_class="tape-daily-offsite",
                        taken_at=more.pop("taken_at", self.taken_at),
                        pool=pool,
                        tapes=(barcode,),
                        size_bytes=1,
                        key_id="mynumber-g1",
                        job=job,
                        manifest_digest=digest,
                        **more,
                    )
                ],
                origin,
            )
            store.copies.read_back(copy.id, ok=True, job=job, origin=origin)

    def courier(self) -> None:
        """The vault's next order: a copy off site of every copy on site."""
        with self.store() as store:
            copies = [copy for key in KEYS for copy in store.copies.of_machine(key)]
            jobs = store.copies.jobs([copy.id for copy in copies])
        there = {copy.restore_point for copy in copies if copy.offsite}
        for copy in copies:
            if not copy.offsite and copy.restore_point not in there:
                pool, job = copy.pool.replace("onsite", "offsite"), str(500 + copy.id)
                digest = jobs[copy.id].manifest_digest
                point = {"offsite": True, "restore_point": copy.restore_point, "taken_at": copy.taken_at}
                self.record(copy.machine, copy.system, pool, job, digest, **point)

    def read_back(self, job: str, manifest_digest: str) -> str:
        return "" if self._digest(job) == manifest_digest else "SHA-256 differs"

    def damage(self, job: str) -> None:
        """Change a byte of what lies on the tape."""
        (self.folder / job / "disk0").write_bytes(b"damaged")

    def _digest(self, job: str) -> str:
        files = sorted((self.folder / job).glob("disk*"))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def store(self) -> Store:
        return open_store(self.lab.records_url, production=False)


def disk_files(lab: EstateLab, vcenter: str, name: str) -> list[Path]:
    """The files behind a machine's disks, found by plain pyVmomi."""
    with lab.machine(vcenter, name) as machine:
        paths = [
            device.backing.fileName
            for device in machine.config.hardware.device
            if hasattr(device, "capacityInKB") and device.backing is not None
        ]
    root = lab.laboratory.paths.root / "datastores" / vcenter
    return [root / path.removeprefix("[").replace("] ", "/") for path in paths]


@dataclass
class Retiring:
    """The lab with s02 retiring."""

    lab: EstateLab
    tape: FolderTape
    office: Office
    reports: Path
    services: dict[str, Any] | None = None
    typed: list[str] = field(default_factory=list)

    def retire(self, **fields: Any) -> None:
        """Let the file of s02 say that it retires; fields of the retirement can be given, None takes one away."""
        values = {name: value for name, value in {**RETIREMENT, **fields}.items() if value is not None}
        rewrite(self.lab, S02, {"status": "retiring", "retirement": values})

    def run(self, now: datetime, *, typing: Any = None, **request: Any) -> Outcome:
        """The verb; `typing` answers the question for a name: a text, or a function of the question."""

        def ask(question: str) -> str | None:
            self.typed.append(question)
            if typing is None:
                return None
            return str(typing(question)) if callable(typing) else str(typing)

        values: dict[str, Any] = {"order": "advance", "reports": self.reports, "services": self.services, **request}
        return run_decommission(self.lab.target(), Request(now=now, **values), ask=ask, copies=self.tape)

    def to_grace(self) -> None:
        """Notice, quarantine, last copy, off-site copy."""
        self.run(AFTER)
        self.tape.courier()
        self.run(AFTER + timedelta(days=1))

    def approve(self, digest: str, *signers: str, **fields: Any) -> Path:
        """Have the plan of a deletion signed."""
        term = {"valid_from": "2026-12-01T00:00:00+09:00", "valid_until": "2027-02-01T00:00:00+09:00"}
        return self.office.write(
            *signers, digest=digest, risk="destroy", approved_at="2026-12-28T09:00:00+09:00", **{**term, **fields}
        )

    def delete(self, now: datetime = GRACE_OVER, **options: Any) -> Outcome:
        """The plan, its approval, and the deletion with every name typed right."""
        digest = self.run(now).digest
        return self.run(now, approval=self.approve(digest), typing=right, **options)

    def registered(self) -> str:
        """Everything that name servers and monitoring read."""
        root = self.lab.laboratory.paths.root
        files = [*root.glob("names/zones/*/*.zone"), *root.glob("monitoring/targets/*.json")]
        return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))

    def silences(self) -> list[Silence]:
        """Alarms that are held back and were not let go again."""
        file = self.lab.laboratory.paths.root / "monitoring/silences.json"
        return [each for each in FileSilences(file).all() if each.ended is None]

    def cases(self) -> dict[str, Case]:
        """Cases of all machines as the records have them."""
        with open_store(self.lab.records_url, production=False) as store:
            return Retirements(store.database, store.chain).cases()

    def command(self, name: str, *arguments: str) -> Finished:
        """Run a script of the repository on the records of this lab."""
        script = str(ROOT / "scripts" / name)
        return self.lab.command(str(BIN / "python"), script, *arguments, KYOTSU_RECORDS_URL=self.lab.records_url)

    def steps(self) -> dict[str, list[str]]:
        """Steps that are done, by machine."""
        return {key: list(case.done) for key, case in self.cases().items()}


def right(question: str) -> str:
    """The name that a question asks for."""
    return question.partition(" ")[0]


def lines(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Status and message by machine and step."""
    return {result.label: (result.status, result.message) for result in outcome.results}


def seen(lab: EstateLab, vcenter: str, name: str) -> dict[str, Any] | None:
    """A machine as plain pyVmomi shows it; None if there is none of the name."""
    with lab.session(vcenter) as session:
        names = {each.key: each.name for each in session.content.customFieldsManager.field}
        manager = session.content.authorizationManager
        for machine in machines_of(session):
            if machine.name != name:
                continue
            devices = machine.config.hardware.device
            return {
                "uuid": machine.config.instanceUuid,
                "power": machine.runtime.powerState,
                "folder": machine.parent.name,
                "connected": [
                    device.connectable.startConnected for device in devices if getattr(device, "macAddress", None)
                ],
                "attributes": {names[each.key]: each.value for each in machine.customValue if each.value},
                "locked": sorted(
                    each.principal for each in manager.RetrieveEntityPermissions(entity=machine, inherited=False) or ()
                ),
                "permissions": sorted(
                    (each.principal, each.group, each.roleId, each.propagate)
                    for each in manager.RetrieveEntityPermissions(entity=machine, inherited=False) or ()
                ),
                "disks": sorted(
                    (device.backing.fileName, device.capacityInKB)
                    for device in devices
                    if hasattr(device, "capacityInKB")
                ),
            }
    return None


def still_there(going: Retiring) -> bool:
    """All machines of s02, seen from outside."""
    return all(seen(going.lab, VCENTER, name) is not None for name in NAMES)


def may_not_switch_on(lab: EstateLab, vcenter: str, name: str) -> None:
    """Try it as who uses the client by hand: the switch, the switch for many, and the lock itself."""
    with lab.session(vcenter, "operator") as session:
        (machine,) = [each for each in machines_of(session) if each.name == name]
        content = session.content
        user = session.endpoint.username
        own = vim.AuthorizationManager.Permission(principal=user, group=False, roleId=-1, propagate=True)
        attempts: tuple[Callable[[], Any], ...] = (
            machine.PowerOnVM_Task,
            lambda: content.rootFolder.childEntity[0].PowerOnMultiVM_Task(vm=[machine]),
            lambda: content.authorizationManager.SetEntityPermissions(entity=machine, permission=[own]),
            lambda: content.authorizationManager.RemoveEntityPermission(entity=machine, user=user, isGroup=False),
        )
        for attempt in attempts:
            with pytest.raises(PermissionRefused):
                attempt()
        assert machine.runtime.powerState == "poweredOff"


@pytest.fixture
def going(tmp_path: Path) -> Iterator[Retiring]:
    """A lab of its own in which s02 retires."""
    with estate_lab(copy_few(tmp_path), "going") as lab:
        lab.foundation()
        lab.provision()
        yield retiring(lab, tmp_path)


def retiring(lab: EstateLab, folder: Path) -> Retiring:
    """Prepare a lab that stands: the quarantine folder, people, and s02 on its way out."""
    file = "platform/vcenters.yml"
    content = yaml.safe_load((lab.repository / file).read_text(encoding="utf-8"))
    rewrite(lab, file, {"folders": [*content["folders"], "quarantine"]})
    lab.foundation()
    made = office(lab.repository, folder / "keys")
    made.appoint(login=current_actor())
    root = lab.laboratory.paths.root
    services = {
        "zones_directory": str(root / "names/zones"),
        "targets_directory": str(root / "monitoring/targets"),
        "silences_file": str(root / "monitoring/silences.json"),
    }
    run_register(
        services, repository=lab.repository, cache_directory=None, names=None, absent=(), now=BEFORE, check=False
    )
    found = Retiring(lab, FolderTape(lab, folder / "tape"), made, folder / "reports", services)
    found.retire()
    return found
