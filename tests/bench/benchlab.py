"""A lab of the bench's own with an estate on it, reached as a user does (playbooks) and through the verbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.foundation import run_foundation
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.plan import run_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from lab.control import Control
from lab.guests.keys import administrator_key
from lab.laboratory import Laboratory
from lab.world import build_world
from tests.bench.measure import BIN, ROOT, BenchFailed, Sample, run, say, succeed


@dataclass(frozen=True)
class BenchLab:
    """A running lab for the estate in `repository`; everything of the repository root but the data is ours."""

    name: str
    repository: Path
    laboratory: Laboratory

    @property
    def inventory(self) -> Path:
        """The estate's inventory of this lab."""
        return self.repository / "inventory/lab"

    @property
    def environment(self) -> dict[str, str]:
        """What tells the inventory which lab is meant."""
        return {"KYOTSU_LAB": self.name}

    @property
    def cache(self) -> Path:
        """Where the model and the devices of this estate are cached."""
        return self.repository / ".cache"

    @property
    def controls(self) -> list[Control]:
        """The control of each simulator."""
        return [self.laboratory.process(vcenter).control for vcenter in self.laboratory.vcenters()]

    def endpoint(self, vcenter: str, account: str = "automation") -> Endpoint:
        """Where a vCenter answers, with a login."""
        state = self.laboratory.state()
        entry = state["vcenters"][vcenter]
        password = self.laboratory.password_file(vcenter, account).read_text(encoding="utf-8").strip()
        return Endpoint(
            id=vcenter,
            hostname=entry["hostname"],
            port=entry["port"],
            username=f"{account}@lab.local",
            password=password,
            ca_file=state["ca_file"],
        )

    def target(self, *, cached_devices: bool = True) -> Target:
        """What the verbs get from inventory/lab, without Ansible. The data centres' names are read from there."""
        text = (self.inventory / "group_vars/all/target.yml").read_text(encoding="utf-8")
        vcenters = yaml.safe_load(text)["kyotsu_target"]["vcenters"]
        root = self.laboratory.paths.root
        return Target(
            environment="lab",
            production=False,
            repository=self.repository,
            endpoints=tuple(self.endpoint(vcenter["id"]) for vcenter in vcenters),
            datacenters={vcenter["id"]: vcenter["datacenter"] for vcenter in vcenters},
            records_url=f"sqlite:///{root / 'records.sqlite3'}",
            cache_directory=self.cache if cached_devices else None,
            nfs_root=str(root / "datastores"),
            create_templates=True,
            host_user="root",
            host_password="simulated",
            host_thumbprints={},
            require_approval=False,
            administrator_keys=(
                administrator_key(self.laboratory.paths.secrets).with_suffix(".pub").read_text().strip(),
            ),
        )

    def foundation(self) -> Outcome:
        """Build what machines stand on."""
        return _complete(run_foundation(self.target(), check=False), "foundation")

    def provision(self) -> Outcome:
        """Make the machines."""
        return _complete(run_provision(self.target(), names=None, check=False), "provision")

    def plan(self, *, cached_devices: bool = True) -> Outcome:
        """Compare."""
        return run_plan(self.target(cached_devices=cached_devices))

    def playbook(self, name: str, *arguments: str) -> Sample:
        """Run one of the repository's playbooks on this lab, whatever its exit code."""
        command = [str(BIN / "ansible-playbook"), "-i", str(self.inventory), f"playbooks/{name}", *arguments]
        return run(command, environment=self.environment)

    def inventory_list(self) -> Sample:
        """`ansible-inventory --list`."""
        command = [str(BIN / "ansible-inventory"), "-i", str(self.inventory), "--list"]
        return succeed(run(command, environment=self.environment), "ansible-inventory --list")

    def reset_counters(self) -> None:
        """Count calls from zero."""
        for control in self.controls:
            control.reset_counters()

    def counted(self, kind: str) -> int:
        """Calls since then, all vCenters together; kind: reading, writing or total."""
        return sum(int(control.counters()[kind]) for control in self.controls)

    def delays(
        self, *, all_ms: int = 0, methods: dict[str, int] | None = None, tasks: dict[str, int] | None = None
    ) -> None:
        """Let every call, and some methods and tasks more, take time as on a real vCenter."""
        for control in self.controls:
            control.set_delays(all_ms=all_ms, methods=methods, tasks=tasks)

    def machines(self) -> int:
        """Virtual machines in the simulators, templates among them."""
        return sum(int(control.health()["objects"].get("VirtualMachine", 0)) for control in self.controls)


def _complete(outcome: Outcome, verb: str) -> Outcome:
    summary: dict[str, Any] = outcome.as_result()["summary"]
    if summary["failed"] or summary["refused"]:
        reasons = [f"{each.label}: {each.message}" for each in outcome.results if each.status in ("failed", "refused")]
        raise BenchFailed(f"{verb} is not complete ({summary}):\n" + "\n".join(reasons[:10]))
    return outcome


@contextmanager
def bench_lab(name: str, repository: Path = ROOT, *, keep: bool = False) -> Iterator[BenchLab]:
    """Bring a lab up for the estate in `repository`, and take it down even after a failure, unless `keep`.

    A kept lab is stopped, not removed: its world lies under .lab/ and comes back with the next start.
    """
    laboratory = Laboratory(name)
    if not keep:
        laboratory.down(say=_quiet)
    try:
        laboratory.up(build_world(repository), say=say)
        yield BenchLab(name, repository, laboratory)
    finally:
        if keep:
            laboratory.stop(say=say)
        else:
            laboratory.down(say=say)


def _quiet(_text: str) -> None:
    pass
