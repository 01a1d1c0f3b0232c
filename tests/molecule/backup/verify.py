"""Look from outside: copies in the records, jobs in the catalogue, no snapshot; then again, and once in check mode."""

from __future__ import annotations

import json
import os
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "collections")]

STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
VCENTER = "vc-kyotsu"
MACHINES = 2


def main() -> None:
    """One restore point per machine, two after another run, no more after check mode."""
    expect(1)
    run()
    expect(2)
    run("--check")
    expect(2)


def run(*arguments: str) -> None:
    """The command as a user types it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory/lab", "playbooks/backup.yml"]
    finished = subprocess.run(
        [*command, "--limit", "system_s20_*", *arguments],
        cwd=REPOSITORY,
        env={**own, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise SystemExit(finished.stdout + finished.stderr)


def expect(runs: int) -> None:
    """So many good copies of each machine, each a good job on tape, and no snapshot."""
    from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
    from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

    with sqlite3.connect(f"file:{STATE}/records.sqlite3?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT machine, job, read_back_ok FROM copies ORDER BY id").fetchall()
    tape = TapeJobs(TapeSettings.read(STATE / "tape/settings.json"))
    wrong = [row for row in rows if row[2] != 1 or not tape.job(int(row[1])).ended_well]
    if len(rows) != runs * MACHINES or len({row[0] for row in rows}) != MACHINES or wrong:
        raise SystemExit(f"expected {runs} good copies of each of {MACHINES} machines, found {rows}")
    if left := snapshots():
        raise SystemExit(f"snapshots are left on {left}")
    print(f"{len(rows)} copies, each read back, no snapshot")


def snapshots() -> list[str]:
    """Machines that have a snapshot, asked of the vCenter by a client that is not ours."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    entry = lab["vcenters"][VCENTER]
    password = (STATE / "secrets" / f"{VCENTER}-reader.password").read_text(encoding="utf-8").strip()
    service = SmartConnect(
        host=entry["hostname"],
        port=entry["port"],
        user="reader@lab.local",
        pwd=password,
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        view = service.content.viewManager.CreateContainerView(service.content.rootFolder, [vim.VirtualMachine], True)
        return [machine.name for machine in view.view if machine.snapshot is not None]
    finally:
        Disconnect(service)


if __name__ == "__main__":
    main()
