"""A whole system of real guests leaves for good, step by step, and its last copies open as machines with its files.

Database, application and web servers with data go the way that a person walks: called for, switched off, copied to tape
on both sides, deleted, proven. The clock is moved by the moment that a run is given. Other systems are looked at from
outside before and after.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure, Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.run import run_handover
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Side
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import read_document
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import Step, VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore import run_restore
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOrder
from tests.support.approvals import Office, office
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import BIN, OUTSIDE_WINDOW, ROOT, machines_of, wait_for_task, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.retiring import lines, may_not_switch_on, right, seen
from tests.support.tapes import BOTH

pytestmark = needs_guests

SYSTEM, DEPENDANT, VCENTER = "s39", "s24", "vc-kyotsu"
GOING = ("s39-ap01", "s39-db01", "s39-web01", "s39-web02", "s39-web03")
# Of the system that needs it, and of one that has nothing to do with it.
STAYING = ("s24-ap01", "s13-ap01")
POOL = "lgwan-c3-offsite"
# What is looked at in a guest, and from outside in the copy of it: what was installed, set up and written.
FILES = (
    "find /etc /home /opt /srv /var/lib/postgresql -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 sha256sum"
)
DATA = {"db": "/var/lib/postgresql/records", "ap": "/srv/forms/forms", "web": "/srv/pages"}
# Copies and tapes go by the clock, so only what comes after them is in the future.
NOW = datetime.now(UTC)
LAST_DAY = (NOW - timedelta(days=2)).date()
IN_SERVICE = NOW - timedelta(days=4)
GRACE_OVER = NOW + timedelta(days=31)
YEARS = 20
STEPS = ("announce", "quarantine", "back-up", "verify", "copy-off-site", "delete", "release", "complete")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    folder = tmp_path_factory.mktemp("retires")
    with backup_lab(folder, "retires", names=(*GOING, *STAYING), backed_up=False, tapes=16) as few:
        # Copies beside the original have UUIDs of their own and boot too.
        every = replace(few.services, guests=replace(few.services.guests, machines=None))
        every.up()
        yield replace(few, services=every)


def describe(lab: BackupLab, system: str, **change: Any) -> None:
    """Change top-level fields of a system's file; None takes one away."""
    (file,) = (lab.services.estate_lab.repository / "systems").glob(f"{system}-*.yml")
    content = yaml.safe_load(file.read_text(encoding="utf-8")) | change
    content = {name: value for name, value in content.items() if value is not None}
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def retire(lab: BackupLab) -> None:
    describe(
        lab,
        SYSTEM,
        status="retiring",
        retirement={
            "date": LAST_DAY.isoformat(),
            "reason": {"ja": "次期システムへ移行", "en": "Replaced"},
            "requested_by": "所管課",
            "approved_by": "情報政策室長",
            "last_copy_years": YEARS,
            "records": {
                "confirmed_on": LAST_DAY.isoformat(),
                "confirmed_by": "所管課",
                "retention_ended": True,
                "historical": "moved",
            },
        },
    )


def run(lab: BackupLab, reports: Path, now: datetime, *, typing: bool = False, **more: Any) -> Outcome:
    """The verb, with every name typed right or nobody at the terminal."""
    values: dict[str, Any] = {"order": "advance", **more}
    request = Request(reports=reports, now=now, tape_settings=lab.tape_settings, scratch=reports / "scratch", **values)
    return run_decommission(lab.target, request, ask=right if typing else lambda _question: None)


def vault(lab: BackupLab, folder: Path, step: Step, **more: Any) -> VaultOutcome:
    """One step of the verb vault."""
    target = lab.target
    outcome = run_vault(
        VaultRequest(
            repository=target.repository,
            environment=target.environment,
            production=False,
            records_url=target.records_url,
            tape_settings=lab.tape_settings,
            scratch=folder / "scratch",
            reports=folder / "vault",
            step=step,
            media_seconds=60,
            **more,
        )
    )
    assert outcome.done.troubles == []
    return outcome


# --- what is seen from outside ---------------------------------------------------------------------------------------


def write_data(lab: BackupLab) -> dict[str, str]:
    """Put data where each machine keeps its own; name -> hashes of its files, asked inside of it."""
    estate = load_estate(lab.services.estate_lab.repository).estate

    def one(name: str) -> str:
        folder = DATA[estate.machine_by_name[name][1].role]
        write = (
            f"sudo mkdir -p {folder} && echo {name} {uuid.uuid4()} | sudo tee {folder}/whose >/dev/null && "
            f"sudo sh -c 'head -c 3000000 /dev/urandom > {folder}/last-words && sync'"
        )
        done = lab.services.ssh(name, write)
        assert done.returncode == 0, done.stderr
        found = lab.services.ssh(name, f"sudo sh -c '{FILES}'")
        assert found.returncode == 0, found.stderr
        assert f"{folder}/last-words" in found.stdout
        assert found.stdout.count("\n") > 50, f"{name} has hardly any files"
        return found.stdout

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(GOING, pool.map(one, GOING), strict=True))


def neighbours(lab: BackupLab) -> dict[str, Any]:
    """Every machine of every vCenter that is not of the system, and what lies in the guests of some."""
    found: dict[str, Any] = {}
    for vcenter in lab.services.estate_lab.vcenters:
        with lab.services.estate_lab.session(vcenter) as session:
            names = sorted(each.name for each in machines_of(session) if not each.name.startswith(f"{SYSTEM}-"))
        found |= {name: seen(lab.services.estate_lab, vcenter, name) for name in names}
    assert set(STAYING) <= found.keys()
    for name in STAYING:
        found[f"{name}: files"] = lab.services.ssh(name, f"sudo sh -c '{FILES}'").stdout
        assert found[f"{name}: files"].count("\n") > 50
    return found


def files_of_copy(lab: BackupLab, name: str) -> str:
    """Hashes of the files in a running machine that is connected to nothing: read through its process, not by SSH."""
    entry = lab.services.entry(name)
    assert entry["pid"], f"{name} does not run"
    found = subprocess.run(
        ["chroot", f"/proc/{entry['pid']}/root", "sh", "-c", FILES],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return found.stdout


def disk_files(lab: BackupLab) -> list[Path]:
    """Files of the system's machines on any datastore."""
    root = lab.services.laboratory.paths.root / "datastores"
    return [path for path in root.rglob("*.vmdk") if any(part.startswith(f"{SYSTEM}-") for part in path.parts)]


def remove(lab: BackupLab, name: str) -> None:
    with lab.services.estate_lab.machine(VCENTER, name) as machine:
        wait_for_task(machine.PowerOffVM_Task())
        wait_for_task(machine.Destroy_Task())


# --- the way ---------------------------------------------------------------------------------------------------------


def test_a_system_of_database_application_and_web_servers_retires_and_its_files_come_back(
    lab: BackupLab, tmp_path: Path
) -> None:
    reports, services = tmp_path / "reports", lab.services
    # Its owner takes copies off site out, as others have them.
    describe(lab, SYSTEM, backup={"backup_class": "tape-daily-offsite", "offsite": True})
    services.estate_lab.provision(*GOING, now=OUTSIDE_WINDOW)
    files = write_data(lab)
    before = neighbours(lab)
    retire(lab)

    # In service until its last day: people are told, and nothing else happens.
    found = lines(run(lab, reports, IN_SERVICE))
    assert {found[f"{name}: announce"][0] for name in GOING} == {"changed"}, found
    assert len(list((reports / SYSTEM).glob("notice-*.html"))) == 2
    # Then a system that needs it keeps it, until its own file says otherwise.
    found = lines(run(lab, reports, NOW - timedelta(hours=2)))
    assert all("is needed by s24" in found[f"{name}: quarantine"][1] for name in GOING), found
    assert all(services.answers(name) for name in GOING)
    describe(lab, DEPENDANT, depends_on=None)

    # Called off once: they run again as they were, and the copies that were made do not count any more.
    call_off(lab, reports, files)
    isolate_and_copy(lab, reports, tmp_path)
    delete(lab, reports, tmp_path)
    assert neighbours(lab) == before
    prove(lab, reports, tmp_path)

    # Each last copy, and that of the database from the other side too, is a machine with the same files again.
    for name, side in [*((name, "onsite") for name in GOING), ("s39-db01", "offsite")]:
        assert restored_files(lab, name, side) == files[name], (name, side)
    assert disk_files(lab) == []
    assert neighbours(lab) == before
    with lab.store() as store:
        assert store.chain.verify().ok


def call_off(lab: BackupLab, reports: Path, files: dict[str, str]) -> None:
    """Quarantine, copy, and back again: what vCenter shows, and the files in each guest."""
    services = lab.services
    before = {name: seen(services.estate_lab, VCENTER, name) for name in GOING}
    found = lines(run(lab, reports, NOW - timedelta(hours=1)))
    assert {found[f"{name}: verify"][0] for name in GOING} == {"changed"}, found
    assert not any(services.answers(name) for name in GOING)
    undone = run(lab, reports, NOW - timedelta(minutes=50), order="undo", reason="late", names=list(GOING))
    assert {each.status for each in undone.results} == {"changed"}, lines(undone)
    services.wait_for_guests()
    assert {name: seen(services.estate_lab, VCENTER, name) for name in GOING} == before
    assert {name: services.ssh(name, f"sudo sh -c '{FILES}'").stdout for name in GOING} == files


def isolate_and_copy(lab: BackupLab, reports: Path, folder: Path) -> None:
    """Quarantine, last copy, read-back, copy off site; who uses the client by hand cannot switch them on."""
    services = lab.services
    found = lines(run(lab, reports, NOW))
    assert {found[f"{name}: verify"][0] for name in GOING} == {"changed"}, found
    assert {found[f"{name}: copy-off-site"][0] for name in GOING} == {"held"}
    for name in GOING:
        machine = seen(services.estate_lab, VCENTER, name)
        assert machine is not None
        assert (machine["power"], machine["folder"], set(machine["connected"])) == ("poweredOff", "quarantine", {False})
        may_not_switch_on(services.estate_lab, VCENTER, name)
        assert lab.snapshots(name) == []
        assert not services.answers(name)
    vault(lab, folder, "register", pool=POOL, tapes=("OSA010L8", "OSA011L8"), people=BOTH)
    assert vault(lab, folder, "copy").done.copied >= len(GOING)


def delete(lab: BackupLab, reports: Path, folder: Path) -> None:
    """The plan, its two signatures, the typed names, and nothing left of the machines."""
    # The last day of grace is not over yet.
    early = run(lab, reports, NOW + timedelta(days=29), typing=True)
    assert {status for label, (status, _) in lines(early).items() if label.endswith("delete")} == {"held"}
    plan = run(lab, reports, GRACE_OVER)
    assert plan.digest, lines(plan)
    approval = approved(people(lab, folder), plan.digest)
    deleted = run(lab, reports, GRACE_OVER, approval=approval, typing=True)
    assert {each.status for each in deleted.results} == {"changed"}, lines(deleted)
    assert [seen(lab.services.estate_lab, VCENTER, name) for name in GOING] == [None] * len(GOING)
    assert disk_files(lab) == []
    assert [each["name"] for each in lab.services.laboratory.guests.client.guests() if each["name"] in GOING] == []


def people(lab: BackupLab, folder: Path) -> Office:
    repository = lab.services.estate_lab.repository
    made = office(repository, folder / "keys")
    made.appoint(
        login=current_actor(), p_003={"organisation": load_estate(repository).estate.system_by_id[SYSTEM].owner}
    )
    return made


def approved(made: Office, digest: str) -> Path:
    return made.write(
        digest=digest,
        risk="destroy",
        systems=[SYSTEM],
        approved_at=NOW.isoformat(timespec="seconds"),
        valid_from=NOW.isoformat(timespec="seconds"),
        valid_until=(GRACE_OVER + timedelta(days=1)).isoformat(timespec="seconds"),
    )


def prove(lab: BackupLab, reports: Path, folder: Path) -> None:
    """The completion record is genuine; the certificate of erasure waits for paper, serials and witness."""
    record = reports / SYSTEM / "completion-record.json"
    _, _, content = read_document(record.read_text(encoding="utf-8"))
    assert sorted(each["name"] for each in content["machines"]) == sorted(GOING)
    assert {tuple(step["step"] for step in each["steps"]) for each in content["machines"]} == {STEPS[:-1]}
    verified = lab.services.estate_lab.command(
        str(BIN / "python"),
        str(ROOT / "scripts" / "decommission.py"),
        "verify",
        str(record),
        KYOTSU_RECORDS_URL=lab.services.estate_lab.records_url,
    )
    assert verified.code == 0, verified.output

    assets, paper, rows = folder / "assets.csv", folder / "certificate.pdf", folder / "lines.csv"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\nD2,disk,kyotsu,\n", encoding="utf-8")
    paper.write_bytes(b"%PDF-1.7")
    head = "serial,treatment,performed_on\n"
    one, both = (
        "".join(f"{serial},destroyed,{GRACE_OVER.date()}\n" for serial in serials) for serials in (["D1"], ["D1", "D2"])
    )
    certificate = reports / SYSTEM / "erasure-certificate.json"
    for text, more, expected in (
        (both, {"certificate": None}, "refused"),
        (one, {}, "refused"),
        (both, {"witness": ""}, "refused"),
        (both, {}, "changed"),
    ):
        assert not certificate.exists()
        rows.write_text(head + text, encoding="utf-8")
        values: dict[str, Any] = {"certificate": paper, "certificate_lines": rows, "witness": "鈴木", **more}
        outcome = run(
            lab,
            reports,
            GRACE_OVER + timedelta(days=1),
            order="certify",
            names=list(GOING),
            erasure=Erasure(assets=assets, **values),
        )
        assert {each.status for each in outcome.results} == {expected}, lines(outcome)
    assert certificate.exists()

    # The handover knows: the system is ready, and its copies are in the sealed set with the years that they are kept.
    handover = run_handover(lab.target, reports=folder / "handover", segments=["lgwan"], now=GRACE_OVER)
    assert {each.system: each.state for each in handover.systems}[SYSTEM] == "retired"
    mine = [each for each in handover.sealed.copies if each.system == SYSTEM]
    assert {(each.name, each.side) for each in mine} == {
        (name, side) for name in GOING for side in ("on-site", "off-site")
    }
    assert {each.kept_until for each in mine} == {GRACE_OVER.date().replace(year=GRACE_OVER.year + YEARS).isoformat()}
    assert not set(GOING) & set(handover.sealed.missing)


def restored_files(lab: BackupLab, name: str, side: Side) -> str:
    """Restore the last copy as a machine beside everything, look into it while it runs, and take it away."""
    scratch = f"scratch-{name}-{side}"
    order = RestoreOrder(
        names=[name], name=scratch, tape_settings=lab.tape_settings, side=side, boot_seconds=120, power_on=True
    )
    outcome = run_restore(lab.target, order, now=GRACE_OVER).outcome
    assert [each.status for each in outcome.results] == ["changed"], outcome.results
    machine = seen(lab.services.estate_lab, VCENTER, scratch)
    assert machine is not None
    assert set(machine["connected"]) == {False}
    wait_until(lambda: bool(lab.services.entry(scratch)["pid"]), f"{scratch} runs")
    found = files_of_copy(lab, scratch)
    remove(lab, scratch)
    return found
