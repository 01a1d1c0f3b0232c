"""What the systems run on: the content of platform/*.yml. Shapes only; platform/_schema/ says the same in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import (
    USUAL_CAPACITY,
    CapacityPolicy,
    Tariff,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.collection import USUAL_COLLECTION, Collection
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import (
    USUAL_BACKUP_RUN,
    USUAL_KEY_ESCROW,
    USUAL_RESTORE_DRILL,
    BackupRun,
    CopyRetention,
    FileSource,
    KeyEscrow,
    MediaPool,
    Medium,
    RestoreDrill,
    TapeEncryption,
    TapeLibrary,
    TransportCase,
    Vault,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Which model of the three-layer separation the prefecture follows, and whence we know (rule L-05)."""

    model: str  # α | α' | β | β'
    basis: str
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateInfo:
    """platform/estate.yml: what identifies this estate as a whole."""

    name: str
    name_en: str
    uuid_namespace: str  # instanceUuid of a machine = uuid5(uuid_namespace, key); never changed
    timezone: str
    maintenance_window: str  # window of changes to the foundation that interrupt service
    basis: str  # report | assumed
    separation: Separation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term of use with its extensions (rule T-01). Dates are ISO, both ends included."""

    start: str
    end: str
    basis: str
    reason: Text | None = None
    approver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """How the media of an equipment are treated at its end (rules D-01 and D-04)."""

    method: str  # physical-destruction | degaussing | overwrite | crypto-erase
    highest_confidentiality: str  # ever placed on it; never lowered
    witness: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """One procurement unit (調達単位). Capacity, term and cost of two units are never mixed."""

    id: str
    name: str
    name_en: str
    terms: tuple[Term, ...]  # planned term first, then extensions
    successor_custodian: str | None
    basis: str
    assumed: tuple[str, ...] = ()
    disposal: Disposal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place: data centre, machine room, remote store."""

    id: str
    kind: str  # data-centre | machine-room | remote-store | office
    name: str
    name_en: str
    basis: str
    distance_km: int | None = None  # from the data centre
    hazards: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One organisation unit. Names change each April: a unit keeps its id, or ends and names its successor."""

    id: str
    kind: str  # bureau (部局) | division (室課) | section (担当)
    name: str
    name_en: str
    parent: str | None
    valid_from: str
    basis: str
    valid_to: str | None = None
    successor: str | None = None
    offsite_required: bool = False  # rule B-04
    offsite_basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One of the three layers (ネットワークの３層分離), or the terminal network of the tax offices."""

    id: str
    name: str
    name_en: str
    kind: str  # segment | terminal-network
    basis: str
    hosts_machines: bool = True
    exposure: str = "closed"  # open | closed | isolated
    patch_source: str | None = None  # key of a mirror machine of the segment, or id of an external service in it
    highest_confidentiality: str | None = None  # of the systems in it (rule C-04)


@dataclass(frozen=True, slots=True, kw_only=True)
class VCenter:
    """One vCenter Server. Where it answers is inventory, not estate."""

    id: str
    name_en: str
    segments: tuple[str, ...]
    site: str
    datacenter: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One ESXi host. `memory_gb` is in GiB, `cpu_mhz` per core."""

    name: str
    cpu_model: str
    cpu_sockets: int
    cpu_cores: int  # of all sockets
    cpu_threads: int
    cpu_mhz: int
    memory_gb: int
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePool:
    """A resource pool of a cluster; shares are vSphere's levels."""

    name: str
    cpu_shares: str  # low | normal | high
    memory_shares: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSegments:
    """The policy that lets a cluster carry more than one segment, or one that is not its own (rule L-06)."""

    segments: tuple[str, ...]
    reason: Text
    approver: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster of hosts. Default: one segment; more only by `shared_segments`."""

    name: str
    vcenter: str
    equipment: str
    segment: str
    hosts: tuple[Host, ...]
    resource_pools: tuple[ResourcePool, ...]
    host_failures_tolerated: int
    cpu_overcommit_ratio: float  # vCPU per physical core
    memory_overcommit_ratio: float
    hypervisor: str  # id of platform/images.yml hypervisors
    basis: str
    shared_segments: SharedSegments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One distributed switch."""

    name: str
    vcenter: str
    clusters: tuple[str, ...]
    mtu: int
    uplinks: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRange:
    """A part of a network and what it is for."""

    purpose: str  # machines | desktops | appliances | hosts
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One IP network = one VLAN = one port group of one switch. `segment` is None for a management network."""

    id: str
    purpose: str  # servers | desktops | management | backup
    vcenter: str
    switch: str
    port_group: str
    vlan_id: int
    cidr: str
    gateway: str
    ranges: tuple[AddressRange, ...]
    basis: str
    segment: str | None = None
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A class of storage."""

    id: str
    name: Text
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """One NFS datastore, mounted by every host of its clusters. `capacity_gb` is in GiB."""

    name: str
    vcenter: str
    clusters: tuple[str, ...]
    tier: str
    capacity_gb: int
    fill_limit_percent: int
    snapshot_reserve_percent: int
    remote_host: str
    remote_path: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCategory:
    """One tag category of vCenter with all its tags; `source` says which part of the estate its values follow."""

    name: str
    name_ja: str
    source: str  # segment | wave | backup-class
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One custom attribute of virtual machines."""

    name: str
    name_ja: str
    source: str  # key | origin | system | owner | role
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRole:
    """One vCenter role: the least privilege of one job."""

    name: str
    purpose: Text
    privileges: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """A usual size. `memory_gb` is in GiB."""

    id: str
    cpu: int
    memory_gb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportEnd:
    """When the maker's support ends: regular, long-term (LTS) and extended are told apart (rule Y-01)."""

    regular: str | None
    lts: str | None
    extended: str | None
    counts: str  # which of the three the policy goes by
    source: str
    checked_on: str | None  # None: a person still has to read the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An operating system image; `template` is the name of its template VM in vCenter."""

    id: str
    name: str
    os_family: str  # debian | windows
    guest_id: str  # vSphere's guest identifier
    template: str
    system_disk_gb: int
    end_of_support: SupportEnd
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """A hypervisor version in use."""

    id: str
    name: str
    end_of_support: SupportEnd
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteHandling:
    """How a tape travels, and where its key can be had without the backup server (rules C-03 and B-05)."""

    encrypted: bool
    locked_case: bool
    permission: str
    key_escrow: str | None  # site


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupClass:
    """How often and where to a machine is copied."""

    id: str
    name: Text
    medium: str  # tape | disk | none
    frequency_hours: int | None
    window: str | None
    copies: int
    vault_site: str | None  # the remote store to which a copy can be couriered; None: copies stay on site
    basis: str
    offsite: OffsiteHandling | None = None
    retention: str | None = None  # of copy_retention; None: its first entry
    skip_unchanged: bool = False  # an unchanged disk may be a reference to the copy that counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """適用グループ: machines patched one after the other group."""

    id: str
    order: int
    name: Text
    basis: str
    pairs_in_turn: bool = False  # of a pair one waits until the other is healthy again (rule A-02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """作業時間帯. `recurrence`: iCalendar RRULE of the starting days; `start`: HH:MM in the estate's time zone."""

    id: str
    name: Text
    recurrence: str
    start: str
    duration_minutes: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """作業禁止期間: days of each year (MM-DD, both included, may pass the turn of the year) or one dated period."""

    id: str
    name: Text
    start: str  # "MM-DD" or "YYYY-MM-DD"
    end: str
    basis: str
    everybody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchCycle:
    """One round of updates: from the day on which the content is frozen through all waves."""

    update_day: str  # iCalendar RRULE of the days on which a round starts
    wave_interval_days: int  # from the earliest start of a wave to that of the next
    soak_days: int  # how long the first machines of a wave have run before the next wave starts
    horizon_days: int
    machine_minutes: int  # planned for one machine: snapshot, upgrade, restart, checks
    machines_at_once: int  # per cluster
    snapshot_days: int
    snapshot_growth_percent: int  # of the machine's disks
    notice_days: int
    basis: str


USUAL_PATCH_CYCLE = PatchCycle(
    update_day="FREQ=MONTHLY;BYDAY=2WE",
    wave_interval_days=7,
    soak_days=3,
    horizon_days=45,
    machine_minutes=20,
    machines_at_once=4,
    snapshot_days=3,
    snapshot_growth_percent=5,
    notice_days=10,
    basis="assumed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalService:
    """A system or service outside the platform that hosted systems live with, or that the platform only backs up."""

    id: str
    name: str
    name_en: str
    operator: str
    segment: str | None
    backed_up: bool
    description: Text
    basis: str
    owner: str | None = None
    backup: str | None = None  # backup class


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One registered flow of a shared server, or 特定通信 between segments (rules L-02 to L-04)."""

    id: str
    source: str  # network id, machine key or external id
    destination: str
    protocol: str
    ports: tuple[int, ...]
    reason: Text
    approver: str
    expires: str
    basis: str
    import_control: Text | None = None  # what makes imported files harmless (rule L-04)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleException:
    """A dated, reasoned exception from a rule of the policy."""

    id: str
    rule: str
    object: str
    reason: Text
    approver: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of platform/policy.yml. `status`: sure, confirm (a warning until a person confirms it), ours."""

    id: str
    severity: str  # error | warning
    status: str
    source: str
    text: Text
    remedy: Text
    checked: bool  # False: known, not checked by validate yet
    checked_by: str | None = None  # verb that checks it in place of validate
    confirmed_by: str | None = None
    confirmed_on: str | None = None
    not_checked: Text | None = None  # what validate leaves out, why, and where it is checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule comes from."""

    id: str
    title: str
    edition: str
    section: str | None
    checked_on: str | None  # None: a person still has to read the source


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationOrder:
    """Classes, highest first, and editions, the one in force first (rule C-01). Never compared as numbers."""

    editions: tuple[str, ...]
    confidentiality: tuple[str, ...]
    integrity: tuple[str, ...]
    availability: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers that rules compare with."""

    expiry_warning_days: int
    window_look_ahead_days: int
    netbios_name_length: int
    snapshot_age_hours: int
    snapshot_chain: int
    offsite_confidentiality: str
    grace_days: int  # of quarantine before a retiring machine is deleted
    cool_off_days: int  # before the names and addresses of a deleted one are used again


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRate:
    """How long a restore from one medium takes: hours until data flows, then GiB per hour into one machine."""

    medium: str
    start_hours: int
    gb_per_hour: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of disaster; two places closer than `reach_km` are hit together (rule B-02)."""

    id: str
    reach_km: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long one kind of record is kept; None: nobody has said (rule T-03)."""

    id: str
    name: Text
    months: int | None
    basis: str


# The kinds of records that the platform keeps; platform/policy.yml says for each how long.
RECORD_KINDS = ("access-log", "operation-log", "plan", "approval", "patch", "custody", "restore", "erasure", "capacity")
NO_CLASSIFICATION_ORDER = ClassificationOrder(editions=(), confidentiality=(), integrity=(), availability=())
USUAL_LIMITS = Limits(
    expiry_warning_days=30,
    window_look_ahead_days=60,
    netbios_name_length=15,
    snapshot_age_hours=72,
    snapshot_chain=3,
    offsite_confidentiality="2",
    grace_days=30,
    cool_off_days=90,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Everything of platform/*.yml. The file in which each list stands is said in FILES."""

    estate: EstateInfo
    equipment: tuple[Equipment, ...]
    sites: tuple[Site, ...]
    organisations: tuple[Organisation, ...]
    segments: tuple[Segment, ...]
    vcenters: tuple[VCenter, ...]
    clusters: tuple[Cluster, ...]
    switches: tuple[Switch, ...]
    networks: tuple[Network, ...]
    tiers: tuple[Tier, ...]
    datastores: tuple[Datastore, ...]
    folders: tuple[str, ...]  # folders of virtual machines that every vCenter has, as paths below its root
    tag_categories: tuple[TagCategory, ...]
    attributes: tuple[Attribute, ...]
    access_roles: tuple[AccessRole, ...]
    flavours: tuple[Flavour, ...]
    images: tuple[Image, ...]
    hypervisors: tuple[Hypervisor, ...]
    backup_classes: tuple[BackupClass, ...]
    waves: tuple[Wave, ...]
    windows: tuple[Window, ...]
    freezes: tuple[Freeze, ...]
    external_services: tuple[ExternalService, ...]
    flows: tuple[Flow, ...]
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    exceptions: tuple[RuleException, ...]
    classification: ClassificationOrder = NO_CLASSIFICATION_ORDER
    limits: Limits = USUAL_LIMITS
    restore_rates: tuple[RestoreRate, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    retention: tuple[Retention, ...] = ()
    patch_cycle: PatchCycle = USUAL_PATCH_CYCLE
    collection: Collection = USUAL_COLLECTION
    capacity: CapacityPolicy = USUAL_CAPACITY
    tariffs: tuple[Tariff, ...] = ()
    media: tuple[Medium, ...] = ()
    media_pools: tuple[MediaPool, ...] = ()
    copy_retention: tuple[CopyRetention, ...] = ()
    tape_encryption: tuple[TapeEncryption, ...] = ()
    tape_libraries: tuple[TapeLibrary, ...] = ()
    vaults: tuple[Vault, ...] = ()
    transport_cases: tuple[TransportCase, ...] = ()
    key_escrow: KeyEscrow = USUAL_KEY_ESCROW
    file_sources: tuple[FileSource, ...] = ()
    backup_run: BackupRun = USUAL_BACKUP_RUN
    restore_drill: RestoreDrill = USUAL_RESTORE_DRILL


FILES: dict[str, tuple[str, ...]] = {
    "estate.yml": ("estate",),
    "equipment.yml": ("equipment",),
    "sites.yml": ("sites",),
    "organisations.yml": ("organisations",),
    "segments.yml": ("segments",),
    "vcenters.yml": ("vcenters", "folders", "tag_categories", "attributes", "access_roles"),
    "clusters.yml": ("clusters",),
    "networks.yml": ("switches", "networks"),
    "storage.yml": ("tiers", "datastores"),
    "collection.yml": ("collection",),
    "capacity.yml": ("capacity",),
    "tariff.yml": ("tariffs",),
    "images.yml": ("flavours", "images", "hypervisors"),
    "backup.yml": (
        "backup_classes",
        "media",
        "media_pools",
        "copy_retention",
        "tape_encryption",
        "tape_libraries",
        "vaults",
        "transport_cases",
        "key_escrow",
        "file_sources",
        "backup_run",
        "restore_drill",
    ),
    "patching.yml": ("waves", "windows", "freezes", "patch_cycle"),
    "external.yml": ("external_services",),
    "flows.yml": ("flows",),
    "policy.yml": (
        "sources",
        "rules",
        "exceptions",
        "classification",
        "limits",
        "restore_rates",
        "hazards",
        "retention",
    ),
}
