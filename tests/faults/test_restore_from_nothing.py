"""Catalogue, records, description and key file are lost: tapes, a page of paper and an empty vCenter are enough.

It walks docs/runbooks/restore-from-nothing.md step by step.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    LockedKey,
    join_parts,
    key_parts,
    lock_key,
    new_passphrase,
    unlock_key,
)
from lab.guests.ssh import USER, ssh_prefix
from lab.tape.catalogue_server import DATABASE, OWNER, PORT
from lab.tape.users import STORAGE_GROUP, STORAGE_USER, as_user
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import machines_of, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.small_estate import ROOT

pytestmark = needs_guests

MACHINE, VCENTER, DATACENTER = "s13-db01", "vc-kyotsu", "lab-osaka-dc"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("nothing"), "nothing", [MACHINE], backed_up=False) as found:
        write = "sudo sh -c 'head -c 3000000 /dev/urandom > /root/kept; echo before > /root/text; sync'"
        assert found.services.ssh(MACHINE, write).returncode == 0
        yield found


def command(lab: BackupLab, *words: str) -> subprocess.CompletedProcess[str]:
    """The script of the runbook."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/restore_from_tape.py"), "--tape-settings", str(lab.tape_settings), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
        stdin=subprocess.DEVNULL,
        cwd="/",
    )


def test_a_machine_comes_back_when_only_tapes_and_paper_are_left(lab: BackupLab, tmp_path: Path) -> None:
    hashes = lab.services.ssh(MACHINE, "sudo sha256sum /root/kept /root/text").stdout
    assert len(hashes.splitlines()) == 2
    outcome = lab.backup()
    assert not outcome.failed, outcome.machines
    stored = outcome.of(MACHINE).copy
    assert stored is not None
    (tape,) = stored.tapes

    paper, words = printed_key(lab)
    where = lose_everything(lab)

    # Step 1: the key, from the codes of envelope A and the words of envelope B.
    put_key_back(lab, unlock_key(join_parts(paper), words))
    # Step 2: the tape, read into an empty catalogue.
    assert lab.tape.catalogue.jobs() == []
    rebuilt = command(lab, "rebuild", tape, "--scan", scan_command(lab))
    assert rebuilt.returncode == 0, rebuilt.stderr
    # Step 3: what is on it.
    listed = command(lab, "list")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    (line,) = [line for line in listed.stdout.splitlines() if MACHINE in line]
    job = line.split()[0]
    assert '"machine_yaml": "' in command(lab, "show", job).stdout
    # Step 4: the machine.
    endpoint = lab.services.estate_lab.endpoint(VCENTER)
    password = lab.services.laboratory.password_file(VCENTER, "automation")
    arguments = [
        *("restore", job, "--host", endpoint.hostname, "--port", str(endpoint.port), "--user", endpoint.username),
        *("--password-file", str(password), "--ca-file", str(endpoint.ca_file), "--datacenter", DATACENTER),
        *("--cluster", where["cluster"], "--resource-pool", where["pool"], "--folder", where["folder"]),
        *("--datastore", where["datastore"], "--records", str(tmp_path / "new.sqlite3")),
    ]
    restored = command(lab, *arguments)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "equal to its manifest" in restored.stdout
    wait_until(lambda: by_name(lab, "true").returncode == 0, "it answers", seconds=60)
    assert by_name(lab, "sudo sha256sum /root/kept /root/text").stdout == hashes
    # A second time it is there, and is left alone.
    again = command(lab, *arguments)
    assert (again.returncode, "it is not overwritten" in again.stderr) == (1, True)


def by_name(lab: BackupLab, words: str) -> subprocess.CompletedProcess[str]:
    """Log in to the restored guest. Its host key is pinned by name alone: vCenter was told no addresses of it."""
    guests = lab.services.laboratory.guests
    address = (lab.services.entry(MACHINE)["addresses"] or ["0.0.0.0/0"])[0].partition("/")[0]  # none while it boots
    return subprocess.run(
        [*ssh_prefix(guests), "-o", f"HostKeyAlias={MACHINE}", f"{USER}@{address}", words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def printed_key(lab: BackupLab) -> tuple[tuple[str, ...], str]:
    """What lies in the two envelopes: the texts of the codes, and the words."""
    words = new_passphrase()
    pair = (lab.tape_laboratory.paths.keys / "lgwan-fd.pem").read_bytes()
    locked: LockedKey = lock_key("lgwan-g1", pair[pair.index(b"-----BEGIN RSA PRIVATE KEY") :], words)
    return key_parts(locked), words


def lose_everything(lab: BackupLab) -> dict[str, str]:
    """The machine, the records, the description, the catalogue and the key file; give where the machine was."""
    with lab.services.estate_lab.session(VCENTER) as session:
        (machine,) = [each for each in machines_of(session) if each.name == MACHINE]
        where = {
            "cluster": machine.runtime.host.parent.name,
            "pool": machine.resourcePool.name,
            "folder": f"{machine.parent.parent.name}/{machine.parent.name}",
            "datastore": machine.datastore[0].name,
        }
        for task in (machine.PowerOffVM_Task, machine.Destroy_Task):
            running = task()
            wait_until(lambda running=running: running.info.state in {"success", "error"}, "gone")  # type: ignore[misc]
            assert running.info.state == "success", running.info.error
    repository = lab.services.estate_lab.repository
    for path in (lab.services.laboratory.paths.root / "records.sqlite3", *repository.glob("systems/*.yml")):
        path.unlink()
    shutil.rmtree(repository / ".cache", ignore_errors=True)
    tape = lab.tape_laboratory
    (tape.paths.keys / "lgwan-fd.pem").unlink()
    tape.process("bacula-dir").stop()
    tape.catalogue.drop_database(DATABASE)
    tape.catalogue.make_database(DATABASE)
    tape.process("lgwan-fd").stop()
    for name in (stored for stored in Path(lab.tape.settings.streams_folder).iterdir() if stored.is_dir()):
        shutil.rmtree(name)
    return where


def put_key_back(lab: BackupLab, private: bytes) -> None:
    """The client's file again: certificate (no secret, it is on the page too) and private key, then start."""
    keys = lab.tape_laboratory.paths.keys
    pair = keys / "lgwan-fd.pem"
    pair.write_bytes((keys / "lgwan-fd.cert.pem").read_bytes() + private)
    pair.chmod(0o600)
    lab.tape_laboratory.up(say=lambda _line: None)


def scan_command(lab: BackupLab) -> str:
    """bscan as the runbook writes it, with the lab's paths; the password comes from a file, as the runbook says."""
    tape = lab.tape_laboratory
    wrapper = tape.paths.root / "bscan"
    prefix = shlex.join(as_user(STORAGE_USER, STORAGE_GROUP, tape.paths.root))
    password = tape.paths.secrets / f"catalogue-{OWNER}"
    environment = " ".join(f"{name}='{value}'" for name, value in tape.environment().items())
    wrapper.write_text(
        f"#!/bin/sh\ncd {tape.paths.storage_working}\nexport {environment}\n"
        f'PGPASSWORD=$(cat {password}) exec {prefix} "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o700)
    program = tape.software / "usr/sbin/bscan"
    config = tape.paths.config / "storage/bacula-sd.conf"
    return (
        f"{wrapper} {program} -s -m -c {config} -n {DATABASE} -u {OWNER} -h {tape.paths.database} -t {PORT} "
        "-V {barcode} {device}"
    )
