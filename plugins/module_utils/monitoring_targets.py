"""What monitoring watches: Prometheus' file-based discovery (file_sd) of each segment, made from the model. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of

# The port of the metrics exporter, on Linux and Windows alike: the one port that platform/flows.yml opens for it.
EXPORTER_PORT = 9100
# What is planned has no machine yet, what is retired has none any more.
_EXISTING = ("in-service", "retiring")


def targets_of(
    estate: Estate, *, port: int = EXPORTER_PORT, without: Iterable[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Segment -> file_sd entries `{"targets": ["ADDRESS:PORT"], "labels": {…}}`, in the order of the machines' names.

    A machine belongs to the list of the segment in which its first interface is: the monitoring server of one segment
    never asks a machine of another. Every segment that has networks gets a list, be it empty: a list that is missing
    and a list without machines are not the same to Prometheus. `without`: names of machines to leave out.
    """
    left_out = set(without)
    targets: dict[str, list[dict[str, Any]]] = {
        network.segment: [] for network in estate.platform.networks if network.segment is not None
    }
    for system, machine in sorted(estate.machines(), key=lambda pair: pair[1].name):
        if not machine.nics or machine.name in left_out or status_of(system, machine) not in _EXISTING:
            continue
        segment = estate.network_by_id[machine.nics[0].network].segment
        if segment is None:
            continue
        labels = {
            "instance": machine.name,
            "key": machine.key,
            "system": system.id,
            "owner": system.owner,
            "role": machine.role,
            "segment": segment,
            "os_family": estate.image_by_id[machine.image].os_family,
            "status": status_of(system, machine),
        }
        targets[segment].append({"targets": [f"{machine.nics[0].address}:{port}"], "labels": labels})
    return targets


def file_sd(entries: list[dict[str, Any]]) -> str:
    """The text of a file_sd file: one machine per line, so that a difference between two files reads as one."""
    lines = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False, sort_keys=True)}" for entry in entries)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
