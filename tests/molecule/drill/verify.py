"""Look from outside, by a client that is not ours: what a drill leaves (nothing but a certificate), and what it makes.

With --before it holds instead that check mode names system and tape and makes nothing, and remembers what is there.
The second drill is watched while it runs: its machines must hang on a switch that has no physical card of any host.
"""

from __future__ import annotations

import json
import os
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "collections")]

STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
REMEMBERED, CERTIFICATES = STATE / "before-drill.json", STATE / "drills"
VCENTER, LIMIT, SYSTEM, NAMES = "vc-kyotsu", "system_s23_*", "s23", ("s23-db01", "s23-ap01")


def main() -> None:
    """One certificate per drill, all of it true, and the vCenter as it was."""
    if sys.argv[1:] == ["--before"]:
        before()
        return
    expect_as_before()
    look_at_certificate(count=1)
    seen = Seen()
    watcher = threading.Thread(target=seen.watch, daemon=True)
    watcher.start()
    again = drill()
    seen.over.set()
    watcher.join()
    expect(again.returncode == 0, words(again))
    expect(len(seen.machines) == len(NAMES), f"of the machines of a drill {sorted(seen.machines)} were seen")
    expect(seen.cards == {()}, f"switches of the drill had the physical cards {seen.cards}")
    expect_as_before()
    look_at_certificate(count=2)
    for name in NAMES:
        expect(answers(name), f"{name} does not answer any more: a drill must not touch the original")
    verified = command(sys.executable, "scripts/records.py", "verify")
    expect(verified.returncode == 0, words(verified))
    print(f"drilled twice, {', '.join(sorted(seen.machines))} seen on a switch without a card, and nothing is left")


def before() -> None:
    """Check mode before the first drill."""
    REMEMBERED.write_text(json.dumps(inventory()), encoding="utf-8")
    told = drill("--check")
    text = words(told)
    expect(told.returncode == 0, text)
    expect(all(f"{name} from" in text or name in text for name in NAMES) and SYSTEM in text, text)
    expect("never" in text, "check mode must say that the system was never drilled")
    expect_as_before()
    expect(not certificates() and not CERTIFICATES.exists(), "check mode left a certificate")


def look_at_certificate(*, count: int) -> None:
    """The last of so many certificates in the records is that of the files, and says passed of every machine."""
    known = certificates()
    expect(len(known) == count, f"{count} certificates were expected, the records have {len(known)}")
    files = {path.stem for path in CERTIFICATES.iterdir()}
    expect(files == {each["number"] for each in known}, f"papers are of {files}")
    last = known[-1]
    filed = json.loads((CERTIFICATES / f"{last['number']}.json").read_text("utf-8"))
    expect(filed == last, "the file says something else than the records")
    page = (CERTIFICATES / f"{last['number']}.html").read_text("utf-8")
    expect("復元訓練証明書" in page and last["number"] in page, "the page is not that of the certificate")
    expect(last["passed"] is True and last["closed"] and last["torn_down"], f"not passed: {last}")
    expect([each["name"] for each in last["machines"]] == list(NAMES), f"drilled were {last['machines']}")
    for each in last["machines"]:
        expect(each["health"].startswith("OK ") and each["tried"] and not each["reached"], f"{each}")
        expect(each["tapes"] == [travelled()], f"{each['name']} came from {each['tapes']}, not from the vault")


def certificates() -> list[dict[str, Any]]:
    """Certificates as the records' file has them, oldest first."""
    with sqlite3.connect(f"file:{STATE}/records.sqlite3?mode=ro", uri=True) as records:
        rows = records.execute("SELECT payload FROM entries WHERE kind = 'drill' ORDER BY id").fetchall()
    return [json.loads(row[0])["certificate"] for row in rows]


def travelled() -> str:
    """The one tape that came out of the vault, by the ledger."""
    with sqlite3.connect(f"file:{STATE}/records.sqlite3?mode=ro", uri=True) as records:
        rows = records.execute("SELECT subject, payload FROM entries WHERE kind = 'custody'").fetchall()
    (tape,) = {subject for subject, payload in rows if json.loads(payload)["action"] == "come-home"}
    return str(tape)


class Seen:
    """What was seen while a drill ran; what was seen once stays seen."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.machines: set[str] = set()
        self.cards: set[tuple[str, ...]] = set()

    def watch(self) -> None:
        """Look until the drill is over."""
        with content() as found:
            while not self.over.wait(0.3):
                for machine in objects(found, vim.VirtualMachine):
                    try:
                        self._look(machine)
                    except vmodl.fault.ManagedObjectNotFound:
                        continue  # removed between two questions, as it must be in the end

    def _look(self, machine: Any) -> None:
        name = machine.name
        if not name.startswith("drill-"):
            return
        for network in machine.network:
            switch = network.config.distributedVirtualSwitch
            self.machines.add(next((each for each in NAMES if machine_key(each) in name), name))
            self.cards.add(
                tuple(
                    card.pnicDevice
                    for member in switch.config.host
                    for card in getattr(member.config.backing, "pnicSpec", None) or ()
                )
            )


def machine_key(name: str) -> str:
    """The permanent key of a machine, which names its copy in a drill."""
    from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

    if name not in _KEYS:
        by_name = load_estate(REPOSITORY).estate.machine_by_name
        _KEYS.update({each: by_name[each][1].key for each in NAMES})
    return _KEYS[name]


_KEYS: dict[str, str] = {}


@contextmanager
def content() -> Iterator[Any]:
    """The content of the vCenter, for an account that cannot write."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    entry = lab["vcenters"][VCENTER]
    service = SmartConnect(
        host=entry["hostname"],
        port=entry["port"],
        user="reader@lab.local",
        pwd=(STATE / "secrets" / f"{VCENTER}-reader.password").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        yield service.RetrieveContent()
    finally:
        Disconnect(service)


def objects(found: Any, kind: Any) -> list[Any]:
    """All objects of a kind."""
    view = found.viewManager.CreateContainerView(found.rootFolder, [kind], True)
    try:
        return list(view.view)
    finally:
        view.Destroy()


def inventory() -> list[str]:
    """Names of all machines, switches and networks."""
    with content() as found:
        kinds = (vim.VirtualMachine, vim.DistributedVirtualSwitch, vim.Network)
        return sorted(f"{type(each).__name__} {each.name}" for kind in kinds for each in objects(found, kind))


def expect_as_before() -> None:
    """Nothing more and nothing less than before the first drill."""
    was, now = json.loads(REMEMBERED.read_text(encoding="utf-8")), inventory()
    expect(now == was, f"not as before: {sorted(set(now) ^ set(was))}")


def answers(name: str) -> bool:
    """Whether a guest can still be logged in to."""
    from lab.guests.ssh import ssh_command
    from lab.laboratory import Laboratory

    guests = Laboratory(os.environ["KYOTSU_LAB"]).guests
    return subprocess.run(ssh_command(guests, name, ["true"]), stdin=subprocess.DEVNULL, check=False).returncode == 0


def drill(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    program = str(Path(sys.executable).parent / "ansible-playbook")
    given = ("--limit", LIMIT, "-e", f"report_directory={CERTIFICATES}")
    return command(program, "playbooks/drill.yml", *given, *arguments)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A program of the repository."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    return subprocess.run(
        arguments,
        cwd=REPOSITORY,
        env={**own, "PYTHONUTF8": "1", "COLUMNS": "400", "KYOTSU_RECORDS_URL": f"sqlite:///{STATE}/records.sqlite3"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def words(finished: subprocess.CompletedProcess[str]) -> str:
    """What it said, without the line ends that Ansible puts in."""
    return " ".join((finished.stdout + finished.stderr).split())


def expect(true: bool, otherwise: str) -> None:
    """End with a line if something is not as it must be."""
    if not true:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    main()
