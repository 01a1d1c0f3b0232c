"""The estate of this repository in a lab with a few guests: what lab-up starts and provision switches on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from lab.guests.keys import administrator_key
from lab.guests.plan import GuestPlan, plan
from lab.guests.ssh import ssh_command
from lab.laboratory import Laboratory
from lab.world import build_world
from tests.support.estate_lab import OUTSIDE_WINDOW, EstateLab, complete, copy_whole, quiet, wait_for_task, wait_until


@dataclass(frozen=True)
class ServicesLab:
    """A lab with guests for the machines of `names`, and only these are provisioned."""

    estate_lab: EstateLab
    guests: GuestPlan
    names: tuple[str, ...]

    @property
    def laboratory(self) -> Laboratory:
        """The lab."""
        return self.estate_lab.laboratory

    def up(self) -> list[str]:
        """make lab-up, once more; give what it says."""
        said: list[str] = []
        repository = self.estate_lab.repository
        self.laboratory.up(
            build_world(repository), said.append, guests=self.guests, estate=load_estate(repository).estate
        )
        return said

    def provision(self) -> None:
        """Foundation and machines, through the verbs, and wait until each answers."""
        lab = self.estate_lab
        key = administrator_key(self.laboratory.paths.secrets).with_suffix(".pub").read_text(encoding="utf-8").strip()
        target = replace(lab.target(), administrator_keys=(key,))
        lab.foundation()
        outcome = run_provision(target, names=self.names, check=False, now=OUTSIDE_WINDOW)
        assert {result.status for result in outcome.results} == {"changed"}
        self.wait_for_guests()

    def wait_for_guests(self) -> None:
        """Wait until each answers."""
        for name in self.names:
            wait_until(partial(self.answers, name), f"{name} answers")

    def power(self, vcenter: str, name: str, operation: str) -> None:
        """Switch a machine through its vCenter."""
        with self.estate_lab.machine(vcenter, name) as machine:
            wait_for_task(getattr(machine, operation)())

    def entry(self, name: str) -> dict[str, Any]:
        """What the guest manager says of a machine."""
        (entry,) = [each for each in self.laboratory.guests.client.guests() if each["name"] == name]
        return dict(entry)

    def ssh(self, name: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a guest as its administrator."""
        return subprocess.run(
            ssh_command(self.laboratory.guests, name, [command]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def answers(self, name: str) -> bool:
        """Whether a guest lets its administrator in."""
        if not self.laboratory.guests.known_hosts.exists():
            return False
        known = name in self.laboratory.guests.known_hosts.read_text(encoding="utf-8")
        return known and bool(self.entry(name)["addresses"]) and self.ssh(name, "true").returncode == 0

    def service_pids(self) -> dict[str, int | None]:
        """Address -> pid of each service."""
        return {each.address: each.pid for each in self.laboratory.service_status()}

    def kill_everything(self) -> None:
        """kill -9 for simulators, manager, services and guests."""
        pids = [self.laboratory.process(vcenter).pid() for vcenter in self.laboratory.vcenters()]
        pids += [self.laboratory.guests.process.pid(), *self.service_pids().values()]
        pids += [self.entry(name)["pid"] for name in self.names]
        for pid in pids:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)


@contextmanager
def services_lab(folder: Path, name: str, names: Sequence[str]) -> Iterator[ServicesLab]:
    """Bring up the lab, empty, and take it down afterwards."""
    repository = copy_whole(folder)
    complete(repository)
    estate = load_estate(repository).estate
    machines = tuple(estate.instance_uuid(estate.machine_by_name[each][1]) for each in names)
    whole = plan(repository, "all")
    assert whole is not None
    laboratory = Laboratory(name, repository / ".lab")
    lab = ServicesLab(EstateLab(repository, laboratory), replace(whole, machines=machines), tuple(names))
    try:
        lab.up()
        yield lab
    finally:
        laboratory.down(say=quiet)
