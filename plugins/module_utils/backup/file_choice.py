"""Which sources of files a backup run copies to which pool with which key, and why not the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import COMPRESSION, NOT_THERE, NotCopied
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import QUARANTINE_ATTRIBUTE
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse, no_key
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import NoPool, pool_for
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, sources_in_service
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

_QUARANTINE = Text(
    en="its machine is in quarantine: the last copy of the machine holds its files",
    ja="仮想サーバは隔離中です。ファイルは最終バックアップに含まれます",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """One source of files that is to be copied. `key`: that of its segment, which opens what the agent writes."""

    source: FileSource
    system: System
    pool: str
    compression: str
    key: KeyInUse

    @property
    def where(self) -> str:
        """The machine or host that has the files."""
        return self.source.machine or self.source.host or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """What is copied, and what is not although it was asked for."""

    items: tuple[SourceItem, ...]
    refused: tuple[NotCopied, ...]


def choose_sources(
    estate: Estate,
    sources: Sequence[FileSource],
    keys: Mapping[str, KeyInUse | Text],
    agents: Collection[str],
    machines: Mapping[str, ObservedMachine],
    *,
    everything: bool,
) -> SourceChoice:
    """The sources as items, or with the reason why not; one whose class does not write tape is left out.

    `keys`: by segment what its client encrypts with, or why it may not; `agents`: clients that the tape settings name;
    `machines`: what the vCenters have, by instanceUuid. `everything`: nobody was named, and who is in quarantine is
    left out without a word.
    """
    tape = {each.id for each in estate.platform.backup_classes if each.medium == "tape"}
    items: list[SourceItem] = []
    refused: list[NotCopied] = []
    for source in sources:
        if source.backup_class not in tape:
            continue
        system = estate.system_by_id[source.system]
        away = _away(estate, source, machines)
        if away is _QUARANTINE and everything:
            continue
        found = away or _item(estate, source, system, keys, agents)
        if isinstance(found, SourceItem):
            items.append(found)
        else:
            refused.append(NotCopied(name=source.key, key=source.key, system=system.id, vcenter="", reason=found))
    return SourceChoice(items=tuple(items), refused=tuple(refused))


def sources_of(
    estate: Estate, names: Collection[str] | None, ids: Collection[str] | None = None
) -> tuple[FileSource, ...]:
    """The sources that are in service: those of `ids`, else on the machines of `names`, else (None) all.

    What lies beside the platform is on no machine: it is copied with everything, or when its id is given.
    """
    return tuple(
        source
        for system in estate.systems
        for source in sources_in_service(estate, system)
        if (source.id in ids if ids is not None else names is None or source.machine in names)
    )


def require_known(estate: Estate, ids: Collection[str]) -> None:
    """Raise VerbRefused for an id that the data does not have."""
    known = [each.id for each in estate.platform.file_sources]
    unknown = sorted(set(ids) - set(known))
    if unknown:
        raise VerbRefused(
            f"file_sources of platform/backup.yml has no {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
        )


def _away(estate: Estate, source: FileSource, machines: Mapping[str, ObservedMachine]) -> Text | None:
    """Why no agent can run on the machine of a source; of a host beside the platform nothing is known here."""
    if source.machine is None:
        return None
    _, machine = estate.machine_by_name[source.machine]
    observed = machines.get(estate.instance_uuid(machine).lower())
    if observed is not None:
        return _QUARANTINE if observed.attributes.get(QUARANTINE_ATTRIBUTE) else None
    return Text(en=f"{source.machine} {NOT_THERE.en}", ja=f"{source.machine} が {NOT_THERE.ja}")


def _item(
    estate: Estate,
    source: FileSource,
    system: System,
    keys: Mapping[str, KeyInUse | Text],
    agents: Collection[str],
) -> SourceItem | Text:
    if source.client not in agents:
        return Text(
            en=f"the tape software has no agent {source.client}: see docs/production.md",
            ja=f"エージェント {source.client} がありません（docs/production.md を参照）",
        )
    try:
        pool = pool_for(
            estate.platform.media_pools, system.segment, system.classification.confidentiality, offsite=False
        )
    except NoPool as error:
        return Text(en=str(error), ja=f"系統 {system.segment} の媒体プールがありません（platform/backup.yml）")
    # An agent always encrypts: its files cross the network, and the segment's key must open them.
    key = keys.get(system.segment, no_key(system.segment))
    if isinstance(key, Text):
        return key
    written = next((each for each in estate.platform.tape_encryption if each.segment == system.segment), None)
    compression = COMPRESSION[written.compression if written else "lzo"]
    return SourceItem(source=source, system=system, pool=pool.id, compression=compression, key=key)
