"""A copy of the repository with a lab of its own: verbs run in it as a user would run them, or are called directly."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.foundation import run_foundation
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.plan import run_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from lab import verify
from lab.control import Control
from lab.laboratory import Laboratory
from lab.world import build_world
from tests.support.small_estate import ROOT, copy_small, edit

BIN = ROOT / ".venv" / "bin"
SECONDS_OF_A_COMMAND = 120
# Tuesday noon in Osaka: no window of the small estate is open. Saturday 22:00: one is.
OUTSIDE_WINDOW = datetime.fromisoformat("2026-11-24T12:00+09:00")
INSIDE_WINDOW = datetime.fromisoformat("2026-11-28T22:00+09:00")


@dataclass(frozen=True)
class Finished:
    """A command that has ended; `output` is what a person saw, both streams."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class EstateLab:
    """The copy in `repository`, its lab `laboratory`."""

    repository: Path
    laboratory: Laboratory

    @property
    def vcenters(self) -> list[str]:
        """Ids of the vCenters."""
        return self.laboratory.vcenters()

    def control(self, vcenter: str) -> Control:
        """Counters, delays and faults of one vCenter."""
        return self.laboratory.process(vcenter).control

    def edit(self, file: str, old: str, new: str) -> None:
        """Change the data: the first `old` of a file, which must be there."""
        edit(self.repository, file, old, new)

    # --- what the vCenters saw ---------------------------------------------------------------------------------------

    def reset_counters(self) -> None:
        """Count from zero."""
        for vcenter in self.vcenters:
            self.control(vcenter).reset_counters()

    def writing_calls(self) -> int:
        """Writing calls of all vCenters since the counters were reset."""
        return sum(int(self.control(vcenter).counters()["writing"]) for vcenter in self.vcenters)

    def calls(self) -> dict[str, int]:
        """All calls by vCenter since the counters were reset."""
        return {vcenter: int(self.control(vcenter).counters()["total"]) for vcenter in self.vcenters}

    def methods(self, vcenter: str) -> dict[str, int]:
        """Calls by name of one vCenter."""
        return dict(self.control(vcenter).counters()["methods"])

    def differences(self) -> list[str]:
        """What a client that shares no code with ours finds; raises SystemExit where a UUID is there twice."""
        return verify.differences(verify.described(self.repository), verify.actual(self.laboratory.paths.root))

    # --- verbs -------------------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a user of the copy."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "KYOTSU_"))}
        return {
            **own,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(self.repository / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "KYOTSU_LAB": self.laboratory.paths.name,
            "PYTHONUTF8": "1",
            **more,
        }

    def playbook(self, name: str, *arguments: str, **environment: str) -> Finished:
        """Run a playbook as a user would."""
        return self.command(str(BIN / "ansible-playbook"), f"playbooks/{name}.yml", *arguments, **environment)

    def records(self, *arguments: str) -> Finished:
        """Run scripts/records.py on the records of this lab."""
        return self.command(
            str(BIN / "python"), str(ROOT / "scripts" / "records.py"), *arguments, KYOTSU_RECORDS_URL=self.records_url
        )

    def command(self, *command: str, **environment: str) -> Finished:
        """Run a command in the copy."""
        started = time.monotonic()
        finished = subprocess.run(
            command,
            cwd=self.repository,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_OF_A_COMMAND,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, time.monotonic() - started)

    @contextmanager
    def playbook_in_background(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A running playbook; what is left of it is killed at the end."""
        process = subprocess.Popen(
            [str(BIN / "ansible-playbook"), f"playbooks/{name}.yml", *arguments],
            cwd=self.repository,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            kill_tree(process)

    @property
    def records_url(self) -> str:
        """Where the inventory keeps the records of this lab."""
        return f"sqlite:///{self.laboratory.paths.root}/records.sqlite3"

    def endpoint(self, vcenter: str, account: str = "automation", **fields: Any) -> Endpoint:
        """Where a vCenter answers; any field can be given."""
        entry = self.laboratory.state()["vcenters"][vcenter]
        password = self.laboratory.password_file(vcenter, account).read_text(encoding="utf-8").strip()
        values: dict[str, Any] = {
            "id": vcenter,
            "hostname": entry["hostname"],
            "port": entry["port"],
            "username": f"{account}@lab.local",
            "password": password,
            "ca_file": self.laboratory.state()["ca_file"],
        }
        return Endpoint(**{**values, **fields})

    def target(self, account: str = "automation", **fields: Any) -> Target:
        """What inventory/lab says, for verbs that are called directly; any field can be given."""
        target = Target(
            environment="lab",
            production=False,
            repository=self.repository,
            endpoints=tuple(self.endpoint(vcenter, account) for vcenter in self.vcenters),
            datacenters={"vc-kyotsu": "lab-osaka-dc", "vc-mynumber": "lab-osaka-dc-mynumber"},
            records_url=self.records_url,
            cache_directory=self.repository / ".cache",
            nfs_root=str(self.laboratory.paths.root / "datastores"),
            create_templates=True,
            host_user="root",
            host_password="simulated",
            host_thumbprints={},
            require_approval=False,
        )
        return dataclasses.replace(target, **fields)

    def foundation(self, **options: Any) -> Outcome:
        """The verb foundation, called directly."""
        return run_foundation(self.target(), **{"check": False, "now": OUTSIDE_WINDOW, **options})

    def provision(self, *names: str, **options: Any) -> Outcome:
        """The verb provision, called directly; without names for all machines."""
        return run_provision(self.target(), names=names or None, **{"check": False, "now": OUTSIDE_WINDOW, **options})

    def plan(self, *names: str, **options: Any) -> Outcome:
        """The verb plan, called directly, as the reader."""
        return run_plan(self.target("reader"), names=names or None, **{"now": OUTSIDE_WINDOW, **options})

    # --- vCenter by hand ---------------------------------------------------------------------------------------------

    def session(self, vcenter: str, account: str = "automation") -> Session:
        """A session that may write."""
        return connect(self.endpoint(vcenter, account))

    @contextmanager
    def machine(self, vcenter: str, name: str) -> Iterator[Any]:
        """A machine as pyVmomi shows it, found by its name."""
        with self.session(vcenter) as session:
            found = [each for each in machines_of(session) if each.name == name]
            assert len(found) == 1, f"{len(found)} machines are called {name}"
            yield found[0]

    def kill_simulator(self, vcenter: str) -> None:
        """End a simulator as a crash would."""
        self.laboratory.process(vcenter).kill()

    def start_again(self) -> None:
        """Bring up what is not running, with the world that it had."""
        self.laboratory.up(build_world(self.repository), say=quiet)


def machines_of(session: Session) -> list[Any]:
    """All machines of a vCenter, templates included."""
    view = session.content.viewManager.CreateContainerView(
        container=session.content.rootFolder, type=[vim.VirtualMachine], recursive=True
    )
    try:
        return [vim.VirtualMachine(each._moId, session.stub) for each in view.view]
    finally:
        view.DestroyView()


def wait_for_task(task: Any, seconds: float = 20) -> None:
    """Wait for a task that a test started by hand."""
    wait_until(lambda: task.info.state in ("success", "error"), f"task {task.info.descriptionId}", seconds)
    assert task.info.state == "success", task.info.error


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something is so, and fail with its name if it does not come to pass."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.02)


def kill_tree(process: subprocess.Popen[str]) -> None:
    """SIGKILL for a process and all its descendants; nothing happens when it has ended.

    Ansible gives each worker a session of its own, so that a kill of the process group would leave the one that works.
    """
    if process.poll() is None:
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=20)


def descendants(pid: int) -> list[int]:
    """Children of a process, their children, and so on."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in tasks.read_text(encoding="ascii").split():
            found += [int(child), *descendants(int(child))]
    return found


def statuses(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Status and message of every result by the label of its object."""
    return {result.label: (result.status, result.message) for result in outcome.results}


def changed_fields(outcome: Outcome, label: str, status: str = "changed") -> list[str]:
    """Fields of an object's changes with that status."""
    return sorted(
        change.field
        for result in outcome.results
        if result.label == label and result.status == status
        for change in result.changes
    )


def quiet(_text: str) -> None:
    """Say nothing."""


def copy_whole(target: Path) -> Path:
    """The data of this repository in a new folder `estate` of `target`."""
    repository = target / "estate"
    for folder in ("systems", "platform"):
        shutil.copytree(ROOT / folder, repository / folder)
    return repository


def copy_few(target: Path) -> Path:
    """The small estate with every label that a machine of this repository carries."""
    repository = copy_small(target)
    file = repository / "platform/vcenters.yml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["tag_categories"] = _labels("segment", "wave", "backup-class")
    content["attributes"] = _labels("key", "origin", "system", "owner", "role", "quarantine")
    content["access_roles"] = [{**role, "name": "kyotsu-reader"} for role in content["access_roles"][:1]]
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return repository


def _labels(*sources: str) -> list[dict[str, str]]:
    return [{"name": f"kyotsu-{source}", "name_ja": source, "source": source, "basis": "assumed"} for source in sources]


def complete(repository: Path) -> None:
    """Add to copied data what a user's checkout has beside it; code is linked, not copied."""
    # The inventory finds the repository from where its own file is: a link would lead it to the original.
    for name in ("inventory", "playbooks"):
        shutil.copytree(ROOT / name, repository / name)
    shutil.copy(ROOT / "ansible.cfg", repository)
    for name in ("roles", "plugins", "collections", "lab"):
        (repository / name).symlink_to(ROOT / name)


@contextmanager
def estate_lab(repository: Path, name: str) -> Iterator[EstateLab]:
    """Complete a copy of the data and bring up an empty lab for it; take it down afterwards."""
    complete(repository)
    laboratory = Laboratory(name, repository / ".lab")
    try:
        laboratory.up(build_world(repository), say=quiet)
        yield EstateLab(repository, laboratory)
    finally:
        laboratory.down(say=quiet)
