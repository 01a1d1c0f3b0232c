"""Tapes as data: media, pools, retention of copies, libraries, vault, cases and keys (platform/backup.yml)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A generation of tape. `capacity_gb` is native, in GiB; `suffix` ends the barcodes of its cartridges."""

    id: str
    suffix: str
    capacity_gb: int
    speed_mb_per_second: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPool:
    """Tapes of one segment, one side (on or off site) and one group of confidentiality; pools never share a tape."""

    id: str
    name: Text
    segment: str
    offsite: bool
    confidentiality: tuple[str, ...]
    medium: str
    tapes: int  # budget: how many cartridges the pool may own
    at_end: str  # erase | destroy
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRetention:
    """Grandfather, father, son: of how many days, weeks, months and fiscal years the newest good copy is kept."""

    id: str
    daily: int
    weekly: int
    monthly: int
    yearly: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeEncryption:
    """How the tapes of one segment are written; a copy is exactly as encrypted as its original."""

    segment: str
    encrypted: bool
    compression: str  # lzo | gzip | none: before encryption, for what is encrypted no drive can compress
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeLibrary:
    """A library with its numbers of drives, slots and import/export slots (exit ports)."""

    id: str
    site: str
    drives: int
    slots: int
    exit_ports: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A remote store of tapes and when its courier comes. `recurrence`: iCalendar RRULE of the days.

    A day on which the offices are closed moves to the next on which they are open. `holidays` are ISO days, or MM-DD
    for one of each year.
    """

    site: str
    courier: str
    recurrence: str
    recall_working_days: int  # from the order to the arrival at the data centre
    holidays: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportCase:
    """A locked case in which tapes of one segment travel; `id` is its barcode."""

    id: str
    segment: str
    tapes: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEscrow:
    """Sheets of which `needed` open a key, spread over sites that are neither data centre nor vault (rule B-05)."""

    sheets: int
    needed: int
    sites: tuple[str, ...]
    drill_months: int  # a key counts as recoverable so long after its last drill
    basis: str


USUAL_KEY_ESCROW = KeyEscrow(sheets=4, needed=2, sites=(), drill_months=12, basis="assumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """Files that the tape software's own agent reads where they lie, besides the disks of machines.

    `machine`: name of the machine of `system` that has them; None: they lie on equipment beside the platform, whose
    name is `host`, and which belongs to the segment and the confidentiality of `system`. `excludes` are files or
    folders below `paths`.
    """

    id: str
    name: Text
    system: str
    machine: str | None
    host: str | None
    paths: tuple[str, ...]
    excludes: tuple[str, ...]
    backup_class: str
    basis: str

    @property
    def key(self) -> str:
        """How its copies are named in records and tape software, where a machine has its permanent key."""
        return f"files-{self.id}"

    @property
    def client(self) -> str:
        """Its agent in the tape software."""
        return f"{self.key}-fd"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRun:
    """How much a backup run does at once, how long it waits, and how often it tries."""

    streams_per_drive: int  # machines written to one drive at once: one stream rarely keeps a drive streaming
    exports_per_datastore: int  # machines exported from one datastore at once
    attempts: int  # of one machine in one run, each on a snapshot of its own
    media_wait_minutes: int  # how long a job may wait for a tape or a drive before it is given up
    lease_seconds: int  # how often vCenter is told that an export goes on; its lease expires otherwise
    snapshot_days: int  # after so many days a snapshot of a backup is reported as overdue
    # How old the copy of an unchanged disk may be; below the days for which vCenter remembers that it was switched on.
    reference_days: int
    basis: str


USUAL_BACKUP_RUN = BackupRun(
    streams_per_drive=5,
    exports_per_datastore=4,
    attempts=2,
    media_wait_minutes=30,
    lease_seconds=20,
    snapshot_days=2,
    reference_days=14,
    basis="assumed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreDrill:
    """How often each system is restored from a tape that was in the vault, and how the drill goes about it."""

    months: int  # a system is drilled at least every so many months
    # What may not run in a drill: it works by the clock, or sends. Names of services; timers of systemd always count.
    stopped_services: tuple[str, ...]
    health_minutes: int  # how long a machine may take from power-on to its health check
    basis: str


USUAL_RESTORE_DRILL = RestoreDrill(
    months=12, stopped_services=("cron", "anacron", "atd"), health_minutes=15, basis="assumed"
)
