"""A lab of its own with guests that boot: two networks, and machines made through vCenter as provision makes them."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    DesiredNic,
    FirstBoot,
    FirstBootNetwork,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    apply_machines,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from lab.guests import requirements
from lab.guests.keys import administrator_key
from lab.guests.plan import GuestPlan
from lab.guests.settings import Flow, Network
from lab.guests.ssh import ssh_command
from lab.laboratory import Laboratory
from tests.support.vcenter_lab import (
    CLUSTERS,
    DATACENTER,
    VCENTER,
    VCenterLab,
    creations,
    desired_machine,
    foundation,
    machine_creation,
    session_of,
    vcenter_lab,
    world_of,
)

NETWORKS = {"pg-a": "198.18.0", "pg-b": "198.18.4"}
SOURCE, TARGET, OPEN_PORT = "198.18.0.50", "198.18.4.60", 8080
PLAN = GuestPlan(
    networks=tuple(
        Network(VCENTER, name, f"br{110 + number}", f"{prefix}.1/24")
        for number, (name, prefix) in enumerate(NETWORKS.items())
    ),
    flows=(Flow("a-to-b", (SOURCE,), (TARGET,), "tcp", (OPEN_PORT,)),),
    machines=None,
)

needs_guests = pytest.mark.skipif(
    bool(requirements.missing()), reason="; ".join(["guests cannot run on this machine", *requirements.missing()])
)


def machine(key: str, address: str, *, data_mount: str = "/srv/data", **fields: Any) -> DesiredMachine:
    """A machine with a system disk and one for data, in the network that its address belongs to."""
    port_group = next(name for name, prefix in NETWORKS.items() if address.startswith(f"{prefix}."))
    mac = "00:50:56:" + ":".join(f"{int(part):02x}" for part in address.split(".")[1:])
    network = FirstBootNetwork(
        mac=mac, address=f"{address}/24", gateway=f"{NETWORKS[port_group]}.1", dns_servers=("198.18.0.2",)
    )
    disks = (
        DesiredDisk(name="system", size_gb=30, tier="fast", datastores=(f"{CLUSTERS[0]}-fast-01",), mount="/"),
        DesiredDisk(
            name="data", size_gb=20, tier="standard", datastores=(f"{CLUSTERS[0]}-standard-01",), mount=data_mount
        ),
    )
    values: dict[str, Any] = {
        "nics": (DesiredNic(port_group=port_group, mac=mac, address=address),),
        "disks": disks,
        "first_boot": FirstBoot(hostname=key, networks=(network,), mounts=("/", data_mount)),
    }
    return desired_machine(key, **{**values, **fields})


@dataclass
class GuestLab:
    """A lab with guests, and a session with its vCenter."""

    lab: VCenterLab
    session: Session
    plan: GuestPlan = PLAN

    @property
    def guests(self) -> Any:
        """The manager's side."""
        return self.lab.laboratory.guests

    @property
    def public_key(self) -> str:
        """The administrator's."""
        key = administrator_key(self.lab.laboratory.paths.secrets)
        return key.with_suffix(".pub").read_text(encoding="utf-8").strip()

    def up(self) -> None:
        """make lab-up, once more."""
        laboratory = self.lab.laboratory
        laboratory.up(world_of(laboratory.paths.name), say=lambda _text: None, guests=self.plan)

    # --- vCenter -----------------------------------------------------------------------------------------------------

    def make(self, *machines: DesiredMachine, wait: bool = True) -> None:
        """Make machines, and wait until the tools of each run."""
        results = apply_machines(
            self.session,
            self.lab.read(self.session),
            [MachineWork(desired=each, observed=None, changes=(machine_creation(each),)) for each in machines],
            datacenter=DATACENTER,
            limits=Limits(task_seconds=60, shutdown_seconds=30),
            progress=lambda _result: None,
            administrator_keys=(self.public_key,),
        )
        assert [(each.status, each.message) for each in results] == [("changed", "made")] * len(machines)
        for each in machines if wait else ():
            self.wait_for_tools(each.name)

    def vm(self, name: str) -> Any:
        """The virtual machine of a name."""
        (found,) = [each for each in self.lab.read(self.session).machines if each.name == name]
        return vim.VirtualMachine(found.reference, self.session.stub)

    def run(self, start: Callable[[], Any]) -> str | None:
        """Run a task to its end; raises Fault if it fails."""
        with TaskWaiter(self.session) as waiter:
            return require(waiter.wait(start(), 60), "task")

    def snapshot(self, name: str, title: str, *, quiesce: bool = False) -> Any:
        """Make a snapshot of a machine."""
        reference = self.run(
            lambda: self.vm(name).CreateSnapshot_Task(name=title, description="", memory=False, quiesce=quiesce)
        )
        return vim.vm.Snapshot(reference, self.session.stub)

    def power_on(self, name: str) -> None:
        """Switch a machine on and wait until its tools run."""
        self.run(self.vm(name).PowerOnVM_Task)
        self.wait_for_tools(name)

    def wait_for_tools(self, name: str) -> None:
        """Wait until vCenter says that the guest runs and has an address, and its host key is pinned."""
        vm = self.vm(name)
        wait_until(
            lambda: vm.guest.toolsRunningStatus == "guestToolsRunning" and bool(vm.guest.ipAddress),
            f"tools of {name} run",
        )
        wait_until(lambda: name in self.guests.known_hosts.read_text(encoding="utf-8"), f"the host key of {name}")

    # --- guests ------------------------------------------------------------------------------------------------------

    def ssh(self, name: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a guest, as its administrator."""
        return subprocess.run(
            ssh_command(self.guests, name, [command]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def say(self, name: str, command: str) -> str:
        """What a command prints in a guest; it must succeed."""
        finished = self.ssh(name, command)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def answers(self, name: str) -> bool:
        """Whether a guest lets its administrator in."""
        return bool(self.entry(name)["addresses"]) and self.ssh(name, "true").returncode == 0

    def entry(self, name: str) -> dict[str, Any]:
        """What the manager says of a machine."""
        (entry,) = [each for each in self.guests.client.guests() if each["name"] == name]
        return dict(entry)

    # --- disks over the wire -----------------------------------------------------------------------------------------

    def export(self, snapshot: Any, folder: Path) -> list[Path]:
        """Fetch the disks of a snapshot, and hold the manifest's SHA-1 against the bytes."""
        lease = snapshot.ExportSnapshot()
        wait_until(lambda: lease.state == "ready", "the lease is ready")
        urls = [url for url in lease.info.deviceUrl if url.disk]
        files = []
        for number, url in enumerate(urls):
            file = folder / f"disk-{number}.vmdk"
            with urllib.request.urlopen(url.url, context=self._tls(), timeout=60) as answer:
                file.write_bytes(answer.read())
            files.append(file)
        told = {entry.key: (entry.sha1, entry.size) for entry in lease.HttpNfcLeaseGetManifest()}
        assert told == {url.key: _sum(file) for url, file in zip(urls, files, strict=True)}
        lease.HttpNfcLeaseComplete()
        return files

    def put(self, lease: Any, files: list[Path]) -> None:
        """Send disks to a lease of ImportVApp, and hold the manifest's SHA-1 against the bytes."""
        wait_until(lambda: lease.state == "ready", "the lease is ready")
        urls = [url for url in lease.info.deviceUrl if url.disk]
        for url, file in zip(urls, files, strict=True):
            request = urllib.request.Request(url.url, data=file.read_bytes(), method="PUT")
            with urllib.request.urlopen(request, context=self._tls(), timeout=60) as answer:
                assert answer.status == 200
        told = {entry.key: (entry.sha1, entry.size) for entry in lease.HttpNfcLeaseGetManifest()}
        assert told == {url.key: _sum(file) for url, file in zip(urls, files, strict=True)}
        lease.HttpNfcLeaseComplete()

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.lab.laboratory.state()["ca_file"])


def _sum(file: Path) -> tuple[str, int]:
    content = file.read_bytes()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest(), len(content)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait until a condition holds; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@contextmanager
def guest_lab(folder: Path, name: str, plan: GuestPlan = PLAN) -> Iterator[GuestLab]:
    """Bring up a lab with guests and its foundation, and take it down afterwards."""
    with vcenter_lab(folder, name, guests=plan) as lab, session_of(lab) as session:
        results = lab.apply(session, creations(foundation()))
        assert all(result.status == "changed" for result in results)
        yield GuestLab(lab, session, plan)


def leftovers(laboratory: Laboratory) -> list[str]:
    """Everything of a lab that a kernel still knows."""
    namespace = laboratory.guests.namespace
    root = str(laboratory.paths.root)
    found = [f"network namespace {path.name}" for path in Path("/run/netns").glob(f"{namespace}*")]
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found += [f"mount {line}" for line in mounts if root in line]
    loops = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"], check=True, capture_output=True, text=True
    )
    found += [f"loop device of {line}" for line in loops.stdout.splitlines() if root in line]
    # Version 1 has a tree for each controller, version 2 a single one.
    for pattern in (namespace, f"*/{namespace}"):
        found += [f"control group {path}" for path in Path("/sys/fs/cgroup").glob(pattern)]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if root in command:
            found.append(f"process {process.name}: {command}")
    return found


__all__ = [
    "GuestLab",
    "guest_lab",
    "leftovers",
    "machine",
    "needs_guests",
    "replace",
    "wait_until",
]
