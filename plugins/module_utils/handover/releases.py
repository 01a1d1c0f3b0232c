"""What is given back at the end: addresses, names, networks, accounts, communications. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.approval import Approvers
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One thing. `done`: the records show that it is released; `free_from`: ISO day of its next use, where known."""

    kind: str  # address | name | network | account | login | flow
    value: str
    of: str
    segment: str
    done: bool
    free_from: str | None = None


def releases(
    estate: Estate, cases: Mapping[str, Case], segments: Collection[str], approvers: Approvers | None
) -> tuple[Release, ...]:
    """Everything of the segments, what is not released yet first."""
    found = [*_of_machines(estate, cases, segments), *_of_platform(estate, segments)]
    if approvers is not None:
        found += [
            Release(kind="login", value=person.login, of=person.name, segment="", done=False)
            for person in approvers.people
            if person.login
        ]
    return tuple(sorted(found, key=lambda each: (each.done, each.kind, each.segment, each.of, each.value)))


def _of_machines(estate: Estate, cases: Mapping[str, Case], segments: Collection[str]) -> Iterator[Release]:
    for system, machine in estate.machines():
        if system.segment not in segments or status_of(system, machine) == "planned":
            continue
        released = cases.get(machine.key, Case(machine=machine.key)).done.get("release")
        free = released.evidence["reusable_from"] if released else None
        pairs = [("name", machine.name), *(("address", nic.address) for nic in machine.nics)]
        for kind, value in pairs:
            yield Release(
                kind=kind,
                value=value,
                of=system.id,
                segment=system.segment,
                done=released is not None,
                free_from=free,
            )


def _of_platform(estate: Estate, segments: Collection[str]) -> Iterator[Release]:
    for network in estate.platform.networks:
        if network.segment is not None and network.segment in segments:
            yield Release(kind="network", value=network.cidr, of=network.id, segment=network.segment, done=False)
    for vcenter in estate.platform.vcenters:
        if set(vcenter.segments) & set(segments):
            for role in estate.platform.access_roles:
                yield Release(kind="account", value=role.name, of=vcenter.id, segment="", done=False)
    keys = {machine.key: system.segment for system, machine in estate.machines()}
    for flow in estate.platform.flows:
        segment = keys.get(flow.source) or keys.get(flow.destination) or ""
        if segment in segments or not segment:
            yield Release(
                kind="flow", value=f"{flow.source} → {flow.destination}", of=flow.id, segment=segment, done=False
            )
