"""What the ends of flows are: networks, machines, pools and external services, each with its segment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flow, Network
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System


@dataclass(frozen=True)
class Ends:
    """Look-ups over one estate. A name that does not exist has no segment: rule E-04 speaks of it."""

    estate: Estate

    @cached_property
    def machines(self) -> dict[str, tuple[System, Machine]]:
        """System and machine by the machine's key."""
        return {machine.key: (system, machine) for system, machine in self.estate.machines()}

    @cached_property
    def segments(self) -> dict[str, str | None]:
        """Segment of everything that a flow may name; None where it is in no segment, or in each."""
        found: dict[str, str | None] = {item.id: item.segment for item in self.estate.platform.external_services}
        found |= {network.id: network.segment for network in self.estate.platform.networks}
        found |= {pool.key: system.segment for system, pool in self.estate.desktop_pools()}
        found |= {key: system.segment for key, (system, _) in self.machines.items()}
        return found

    @cached_property
    def exposures(self) -> dict[str, str]:
        """open, closed or isolated, by segment."""
        return {segment.id: segment.exposure for segment in self.estate.platform.segments}

    @cached_property
    def management(self) -> dict[str, Network]:
        """Networks that are in no segment."""
        return {network.id: network for network in self.estate.platform.networks if network.segment is None}

    def of(self, flow: Flow) -> tuple[str | None, str | None]:
        """(segment of the source, segment of the destination)."""
        return self.segments.get(flow.source), self.segments.get(flow.destination)

    def rule(self, one: str | None, other: str | None) -> str | None:
        """The rule that speaks of what passes between two segments: L-02, L-04, or None where nothing is crossed."""
        if one is None or other is None or one == other:
            return None
        return "L-02" if "isolated" in {self.exposures.get(one), self.exposures.get(other)} else "L-04"

    def names(self, system: System) -> set[str]:
        """All names by which flows may mean a system or a part of it."""
        parts = {machine.key for machine in system.machines} | {pool.key for pool in system.desktop_pools}
        networks = {nic.network for machine in system.machines for nic in machine.nics}
        return parts | networks | {pool.network for pool in system.desktop_pools}
