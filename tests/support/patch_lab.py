"""A lab whose guests can be patched: machines of the estate at the baseline, approved rounds, their content."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, RunOutcome, read_run
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import Snapshot, read_snapshots
from lab.mirror.content import ensure_content
from lab.mirror.repository import Mirror
from lab.mirror.tracker import tracker_text
from tests.support.estate_lab import BIN, Finished
from tests.support.services_lab import ServicesLab, services_lab
from tests.support.small_estate import ROOT

VCENTER = "vc-kyotsu"
CHANGE = "CHG-1"
# No window of the estate is open: runs are emergencies unless a test is about windows.
ROUND, NOON = "2026-11", datetime.fromisoformat("2026-11-24T12:00+09:00")
NEXT_ROUND, NEXT_NOON = "2026-12", datetime.fromisoformat("2026-12-15T12:00+09:00")
_SECONDS = 600


@dataclass(frozen=True)
class PatchLab:
    """Guests of one segment, their mirror, and what a person does with them."""

    services: ServicesLab
    mirror: Mirror

    @property
    def repository(self) -> Path:
        """The copy of the repository that runs work in."""
        return self.services.estate_lab.repository

    @property
    def folder(self) -> Path:
        """Where runs write their evidence."""
        return self.services.laboratory.paths.root / "patch"

    # --- what a person does ------------------------------------------------------------------------------------------

    def arguments(self, *more: str, limit: Sequence[str] = (), at: datetime = NOON, change: str = CHANGE) -> list[str]:
        """The command line of a run, as an emergency."""
        names = limit or self.services.names
        given = {"change": change, "emergency": "rehearsal", "patch_at": at.isoformat()}
        return ["--forks", "6", "--limit", ":".join(names), "--extra-vars", json.dumps(given), *more]

    def patch(self, *more: str, limit: Sequence[str] = (), at: datetime = NOON, change: str = CHANGE) -> Finished:
        """Run playbooks/patch.yml."""
        return self.playbook("patch", *self.arguments(*more, limit=limit, at=at, change=change))

    def playbook(self, name: str, *arguments: str) -> Finished:
        """Run a playbook; guests take longer than a command of vCenter."""
        finished = subprocess.run(
            [str(BIN / "ansible-playbook"), f"playbooks/{name}.yml", *arguments],
            cwd=self.repository,
            # Under load a guest may take its time to let somebody become root.
            env=self.services.estate_lab.environment(ANSIBLE_TIMEOUT="20"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, 0.0)

    def approve(
        self, round_id: str, content: str, systems: Sequence[str], manifests: Mapping[str, str] | None = None
    ) -> None:
        """Write the file of a round in which these systems' owners have said yes."""
        day = f"{round_id}-11"
        answers = [{"system": each, "applies": True, "by": "担当", "answered_on": day} for each in systems]
        document = {
            "round": round_id,
            "content": {"snapshot": content, "approved_by": "担当", "approved_on": day, "manifests": manifests or {}},
            "answers": answers,
        }
        file = self.repository / "patches" / f"{round_id}.yml"
        file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    def require_content(self, asked: bool) -> None:
        """Whether the inventory asks for proven content, as it does where it says nothing (production)."""
        file = self.repository / "inventory/lab/group_vars/all/patch.yml"
        text = file.read_text(encoding="utf-8")
        given = f"require_content: {str(asked).lower()}"
        file.write_text(re.sub(r"require_content: (true|false)", given, text), encoding="utf-8")

    # --- what came of it ---------------------------------------------------------------------------------------------

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The records."""
        with open_store(self.services.estate_lab.records_url, production=False) as store:
            yield store

    def runs(self, round_id: str = ROUND) -> list[RunOutcome]:
        """The evidence of each run, by the time of its beginning."""
        found = [read_run(file.read_bytes()) for file in (self.folder / round_id).glob("*.json")]
        return sorted(found, key=lambda run: run.started_at)

    def outcomes(self, run: RunOutcome) -> dict[str, MachineOutcome]:
        """Machines of a run by name."""
        return {each.name: each for each in run.machines}

    def snapshots(self, name: str) -> tuple[Snapshot, ...]:
        """Snapshots of a machine, as vCenter tells them."""
        with (
            self.services.estate_lab.machine(VCENTER, name) as machine,
            self.services.estate_lab.session(VCENTER) as session,
        ):
            return read_snapshots(session, [machine._moId])[machine._moId]

    # --- guests, past Ansible ----------------------------------------------------------------------------------------

    def say(self, name: str, command: str) -> str:
        """What a command prints in a guest, as root; it must succeed."""
        finished = self.services.ssh(name, f"sudo sh -c {shlex.quote(command)}")
        assert finished.returncode == 0, f"{name}: {command}: {finished.stdout}{finished.stderr}"
        return finished.stdout.strip()

    def packages(self, name: str) -> dict[str, str]:
        """Installed packages, as dpkg tells them."""
        listed = self.say(name, "dpkg-query --show --showformat '${Package} ${Version}\\n'")
        return dict(line.split() for line in listed.splitlines())

    def health(self, name: str) -> str:
        """What kyotsu-health says."""
        return self.services.ssh(name, "sudo kyotsu-health").stdout.strip()

    def files(self, name: str) -> str:
        """A sum over every file of the system that a patch may touch, and its owner, mode and content."""
        where = "/etc /usr /opt /var/lib/dpkg /var/lib/kyotsu-sample-service/probe"
        listed = f"find {where} -xdev -type f -exec sha256sum {{}} + ; find {where} -xdev -printf '%p %m %U %G\\n'"
        return self.say(name, f"({listed}) 2>/dev/null | LC_ALL=C sort | sha256sum")


@contextmanager
def patch_lab(folder: Path, name: str, names: Sequence[str], segment: str = "lgwan") -> Iterator[PatchLab]:
    """Boot the guests, bring them to the baseline, and prepare the round of November."""
    with services_lab(folder, name, names) as services:
        repository = services.estate_lab.repository
        shutil.copytree(ROOT / "patches" / "_schema", repository / "patches" / "_schema")
        services.provision()
        lab = PatchLab(services, Mirror(services.laboratory.paths, segment))
        baseline = lab.playbook("baseline", "--forks", "6", "--limit", ":".join(names))
        assert baseline.code == 0, baseline.output
        lab.folder.mkdir(parents=True, exist_ok=True)
        packages = sorted(ensure_content().glob("patch-2026-11/pool/*/*.deb"))
        (lab.folder / "tracker.json").write_text(tracker_text(packages), encoding="utf-8")
        yield lab
