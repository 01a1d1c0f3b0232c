"""A lab with guests and a tape library, and machines of it that are backed up: for backup, restore, vault and more.

```python
@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("restore"), "restore") as found:
        yield found
```
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyEvent, key_id
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.keys import fingerprint
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import Snapshot, read_snapshots
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from lab.guests.keys import administrator_key
from lab.tape.agents import agents_of
from lab.tape.configuration import CAPACITY_BYTES, SEGMENTS, TapeChoice
from lab.tape.laboratory import TapeLaboratory
from tests.support.estate_lab import EstateLab, machines_of
from tests.support.services_lab import ServicesLab, services_lab

# One small system of lgwan, confidentiality 2: its database and an application server.
NAMES = ("s13-db01", "s13-ap01")


@dataclass(frozen=True)
class BackupLab:
    """The lab. `first` is the backup that was made when it came up; None if none was asked for."""

    services: ServicesLab
    first: BackupOutcome | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Machines that are there and boot."""
        return self.services.names

    @property
    def target(self) -> Target:
        """What inventory/lab says, for verbs that are called directly."""
        key = administrator_key(self.services.laboratory.paths.secrets).with_suffix(".pub")
        lines = (key.read_text(encoding="utf-8").strip(),)
        return self.services.estate_lab.target(administrator_keys=lines)

    @property
    def tape_laboratory(self) -> TapeLaboratory:
        """The lab's side of the tape software: faults, daemons."""
        return self.services.laboratory.tape

    @property
    def tape_settings(self) -> Path:
        """What the module argument `tape_settings` names."""
        return self.tape_laboratory.paths.settings_file

    @property
    def tape(self) -> TapeJobs:
        """The layer over the tape software."""
        return TapeJobs(self.tape_laboratory.settings())

    @property
    def library(self) -> Library:
        """The library as the robot sees it."""
        return Library(self.tape_laboratory.settings())

    def store(self) -> Store:
        """The records; close them, or use them as a context manager."""
        return open_store(self.services.estate_lab.records_url, production=False)

    def backup(self, *names: str, **options: Any) -> BackupOutcome:
        """The verb backup, called directly; without names of the machines that are there."""
        values: dict[str, Any] = {"names": names or self.names, **options}
        return run_backup(self.target, self.tape_settings, **values)

    def machine_key(self, name: str) -> str:
        """The permanent key of a machine."""
        return load_estate(self.services.estate_lab.repository).estate.machine_by_name[name][1].key

    def snapshots(self, name: str) -> list[Snapshot]:
        """All snapshots of a machine, ours or not, from its vCenter."""
        for vcenter in self.services.estate_lab.vcenters:
            with self.services.estate_lab.session(vcenter) as session:
                for machine in machines_of(session):
                    if machine.name == name:
                        return list(read_snapshots(session, [machine._moId])[machine._moId])
        raise KeyError(name)


@contextmanager
def backup_lab(
    folder: Path,
    name: str,
    names: Sequence[str] = NAMES,
    *,
    backed_up: bool = True,
    tapes: int = 12,
    capacity_bytes: int = CAPACITY_BYTES,
) -> Iterator[BackupLab]:
    """Bring up guests and tapes, provision the machines of `names`, and back them up; take all down afterwards."""
    with services_lab(folder, name, names) as services:
        services.provision()
        bring_up_tapes(services.estate_lab, tapes=tapes, capacity_bytes=capacity_bytes)
        lab = BackupLab(services)
        if not backed_up:
            yield lab
            return
        first = lab.backup()
        assert not first.failed, [(each.name, each.status, each.message) for each in first.machines]
        yield replace(lab, first=first)


def bring_up_tapes(lab: EstateLab, *, tapes: int = 12, capacity_bytes: int = CAPACITY_BYTES) -> None:
    """A library with the pools of the estate, and the key that each segment's client writes with in the records."""
    pools = load_estate(lab.repository).estate.platform.media_pools
    next_pool = {each.id: each.id.replace("-onsite", "-offsite") if not each.offsite else "" for each in pools}
    choice = TapeChoice(
        tuple({"name": pool, "next_pool": copies} for pool, copies in next_pool.items()),
        tapes=tapes,
        capacity_bytes=capacity_bytes,
    )
    agents = agents_of(load_estate(lab.repository).estate)
    lab.laboratory.tape.up(choice, say=lambda _line: None, agents=agents)
    with open_store(lab.records_url, production=False) as store:
        origin = Origin.here(run_id=uuid.uuid4().hex[:12])
        for segment in SEGMENTS:
            details = {"fingerprint": fingerprint(lab.laboratory.tape.paths.keys / f"{segment}-fd.pem")}
            event = KeyEvent(key_id(segment, 1), "create", datetime.now(UTC), ("山田 太郎",), details)
            store.tape_keys.record(event, origin)
