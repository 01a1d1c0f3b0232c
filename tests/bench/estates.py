"""Estates of any size: the real one, with its hosted systems described again and again under other names.

A copy keeps what costs time: the texts, the machines with their sizes and disks, the dependencies. It gets an id,
names, addresses, hosts and datastores of its own, so that every rule holds and nothing is shared more than really.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml

from tests.bench.measure import ROOT

# A /18 per segment, of blocks that the real address plan leaves free; the bound of 10,433 machines needs a third of it.
_BLOCKS = {"internet": "198.18.64.0/18", "lgwan": "198.19.64.0/18", "mynumber": "198.19.192.0/18"}
_VLANS = {"internet": 3001, "lgwan": 3002, "mynumber": 3003}
# A larger platform has more hosts, and larger ones, and larger datastores rather than more: every host mounts every
# datastore of its cluster, and the foundation is not what is measured.
_COPIES_PER_HOST = 6
_DATASTORES = 2
_MOST_MEMORY_GB = 8192
_MOST_CORES = 1024
_FIRST_MACHINE = 11


def scaled_estate(target: Path, machines: int) -> Path:
    """Write a valid repository (systems/, platform/, inventory/) with exactly that many machines; its root."""
    if target.exists():
        shutil.rmtree(target)
    for folder in ("systems", "platform", "inventory"):
        shutil.copytree(ROOT / folder, target / folder)
    # The labs' state is looked for below the repository of the estate.
    (target / ".lab").symlink_to(ROOT / ".lab")
    systems = [_read(path) for path in sorted((ROOT / "systems").glob("*.yml"))]
    present = sum(len(system.get("machines", [])) for system in systems)
    if machines < present:
        raise ValueError(f"the real estate has {present} machines already")
    templates = [system for system in systems if system["kind"] == "hosted"]
    factor = 1 + -(-(machines - present) // present)
    _scale_clusters(target, factor)
    _scale_datastores(target, factor)
    _add_networks(target)
    flows = _read(target / "platform/flows.yml")
    registered = list(flows["flows"])
    for template, system in _copies(templates, machines - present):
        flows["flows"] += _flows_of_copy(registered, template, system)
        _write(target / "systems" / f"{system['id']}.yml", system)
    _write(target / "platform/flows.yml", flows)
    return target


def _copies(templates: list[dict[str, Any]], wanted: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(template, its copy) in turn; the last copy is cut so that the number of machines is exact."""
    addresses = {segment: _addresses(block) for segment, block in _BLOCKS.items()}
    number = 0
    while wanted > 0:
        template = templates[number % len(templates)]
        system = _copy(template, number, wanted, addresses)
        wanted -= len(system["machines"])
        number += 1
        yield template, system


def _flows_of_copy(
    registered: list[dict[str, Any]], template: dict[str, Any], system: dict[str, Any]
) -> list[dict[str, Any]]:
    """What the template's machines may reach in other segments, for the copy; a cut copy may have lost such a machine.

    Its dependencies then go too: between segments only what is registered (rules L-02 and L-04).
    """
    own = {machine["key"] for machine in template["machines"]}
    copied = {machine["key"] for machine in system["machines"]}
    found = []
    for flow in registered:
        key = flow["source"].replace(template["id"], system["id"], 1)
        if flow["source"] in own and key in copied:
            found.append({**flow, "id": f"{system['id']}-{flow['id']}", "source": key})
    if len(copied) < len(own):
        system.pop("depends_on", None)
    return found


def _copy(template: dict[str, Any], number: int, most: int, addresses: dict[str, Iterator[str]]) -> dict[str, Any]:
    name = f"infra-{_letters(number)}"
    old = template["id"]
    system = copy.deepcopy(template)
    # Only hosted systems have a number in the annual report, and there are 39 of them.
    del system["report_number"], system["slug"]
    system |= {"id": name, "kind": "infrastructure", "equipment_name": "情報基盤サーバ機器等"}
    system["machines"] = [
        _machine(machine, old, name, system["segment"], addresses) for machine in system["machines"][:most]
    ]
    _drop_lone_pairs(system["machines"])
    return system


def _machine(
    machine: dict[str, Any], old: str, name: str, segment: str, addresses: dict[str, Iterator[str]]
) -> dict[str, Any]:
    machine = {field: value for field, value in machine.items() if field not in ("instance_uuid",)}
    machine["key"] = machine["key"].replace(old, name, 1)
    # Short enough for Windows (rule A-07).
    machine["name"] = machine["name"].replace(old, name.removeprefix("infra-"), 1)
    machine["nics"] = [{"network": f"bench-{segment}", "address": next(addresses[segment])} for _ in machine["nics"]]
    return machine


def _drop_lone_pairs(machines: list[dict[str, Any]]) -> None:
    pairs = [machine.get("pair") for machine in machines]
    for machine in machines:
        if machine.get("pair") and pairs.count(machine["pair"]) < 2:
            del machine["pair"]


def _scale_clusters(target: Path, factor: int) -> None:
    file = target / "platform/clusters.yml"
    content = _read(file)
    times = -(-factor // _COPIES_PER_HOST)
    for cluster in content["clusters"]:
        # One host is lost at most, and the copies share what is left: twice the proportion is always enough.
        share = -(-2 * factor // times)
        hosts = []
        for host in cluster["hosts"]:
            larger = {
                **host,
                "memory_gb": min(host["memory_gb"] * share, _MOST_MEMORY_GB),
                "cpu_cores": min(host["cpu_cores"] * share, _MOST_CORES),
                "cpu_threads": min(host["cpu_threads"] * share, 2 * _MOST_CORES),
            }
            hosts += [
                {**larger, "name": f"{host['name']}{suffix}", "serial": f"{host['serial']}{suffix}".upper()}
                for suffix in _suffixes(times)
            ]
        cluster["hosts"] = hosts
    _write(file, content)


def _scale_datastores(target: Path, factor: int) -> None:
    file = target / "platform/storage.yml"
    content = _read(file)
    times = _DATASTORES
    stores = []
    for store in content["datastores"]:
        larger = {**store, "capacity_gb": store["capacity_gb"] * -(-2 * factor // times)}
        stores += [
            {**larger, "name": f"{store['name']}{suffix}", "remote_path": f"{store['remote_path']}{suffix}"}
            for suffix in _suffixes(times)
        ]
    content["datastores"] = stores
    _write(file, content)


def _add_networks(target: Path) -> None:
    file = target / "platform/networks.yml"
    content = _read(file)
    for segment, block in _BLOCKS.items():
        like = next(each for each in content["networks"] if each["id"] == f"{segment}-servers")
        first, last = _bounds(block)
        content["networks"].append(
            {
                **like,
                "id": f"bench-{segment}",
                "port_group": f"bench-{segment}",
                "vlan_id": _VLANS[segment],
                "cidr": block,
                "gateway": str(first + 1),
                "ranges": [{"purpose": "machines", "start": str(first + _FIRST_MACHINE), "end": str(last - 1)}],
            }
        )
    _write(file, content)


def _bounds(block: str) -> tuple[IPv4Address, IPv4Address]:
    start, _, length = block.partition("/")
    first = IPv4Address(start)
    return first, first + 2 ** (32 - int(length)) - 1


def _addresses(block: str) -> Iterator[str]:
    first, last = _bounds(block)
    for number in range(int(first) + _FIRST_MACHINE, int(last)):
        yield str(IPv4Address(number))


def _suffixes(times: int) -> list[str]:
    return ["", *(f"-{number}" for number in range(2, times + 1))]


def _letters(number: int) -> str:
    """aaa, aab, …: ids of this kind are letters. The first letter keeps them clear of the real ones."""
    return "z" + "".join(chr(ord("a") + number // 26**power % 26) for power in (2, 1, 0))


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


class _Dumper(yaml.CSafeDumper):
    """Writes a value that is used twice twice: the loader refuses anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write(path: Path, content: Any) -> None:
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(text, encoding="utf-8")
