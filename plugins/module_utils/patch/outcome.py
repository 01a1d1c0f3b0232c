"""What became of a patch run, machine by machine: the evidence, and what a run that goes on starts from. Pure.

As JSON it is one object per run; `read_run` and `write_run` are the only places that know its form. Times are aware.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import msgspec

FORMAT = 1  # of the JSON; raised when a reader of the former one would go wrong


class OutcomeError(Exception):
    """A file that is no outcome of a run; the message says what does not fit."""


class Result(StrEnum):
    """How one machine came out of a run."""

    PATCHED = "patched"
    UNCHANGED = "unchanged"  # the mirror had nothing new for it
    SKIPPED = "skipped"  # not touched: `reason` says why
    FAILED = "failed"  # touched or tried, and neither patched nor brought back
    UNREACHABLE = "unreachable"  # did not answer; nobody knows its state
    ROLLED_BACK = "rolled-back"  # brought back to its snapshot, and healthy
    DECISION_NEEDED = "decision-needed"  # not healthy, and only a person may bring it back (切戻し判断)

    @property
    def is_good(self) -> bool:
        """Whether the machine has what the round gives it, unless it has packages that are kept back."""
        return self in (Result.PATCHED, Result.UNCHANGED)

    @property
    def counts_against_budget(self) -> bool:
        """Whether the next batch has to think twice. A machine that was not touched proves nothing."""
        return not self.is_good and self is not Result.SKIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFacts:
    """A guest at one moment. Packages are binary or source package -> version."""

    packages: Mapping[str, str]
    sources: Mapping[str, str]
    kernel: str
    services: tuple[str, ...]  # those that ran
    boot_id: str = ""
    restart_needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """One package's step; `before` empty: it came new, `after` empty: it went."""

    package: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken:
    """The snapshot that the run made of a machine; `reference` is vCenter's id."""

    reference: str
    name: str
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOutcome:
    """One machine in one run."""

    key: str
    name: str
    system: str
    owner: str  # id of the organisation
    role: str
    segment: str
    wave: str
    batch: int  # 1 is the first of the run; 0: never put into one
    result: Result
    reason: str = ""  # English, for the log; empty where the result says it all
    reason_ja: str = ""
    blocked: bool = False  # skipped for what somebody has to mend, not for a calendar or an owner's word
    actor: str = ""
    started_at: datetime | None = None  # when the run began with this machine; None: it never did
    finished_at: datetime | None = None
    before: GuestFacts | None = None  # None: the guest was never seen
    after: GuestFacts | None = None  # at the end, also after a roll-back; None: not seen again
    cves_before: tuple[str, ...] | None = None  # None: no tracker file, or the guest was not seen
    cves_after: tuple[str, ...] | None = None
    restarted: bool = False
    snapshot: SnapshotTaken | None = None
    logs: str = ""  # where its logs were exported to before a roll-back
    manifest_sha256: str = ""  # what its package sources had to serve; empty: its content is not proven
    kept_back: tuple[str, ...] = ()  # packages that have something newer which apt did not take
    decision_sheet: str = ""  # file name of the 切戻し判断, beside the run's JSON

    @property
    def has_the_round(self) -> bool:
        """Whether nothing is left to do for it in this round."""
        return self.result.is_good and not self.kept_back

    @property
    def finding(self) -> str:
        """What somebody has to mend before it can be patched; empty where nobody has to."""
        return f"{self.name} could not be patched: {self.reason}" if self.blocked else ""

    @property
    def changes(self) -> tuple[PackageChange, ...]:
        """Packages that differ between before and after, by name; none unless both were seen."""
        if self.before is None or self.after is None:
            return ()
        old, new = self.before.packages, self.after.packages
        return tuple(
            PackageChange(package=name, before=old.get(name, ""), after=new.get(name, ""))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        )

    @property
    def cves_closed(self) -> tuple[str, ...]:
        """CVEs that it had and has no more."""
        return tuple(sorted(set(self.cves_before or ()) - set(self.cves_after or ()))) if self._compared else ()

    @property
    def cves_remaining(self) -> tuple[str, ...]:
        """CVEs that are open at the end: what was seen last."""
        return (self.cves_after if self._compared else self.cves_before) or ()

    @property
    def _compared(self) -> bool:
        return self.cves_before is not None and self.cves_after is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """One run over its planned machines. Runs of one round are one file each."""

    run_id: str
    round: str  # YYYY-MM
    change: str  # number of the change request
    content: str  # content snapshot of the mirrors, such as patch-2026-11
    environment: str
    actor: str
    commit: str
    started_at: datetime
    finished_at: datetime | None  # None: it has not come to its end
    machines: tuple[MachineOutcome, ...]  # by batch, then by name; every machine that was asked for is in it
    emergency: str = ""  # reason by which windows and freezes did not hold
    stopped: str = ""  # why the run ended before its last batch (failure budget); empty: it did not
    resumed_from: tuple[str, ...] = ()  # runs that died and that this one went on from
    findings: tuple[str, ...] = ()  # forgotten silences, overdue snapshots and the like
    format: int = field(default=FORMAT)

    def counts(self) -> Counter[Result]:
        """Machines by result."""
        return Counter(each.result for each in self.machines)

    def by_owner(self) -> dict[str, tuple[MachineOutcome, ...]]:
        """Machines of each owner, in their order."""
        found: dict[str, list[MachineOutcome]] = {}
        for each in self.machines:
            found.setdefault(each.owner, []).append(each)
        return {owner: tuple(several) for owner, several in found.items()}

    @property
    def is_good(self) -> bool:
        """Whether nothing failed; machines that were skipped with a reason do not make a run bad."""
        return not self.stopped and not any(each.result.counts_against_budget for each in self.machines)


def write_run(run: RunOutcome) -> str:
    """The JSON of a run, for people and machines to read."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1).decode() + "\n"


def read_run(text: str | bytes) -> RunOutcome:
    """A run from its JSON. Raises OutcomeError."""
    try:
        found = msgspec.json.decode(text, type=RunOutcome)
    except msgspec.DecodeError as error:
        raise OutcomeError(f"not the outcome of a patch run: {error}") from error
    if found.format != FORMAT:
        raise OutcomeError(f"an outcome of format {found.format}; this version reads {FORMAT}")
    return found


def write_machine(machine: MachineOutcome) -> str:
    """The JSON of one machine, on one line."""
    return msgspec.json.encode(machine).decode()


def read_machine(text: str | bytes) -> MachineOutcome:
    """One machine from its JSON. Raises OutcomeError."""
    try:
        return msgspec.json.decode(text, type=MachineOutcome)
    except msgspec.DecodeError as error:
        raise OutcomeError(f"not the outcome of a machine: {error}") from error


def ordered(machines: Iterable[MachineOutcome]) -> tuple[MachineOutcome, ...]:
    """By batch, those of none last, then by name."""
    return tuple(sorted(machines, key=lambda each: (each.batch or 1 << 30, each.name)))
