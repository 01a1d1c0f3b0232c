"""What a restore is asked for, whether that can be meant, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Side
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import moment
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOrder:
    """What is asked for. `at`: the newest copy before it, "" for the newest; `name`, `cluster`: elsewhere than before.

    `recall_by`: who asks the vault for tapes that lie there. `boot_seconds`: how long a restored machine may take to
    boot.
    """

    names: Sequence[str]
    tape_settings: Path
    at: str = ""
    name: str = ""
    cluster: str = ""
    port_group: str = ""
    side: Side | None = None
    unproven: bool = False
    recall_by: str = ""
    power_on: bool = True
    boot_seconds: float = 300.0
    check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOutcome:
    """Results per machine with the plans that they follow."""

    outcome: Outcome
    plans: tuple[dict[str, Any], ...]
    text: tuple[str, ...]

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return self.outcome.as_result() | {"plans": list(self.plans), "text": list(self.text)}


def check_order(prepared: Prepared, order: RestoreOrder) -> None:
    """VerbRefused with what to write instead, for an order that nobody can mean."""
    known = {machine.name for each in prepared.desired for machine in each.machines}
    unknown = sorted(set(order.names) - known)
    if unknown:
        raise VerbRefused(f"not in systems/: {', '.join(unknown)}; run with the inventory of the same commit")
    if not order.names:
        raise VerbRefused("no machine is named: say which with --limit")
    if len(order.names) == len(known):
        raise VerbRefused("every machine would be restored: name those that are meant with --limit")
    if len(order.names) > 1 and order.name:
        raise VerbRefused("another name is for one machine at a time: use --limit")
    if order.name and order.name in known:
        raise VerbRefused(f"{order.name} is a machine of systems/: a copy needs a name of its own")
    if order.cluster:
        _check_cluster(prepared, order)
    try:
        if order.at:
            moment(order.at, ZoneInfo(prepared.estate.platform.estate.timezone))
    except ValueError as error:
        raise VerbRefused(f"at: {order.at!r} is no moment; write 2026-11-24 or 2026-11-24T22:30") from error


def _check_cluster(prepared: Prepared, order: RestoreOrder) -> None:
    """Segments never mix, in an emergency neither: a machine comes back only where its segment may run."""
    estate = prepared.estate
    cluster = next((each for each in estate.platform.clusters if each.name == order.cluster), None)
    if cluster is None:
        names = ", ".join(each.name for each in estate.platform.clusters)
        raise VerbRefused(f"platform/clusters.yml has no cluster {order.cluster}; it has {names}")
    served = {cluster.segment, *(cluster.shared_segments.segments if cluster.shared_segments else ())}
    for name in order.names:
        segment = estate.machine_by_name[name][0].segment
        if segment not in served:
            raise VerbRefused(
                f"{name} is of segment {segment}, cluster {cluster.name} of {', '.join(sorted(served))}: "
                "name a cluster of its segment"
            )
