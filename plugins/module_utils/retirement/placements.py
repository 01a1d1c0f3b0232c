"""What ever lay on each physical medium, as far as the description and the records can tell. Pure.

A disk of an array holds parts of everything on its equipment: every system that was ever described there counts, the
retired ones too (their files stay), and the highest class that the equipment's own record keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.assets import Asset
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import MYNUMBER, Placement

# Where a class stands in the equipment's record, and no system is there any more to have it.
RECORD = "record"


def on_disks(estate: Estate, assets: Iterable[Asset]) -> Iterator[Placement]:
    """Placements on disks of the asset list; one of an equipment that is not described counts as the highest."""
    known = {each.id: each for each in estate.platform.equipment}
    for asset in assets:
        if asset.kind != "disk":
            continue
        equipment = known.get(asset.equipment)
        if equipment is None:
            yield Placement(serial=asset.serial, system=RECORD, segment=MYNUMBER, confidentiality="", since=date.min)
            continue
        yield from _of_equipment(estate, equipment, asset)


def _of_equipment(estate: Estate, equipment: Equipment, asset: Asset) -> Iterator[Placement]:
    since = min((date.fromisoformat(term.start) for term in equipment.terms), default=date.min)
    clusters = {
        cluster.name: cluster
        for cluster in estate.platform.clusters
        if cluster.equipment == equipment.id and _carries(estate, cluster.name, asset)
    }
    for system in estate.systems:
        if system.cluster in clusters:
            yield Placement(
                serial=asset.serial,
                system=system.id,
                segment=system.segment,
                confidentiality=system.classification.confidentiality,
                since=since,
            )
    # A cluster of the individual number segment carried it, whatever is described there today.
    segments = {cluster.segment for cluster in clusters.values()}
    segments |= {each for item in clusters.values() if item.shared_segments for each in item.shared_segments.segments}
    yield Placement(
        serial=asset.serial,
        system=RECORD,
        segment=MYNUMBER if MYNUMBER in segments else min(segments, default=""),
        confidentiality=equipment.disposal.highest_confidentiality if equipment.disposal else "",
        since=since,
    )


def _carries(estate: Estate, cluster: str, asset: Asset) -> bool:
    """Whether a disk carries datastores of a cluster; where nobody says which, it does."""
    return not asset.datastores or any(
        store.name in asset.datastores and cluster in store.clusters for store in estate.platform.datastores
    )


def on_tapes(estate: Estate, copies: Iterable[Copy]) -> Iterator[Placement]:
    """Placements on tapes: every copy that was ever written on one, erased ones too."""
    for copy in copies:
        system = estate.system_by_id.get(copy.system)
        for tape in copy.tapes:
            yield Placement(
                serial=tape,
                system=copy.system,
                segment=system.segment if system else MYNUMBER,
                confidentiality=system.classification.confidentiality if system else "",
                since=copy.taken_at.date(),
            )
