"""What a backup run did, as the module returns it and the callback prints it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import StoredCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOutcome:
    """One machine. `status` changed: copied and read back (in check mode: would be); else failed or refused."""

    name: str
    key: str
    system: str
    vcenter: str
    status: str
    message: str
    message_ja: str | None = None
    copy: StoredCopy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOutcome:
    """All machines of a run. `run_id` is "" in check mode; `interrupted`: runs that died before and were finished."""

    run_id: str
    machines: Sequence[MachineOutcome]
    notes: Sequence[str]
    calls: Mapping[str, int]
    seconds: float
    predicted_minutes: float | None = None
    interrupted: Sequence[str] = field(default_factory=tuple)

    @property
    def failed(self) -> bool:
        """Whether any machine is not copied that should be."""
        return any(each.status in {"failed", "refused"} for each in self.machines)

    def of(self, name: str) -> MachineOutcome:
        """One machine by its name. KeyError if it was not asked for."""
        for each in self.machines:
            if each.name == name:
                return each
        raise KeyError(name)

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON), in the shape of the other verbs."""
        shape = [(each.key, each.status) for each in self.machines]
        outcome = Outcome(
            results=[
                Result(
                    vcenter=each.vcenter,
                    kind="machine",
                    object=each.key,
                    label=each.name,
                    status=each.status,
                    message=each.message,
                    message_ja=each.message_ja,
                )
                for each in self.machines
            ],
            unchanged=0,
            unmanaged=(),
            digest=hashlib.sha256(json.dumps(shape).encode()).hexdigest(),
            seconds=self.seconds,
            calls=self.calls,
            notes=self.notes,
        )
        return outcome.as_result() | {
            "run_id": self.run_id,
            "predicted_minutes": self.predicted_minutes,
            "interrupted": list(self.interrupted),
            "copies": [
                asdict(each.copy) | {"taken_at": each.copy.taken_at.isoformat()} for each in self.machines if each.copy
            ],
        }
