"""Whose a machine in vCenter is: by its identity in the repository, else by what it wrote into vCenter itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What a machine belongs to; see MachineSample for the fields. All None: nobody's that we know."""

    key: str | None = None
    system: str | None = None
    owner: str | None = None
    segment: str | None = None
    pool: str | None = None
    managed: bool = False


class Ownerships:
    """Look-ups over one estate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._machines = {
            estate.instance_uuid(machine).lower(): (system, machine) for system, machine in estate.machines()
        }
        # A broker makes the desktops of a pool, from its own pattern of names: nothing else tells what they are.
        self._desktops = [
            (re.compile(re.escape(pool.name_prefix) + r"\d+"), system, pool) for system, pool in estate.desktop_pools()
        ]

    def is_described(self, identity: str) -> bool:
        """Whether a machine of systems/ has this instanceUuid."""
        return identity in self._machines

    def of(self, identity: str, name: str, cluster: str, attributes: Mapping[str, str]) -> Ownership:
        """Ownership by instanceUuid (lower case), else by attributes (full names), else by name and cluster."""
        described = self._machines.get(identity)
        if described is not None:
            system, machine = described
            return _of_system(system, key=machine.key)
        made = attributes.get("kyotsu-system")
        if made:
            return self._of_attributes(made, cluster, attributes)
        for pattern, system, pool in self._desktops:
            if system.cluster == cluster and pattern.fullmatch(name):
                return _of_system(system, pool=pool)
        return Ownership(segment=self.segment_of(cluster))

    def segment_of(self, cluster: str) -> str | None:
        """Segment of a described cluster, else None."""
        found = self._estate.cluster_by_name.get(cluster)
        return found.segment if found else None

    def equipment_of(self, cluster: str) -> str | None:
        """Equipment of a described cluster, else None."""
        found = self._estate.cluster_by_name.get(cluster)
        return found.equipment if found else None

    def _of_attributes(self, system_id: str, cluster: str, attributes: Mapping[str, str]) -> Ownership:
        system = self._estate.system_by_id.get(system_id)
        return Ownership(
            key=attributes.get("kyotsu-key"),
            system=system_id,
            # The repository follows a reorganisation, the attribute of a machine that it forgot does not.
            owner=system.owner if system else attributes.get("kyotsu-owner"),
            segment=system.segment if system else self.segment_of(cluster),
            managed=bool(attributes.get("kyotsu-origin")),
        )


def _of_system(system: System, *, key: str | None = None, pool: DesktopPool | None = None) -> Ownership:
    return Ownership(
        key=key,
        system=system.id,
        owner=system.owner,
        segment=system.segment,
        pool=pool.key if pool else None,
        managed=True,
    )
