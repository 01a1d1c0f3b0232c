#!/usr/bin/env python3
"""One measurement in a process of its own, so that its memory is its own: seconds and calls as JSON.

Called by bench.py: probe.py LAB REPOSITORY NAME, where NAME is one of PROBES.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_paths import DEVICES, MACHINE
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage import observe
from lab.laboratory import Laboratory
from tests.bench.benchlab import BenchLab


def load(lab: BenchLab) -> dict[str, Any]:
    """The estate from its cache, which must be there."""
    loaded = load_estate(lab.repository)
    if loaded.context is not None:
        raise SystemExit("the estate did not come from the cache")
    return {"machines": sum(1 for _ in loaded.estate.machines())}


def read(lab: BenchLab, *, cached: bool) -> dict[str, Any]:
    """The bulk read of every vCenter, side by side as the verbs do it."""
    target = lab.target(cached_devices=cached)

    def one(endpoint: Any) -> tuple[int, int]:
        with connect(endpoint) as session:
            directory = target.cache_directory
            observed = read_vcenter(session, target.datacenters[endpoint.id], cache_directory=directory)
            return len(observed.machines), session.calls

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(one, target.endpoints))
    return {"machines": sum(each[0] for each in found), "calls": sum(each[1] for each in found)}


def usage(lab: BenchLab, *, cached: bool) -> dict[str, Any]:
    """The collector's read of every vCenter: size and use of everything."""
    target = lab.target(cached_devices=cached)
    estate = load_estate(lab.repository).estate
    found = observe(
        target.endpoints,
        target.datacenters,
        estate,
        datetime.now(UTC),
        cache_directory=target.cache_directory,
    )
    if found.missing:
        raise SystemExit(f"not read: {found.missing}")
    return {"machines": len(found.machines)}


def plan(lab: BenchLab) -> dict[str, Any]:
    """The verb plan, which must find nothing to do."""
    outcome = lab.plan()
    summary = outcome.as_result()["summary"]
    if summary["changed"] or summary["refused"] or summary["held"]:
        raise SystemExit(f"the plan is not empty: {summary}")
    return {"calls": sum(outcome.calls.values())}


def pyvmomi(lab: BenchLab, *, devices: bool) -> dict[str, Any]:
    """The same properties of the same machines with pyVmomi as its own samples do it: one view, one retrieval."""
    from pyVim.connect import Disconnect, SmartConnect
    from pyVmomi import vim
    from pyVmomi import vmodl as untyped

    vmodl: Any = untyped  # pyVmomi gives these types no signatures (2026-11-24)

    machines = 0
    for vcenter in lab.laboratory.vcenters():
        endpoint = lab.endpoint(vcenter, "reader")
        instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects only (2026-11-24)
            host=endpoint.hostname,
            port=endpoint.port,
            user=endpoint.username,
            pwd=endpoint.password,
            sslContext=ssl.create_default_context(cafile=endpoint.ca_file),
        )
        content = instance.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        collector = vmodl.query.PropertyCollector
        traversal = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
            propSet=[
                collector.PropertySpec(type=vim.VirtualMachine, pathSet=[*MACHINE, *([DEVICES] if devices else [])])
            ],
        )
        page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions())
        while page:
            machines += len(page.objects)
            page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token) if page.token else None
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)
    return {"machines": machines}


PROBES: dict[str, Callable[[BenchLab], dict[str, Any]]] = {
    "load": load,
    "read-cold": lambda lab: read(lab, cached=False),
    "read-warm": lambda lab: read(lab, cached=True),
    "usage-cold": lambda lab: usage(lab, cached=False),
    "usage-warm": lambda lab: usage(lab, cached=True),
    "plan": plan,
    "pyvmomi-leaf": lambda lab: pyvmomi(lab, devices=False),
    "pyvmomi-devices": lambda lab: pyvmomi(lab, devices=True),
}


def main() -> int:
    """Run the probe and print what came of it."""
    name, repository, what = sys.argv[1:]
    lab = BenchLab(name, Path(repository), Laboratory(name))
    started = time.perf_counter()
    result = PROBES[what](lab)
    print(json.dumps({"inner_s": time.perf_counter() - started, **result}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
