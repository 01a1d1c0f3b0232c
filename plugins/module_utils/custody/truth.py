"""The truth report as data: what could be restored today, by what was read back and not by what was written. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.blast import BlastRadius
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.budget import PoolForecast
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import (
    Copy,
    Standing,
    existing,
    lies_on,
    standings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import NoCourierDay, courier_interval
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus, unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import VAULTED
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    Estate,
    backup_of,
    goes_offsite,
    sources_in_service,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Backup, System

# A copy that differs from the median of the ones before by more than this factor is worth a look.
ANOMALY_FACTOR = 1.5
ANOMALY_HISTORY = 7
ANOMALY_LEAST = 3
# What the night's read-back and the way to the vault take, beyond the class's frequency and the courier's interval.
OFFSITE_GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore that was tried from a tape: of which system, when, and whether it came up and passed its checks."""

    system: str
    at: datetime
    passed: bool


@dataclass(frozen=True, slots=True)
class SizeAnomaly:
    """A copy whose size is far from those before. `usual_bytes`: their median."""

    machine: str
    taken_at: datetime
    size_bytes: int
    usual_bytes: int


@dataclass(frozen=True, slots=True)
class MachineTruth:
    """One machine, or one source of files by its key. Ages are hours; None: there is no good copy.

    `within_rpo` is None where no class covers it.

    `last_good_offsite` is of a copy all of whose tapes are in the vault, those that it refers to as well;
    `last_not_carried` of one that is meant for it and lies elsewhere. `offsite_late`: the one in the vault is older
    than frequency, courier and grace allow. `refers_to`: when the oldest copy was taken that holds an unchanged disk
    of the newest good one; None: that one holds all disks itself.
    """

    machine: str
    system: str
    backup_class: str
    last_good_onsite: datetime | None
    last_good_offsite: datetime | None
    last_not_carried: datetime | None
    last_read_back: datetime | None
    age_hours: float | None
    rpo_hours: int
    within_rpo: bool | None
    offsite_required: bool
    offsite_late: bool
    awaiting: int
    failed: int
    refers_to: datetime | None = None

    @property
    def offsite_missing(self) -> bool:
        """It must have a good copy for the vault and has none at all."""
        return self.offsite_required and self.last_good_offsite is None and self.last_not_carried is None

    @property
    def not_carried(self) -> bool:
        """It must have a good copy in the vault; the only ones have not been carried there yet."""
        return self.offsite_required and self.last_good_offsite is None and self.last_not_carried is not None


@dataclass(frozen=True, slots=True)
class SystemTruth:
    """One system: as good as its worst machine. Times are None where one machine has none."""

    system: str
    name: str
    last_good_onsite: datetime | None
    last_good_offsite: datetime | None
    last_read_back: datetime | None
    age_hours: float | None
    rpo_hours: int
    within_rpo: bool | None
    last_drill: datetime | None
    drill_passed: bool | None
    drill_overdue: bool
    machines: tuple[MachineTruth, ...]

    @property
    def offsite_missing(self) -> tuple[str, ...]:
        """Machines that must have a good copy off site and have none, not even one that waits for the courier."""
        return tuple(each.machine for each in self.machines if each.offsite_missing)

    @property
    def not_carried(self) -> tuple[str, ...]:
        """Machines whose only good copies for the vault have not been carried there yet."""
        return tuple(each.machine for each in self.machines if each.not_carried)

    @property
    def offsite_late(self) -> tuple[str, ...]:
        """Machines whose newest copy in the vault is too old: a courier day went by without them."""
        return tuple(each.machine for each in self.machines if each.offsite_late)

    @property
    def offsite_wrong(self) -> bool:
        """Something about the copies off site needs somebody."""
        return bool(self.offsite_missing or self.not_carried or self.offsite_late)


@dataclass(frozen=True, slots=True)
class TruthReport:
    """Everything at one moment. `lost`: what each lost or damaged tape takes with it."""

    as_of: datetime
    systems: tuple[SystemTruth, ...]
    uncovered: tuple[str, ...]  # machines with data that no class copies
    unknown_machines: tuple[str, ...]  # copies of machines that are no longer described
    anomalies: tuple[SizeAnomaly, ...]
    unreadable: tuple[TapeStatus, ...]
    lost: tuple[BlastRadius, ...]
    forecast: tuple[PoolForecast, ...]
    keys: Mapping[str, tuple[str, ...]]  # what is missing in the escrow of each key
    unproven: Mapping[int, str]  # copies that are not what the chain of records says, and how: they do not count
    opaque: tuple[str, ...]  # machines on tape of which nothing but the bytes of their disks was ever compared

    @property
    def problems(self) -> int:
        """How many things need somebody: the exit code of the command is 0 only without any."""
        systems = sum(
            1
            for each in self.systems
            if each.within_rpo is False or each.offsite_wrong or each.drill_overdue or each.drill_passed is False
        )
        open_tapes = sum(1 for each in self.unreadable if each.fate != "destroyed")
        short = sum(1 for each in self.forecast if each.short_by)
        keys = sum(1 for gaps in self.keys.values() if gaps)
        records = len(self.unproven)
        return systems + len(self.uncovered) + len(self.anomalies) + open_tapes + short + keys + records


def truth_report(
    estate: Estate,
    copies: Sequence[Copy],
    tapes: Mapping[str, TapeStatus],
    drills: Iterable[Drill],
    as_of: datetime,
    *,
    drill_months: int,
    lost: Sequence[BlastRadius] = (),
    forecast: Sequence[PoolForecast] = (),
    keys: Mapping[str, tuple[str, ...]] | None = None,
    unproven: Mapping[int, str] | None = None,
) -> TruthReport:
    """The report at a moment. Only machines whose class copies to tape are judged; disk copies are not known here.

    `tapes`: the status of every tape by the custody ledger; a copy is off site only where it says so. `unproven`: what
    is wrong with copies that the chain of records does not confirm; they are left out of everything else.
    """
    unproven = unproven or {}
    vaulted = frozenset(name for name, status in tapes.items() if status.place in VAULTED)
    offsite_ages = _offsite_ages(estate, as_of)
    unreadable = unreadable_tapes(tapes.values())
    present = existing([copy for copy in copies if copy.id not in unproven], as_of)
    standing = standings(present, unreadable, as_of)
    by_machine: dict[str, list[Copy]] = {}
    for copy in present:
        by_machine.setdefault(copy.machine, []).append(copy)
    media = {item.id: item.medium for item in estate.platform.backup_classes}
    last_drill: dict[str, Drill] = {}
    for drill in sorted(drills, key=lambda each: each.at):
        if drill.at <= as_of:
            last_drill[drill.system] = drill
    systems: list[SystemTruth] = []
    uncovered: list[str] = []
    for system in estate.systems:
        judged: list[tuple[str, Backup]] = []
        for machine in system.machines:
            if status_of(system, machine) in {"planned", "retired"}:
                continue
            medium = media.get(backup_of(system, machine).backup_class, "none")
            if medium == "none" and not machine.stateless:
                uncovered.append(machine.key)
            if medium == "tape":
                judged.append((machine.key, backup_of(system, machine)))
        for source in sources_in_service(estate, system):
            medium = media.get(source.backup_class, "none")
            if medium == "none":
                uncovered.append(source.key)
            if medium == "tape":
                offsite = goes_offsite(estate, source)
                judged.append((source.key, Backup(backup_class=source.backup_class, offsite=offsite)))
        truths = [
            _machine(
                system,
                key,
                backup,
                copies=by_machine.get(key, []),
                standing=standing,
                as_of=as_of,
                vaulted=vaulted,
                offsite_ages=offsite_ages,
            )
            for key, backup in judged
        ]
        if truths:
            systems.append(_system(system, truths, last_drill.get(system.id), as_of, drill_months))
    described = {machine.key for _, machine in estate.machines()}
    described |= {source.key for source in estate.platform.file_sources}
    on_tape = {machine.machine for system in systems for machine in system.machines}
    # Their guests cannot be asked for the hashes of their files, as those of Linux are.
    debian = {image.id for image in estate.platform.images if image.os_family == "debian"}
    opaque = {machine.key for _, machine in estate.machines() if machine.image not in debian}
    return TruthReport(
        as_of=as_of,
        systems=tuple(systems),
        uncovered=tuple(uncovered),
        unknown_machines=tuple(sorted(set(by_machine) - described)),
        anomalies=tuple(size_anomalies(present)),
        unreadable=tuple(tapes[name] for name in sorted(unreadable)),
        lost=tuple(lost),
        forecast=tuple(forecast),
        keys=dict(keys or {}),
        unproven=dict(unproven),
        opaque=tuple(sorted(on_tape & opaque)),
    )


def size_anomalies(copies: Iterable[Copy]) -> list[SizeAnomaly]:
    """The newest whole copy of each machine and side where it is far from the median of up to seven before it."""
    series: dict[tuple[str, bool], list[Copy]] = {}
    for copy in copies:
        if not copy.needs:  # one that refers to another is small on purpose
            series.setdefault((copy.machine, copy.offsite), []).append(copy)
    found = []
    for group in series.values():
        group.sort(key=lambda copy: copy.taken_at)
        newest = group[-1]
        before = [copy.size_bytes for copy in group[:-1][-ANOMALY_HISTORY:]]
        if newest.offsite or len(before) < ANOMALY_LEAST:
            continue  # the off-site copy is the on-site one once more
        usual = int(median(before))
        if newest.size_bytes > usual * ANOMALY_FACTOR or newest.size_bytes * ANOMALY_FACTOR < usual:
            found.append(SizeAnomaly(newest.machine, newest.taken_at, newest.size_bytes, usual))
    return sorted(found, key=lambda each: each.machine)


def _offsite_ages(estate: Estate, as_of: datetime) -> dict[str, timedelta]:
    """How old the newest copy in the vault may be, by class: its frequency, the courier's interval, and a grace day."""
    day = as_of.astimezone(ZoneInfo(estate.platform.estate.timezone)).date()
    intervals: dict[str | None, timedelta] = {}
    for vault in estate.platform.vaults:
        try:
            intervals[vault.site] = courier_interval(vault, day)
        except NoCourierDay:
            continue  # nobody comes: what is in the vault grows old without anything to wait for
    return {
        each.id: timedelta(hours=each.frequency_hours or 0)
        + intervals.get(each.vault_site, timedelta())
        + OFFSITE_GRACE
        for each in estate.platform.backup_classes
    }


def _machine(
    system: System,
    key: str,
    backup: Backup,
    *,
    copies: list[Copy],
    standing: Mapping[int, Standing],
    as_of: datetime,
    vaulted: Collection[str],
    offsite_ages: Mapping[str, timedelta],
) -> MachineTruth:
    good = [copy for copy in copies if standing[copy.id] == "good"]
    meant = [copy for copy in good if copy.offsite]
    there = {copy.id for copy in meant if lies_on(copy, copies, standing, vaulted)}
    offsite = max((copy.taken_at for copy in meant if copy.id in there), default=None)
    newest = max((copy.taken_at for copy in good), default=None)
    age = (as_of - newest) / timedelta(hours=1) if newest is not None else None
    return MachineTruth(
        machine=key,
        system=system.id,
        backup_class=backup.backup_class,
        last_good_onsite=max((copy.taken_at for copy in good if not copy.offsite), default=None),
        last_good_offsite=offsite,
        last_not_carried=max((copy.taken_at for copy in meant if copy.id not in there), default=None),
        last_read_back=max((copy.read_back_at for copy in good if copy.read_back_at is not None), default=None),
        age_hours=age,
        rpo_hours=system.recovery.rpo_hours,
        within_rpo=age is not None and age <= system.recovery.rpo_hours,
        offsite_required=backup.offsite,
        offsite_late=backup.offsite and offsite is not None and as_of - offsite > offsite_ages[backup.backup_class],
        awaiting=sum(1 for copy in copies if standing[copy.id] == "awaiting"),
        failed=sum(1 for copy in copies if standing[copy.id] not in {"good", "awaiting"}),
        refers_to=_referred(good),
    )


def _referred(good: list[Copy]) -> datetime | None:
    newest = max(good, key=lambda copy: (copy.taken_at, copy.id), default=None)
    needs = newest.needs if newest else ()
    return min((copy.taken_at for copy in good if copy.restore_point in needs), default=None)


def _system(
    system: System, machines: list[MachineTruth], drill: Drill | None, as_of: datetime, drill_months: int
) -> SystemTruth:
    ages = [each.age_hours for each in machines]
    return SystemTruth(
        system=system.id,
        name=system.name,
        last_good_onsite=_oldest([each.last_good_onsite for each in machines]),
        last_good_offsite=_oldest([each.last_good_offsite for each in machines if each.offsite_required]),
        last_read_back=_oldest([each.last_read_back for each in machines]),
        age_hours=None if None in ages else max(age for age in ages if age is not None),
        rpo_hours=system.recovery.rpo_hours,
        within_rpo=all(each.within_rpo for each in machines),
        last_drill=drill.at if drill else None,
        drill_passed=drill.passed if drill else None,
        drill_overdue=drill is None or drill.at + relativedelta(months=drill_months) < as_of,
        machines=tuple(machines),
    )


def _oldest(times: list[datetime | None]) -> datetime | None:
    known = [each for each in times if each is not None]
    return min(known) if known and len(known) == len(times) else None
