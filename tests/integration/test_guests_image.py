"""What is in the guests' image: the packages of the mirror's baseline, and a PostgreSQL that waits for its disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from lab.guests.image import ensure_image
from lab.mirror.content import BASELINE, ensure_content, read_manifest
from tests.support.guest_lab import GuestLab, guest_lab, machine, needs_guests, wait_until

pytestmark = needs_guests

DATABASE = "i-db01"
# As the role guest_baseline does it where a machine's service is PostgreSQL.
START = "sudo pg_createcluster 15 main && sudo update-rc.d postgresql defaults && sudo service postgresql start"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "guests-image") as running:
        running.make(machine(DATABASE, "198.18.0.50", data_mount="/var/lib/postgresql"))
        yield running


def test_every_package_of_the_mirror_has_the_version_of_the_baseline() -> None:
    shown = subprocess.run(
        ["dpkg-query", f"--admindir={ensure_image()}/var/lib/dpkg", "-W", "-f", "${Package} ${Version}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = dict(line.split() for line in shown.stdout.splitlines())
    content = ensure_content()
    baseline = {entry.package: entry.version for entry in read_manifest(content / BASELINE).values()}
    compared = installed.keys() & baseline.keys()
    assert {"apt", "libssl3", "openssh-server", "sudo"} <= compared
    assert {name: installed[name] for name in compared} == {name: baseline[name] for name in compared}


def test_the_image_has_no_key_no_name_and_no_package_source() -> None:
    root = ensure_image()
    found = subprocess.run(
        ["grep", "-rl", "PRIVATE KEY", *(str(root / name) for name in ("etc", "home", "root", "var"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert not (root / "etc/machine-id").exists()
    assert (root / "etc/apt/sources.list").read_text(encoding="utf-8") == ""
    assert list((root / "etc/apt/sources.list.d").iterdir()) == []


def test_a_guest_without_a_database_runs_none(lab: GuestLab) -> None:
    assert lab.say(DATABASE, "ls -A /etc/postgresql") == ""
    assert "postgresql" not in lab.say(DATABASE, "ls /etc/rc2.d")
    processes = lab.ssh(DATABASE, "pgrep -c postgres")
    assert (processes.returncode, processes.stdout) == (1, "0\n")
    assert lab.entry(DATABASE)["memory_bytes"] < 20_000_000


def test_postgresql_keeps_its_data_on_the_machines_disk_and_comes_back_at_boot(lab: GuestLab) -> None:
    lab.say(DATABASE, START)
    ask = "cd /; sudo -u postgres psql -Atqc"
    lab.say(DATABASE, f'{ask} "create table claims as select generate_series(1, 1000) as id"')
    assert (
        lab.say(DATABASE, "sudo findmnt -no TARGET -T /var/lib/postgresql/15/main/PG_VERSION") == "/var/lib/postgresql"
    )
    assert lab.entry(DATABASE)["memory_bytes"] < 80_000_000

    lab.run(lab.vm(DATABASE).ResetVM_Task)
    wait_until(lambda: lab.answers(DATABASE), "it has booted again")
    wait_until(lambda: lab.ssh(DATABASE, f'{ask} "select count(*) from claims"').stdout == "1000\n", "its data is back")
