"""Shapes of the report: what could be given back. Memory and storage are GiB; Reclaimable counts no GiB twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReclaimableKind = Literal[
    "orphaned-disks", "old-snapshots", "retired-machines", "powered-off-machines", "idle-machines"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSizing:
    """One machine whose size does not follow its use; one that is right is not listed.

    `*_p95_percent` is the highest of the daily 95th percentiles of use over `days` days, in percent of what the
    machine has.
    """

    key: str
    name: str
    system: str
    direction: Literal["smaller", "larger", "mixed"]
    days: int
    vcpu: int
    memory_gib: float
    cpu_p95_percent: float | None
    memory_p95_percent: float | None
    recommended_vcpu: int
    recommended_memory_gib: float
    recommended_flavour: str | None  # the smallest flavour that holds it; None: the machine has a size of its own

    @property
    def saved_vcpu(self) -> int:
        """vCPU given back; negative where the machine should grow."""
        return self.vcpu - self.recommended_vcpu

    @property
    def saved_memory_gib(self) -> float:
        """GiB of memory given back; negative where the machine should grow."""
        return self.memory_gib - self.recommended_memory_gib


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleMachine:
    """A machine that runs and does next to nothing, over `days` days."""

    key: str
    name: str
    system: str
    days: int
    cpu_p95_percent: float
    network_p95_kib_per_second: float | None  # None: not measured
    vcpu: int
    memory_gib: float
    storage_gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PoweredOffMachine:
    """A machine that is off or suspended. `expected`: described as off, so that nobody takes it for a failure."""

    key: str | None  # None: not described
    name: str
    system: str | None
    power: str  # off | suspended
    expected: bool
    days_off: int | None  # days of the history in which it never ran; None: no history
    storage_gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSnapshot:
    """A machine whose oldest snapshot is older than `snapshot_age_hours` of platform/policy.yml."""

    name: str
    system: str | None  # None: not described
    snapshots: int
    oldest_at: datetime
    age_days: int
    gib: float | None  # of all its snapshots; None: vCenter did not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaimable:
    """Space of one kind, each GiB under the first kind that fits, in the order of ReclaimableKind."""

    kind: ReclaimableKind
    objects: int
    storage_gib: float
    vcpu: int
    memory_gib: float
