"""How much the machines send and receive: no property tells it, only the performance counters do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import api, plain
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, PermissionRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import Inventory
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

_REALTIME_SECONDS = 20  # the interval at which hosts measure; vCenter asks them, not its database
_NOT_MEASURED = -1


def network_kbps(session: Session, inventory: Inventory, machines: Sequence[PlainObject]) -> dict[str, int] | None:
    """KiB per second (net.usage.average, the last 20 s) by id of the machines that run, in one call.

    None: this vCenter does not give it, or the account may not see it; the reading goes on without it.
    """
    counter = _counter_id(inventory)
    running = [item for item in machines if item.properties.get("runtime.powerState") == "poweredOn"]
    if counter is None:
        return None
    if not running:
        return {}
    manager = session.content.perfManager
    metric = [vim.PerformanceManager.MetricId(counterId=counter, instance="")]
    specs = [
        vim.PerformanceManager.QuerySpec(
            entity=vim.VirtualMachine(item.reference, session.stub),
            intervalId=_REALTIME_SECONDS,
            maxSample=1,
            metricId=metric,
        )
        for item in running
    ]
    info = api.method_info(manager, "QueryPerf")
    try:
        with session.stub.exchange(manager, info, api.arguments(info, {"querySpec": specs})) as stream:
            return dict(_values(stream))
    except (Fault, PermissionRefused):
        return None


def _counter_id(inventory: Inventory) -> int | None:
    for manager in inventory.of("PerformanceManager").values():
        for counter in many(manager.get("perfCounter")):
            name = (dig(counter, "groupInfo", "key"), dig(counter, "nameInfo", "key"), dig(counter, "rollupType"))
            if name == ("net", "usage", "average"):
                return int(counter["key"])
    return None


def _values(stream: BinaryIO) -> Iterator[tuple[str, int]]:
    """(machine id, value) of an answer of QueryPerf, machine by machine; what was not measured is left out."""
    for _, element in etree.iterparse(stream, tag=f"{plain.VIM}returnval", resolve_entities=False, huge_tree=True):
        answer: Any = plain.plain(element)
        for series in many(dig(answer, "value")):
            measured = many(dig(series, "value"))
            if measured and int(measured[-1]) != _NOT_MEASURED:
                yield str(dig(answer, "entity")), int(measured[-1])
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
