"""What platform/ says beyond its schemas: the report's facts, sizes that are believable, and flows for what crosses."""

from __future__ import annotations

import functools
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from dateutil.rrule import rrulestr

from tests.support.yaml_files import read_yaml

ROOT = Path(__file__).resolve().parents[2]
Fields = dict[str, Any]

RULES = {
    *(f"L-{number:02d}" for number in range(1, 9)),
    *(f"C-{number:02d}" for number in range(1, 5)),
    *(f"B-{number:02d}" for number in range(1, 6)),
    *(f"D-{number:02d}" for number in range(1, 5)),
    *(f"T-{number:02d}" for number in range(1, 4)),
    *(f"K-{number:02d}" for number in range(1, 6)),
    *(f"Y-{number:02d}" for number in range(1, 5)),
    *(f"E-{number:02d}" for number in range(1, 13)),
    *(f"A-{number:02d}" for number in range(1, 9)),
}
# vSphere adds these to every role by itself.
ALWAYS = {"System.Anonymous", "System.Read", "System.View"}


@functools.cache
def platform(name: str) -> Fields:
    content = read_yaml(ROOT / "platform" / f"{name}.yml")
    assert isinstance(content, dict)
    return content


@functools.cache
def systems() -> dict[str, Fields]:
    files = (read_yaml(path) for path in sorted((ROOT / "systems").glob("*.yml")))
    return {content["id"]: content for content in files}


def by(name: str, items: list[Fields]) -> dict[str, Fields]:
    return {item[name]: item for item in items}


CLUSTERS = by("name", platform("clusters")["clusters"])
NETWORKS = by("id", platform("networks")["networks"])
ORGANISATIONS = by("id", platform("organisations")["organisations"])
RULE_BY_ID = by("id", platform("policy")["rules"])


def test_the_planned_term_is_the_reports_and_has_an_extension_with_reason_and_approver() -> None:
    planned, *extensions = by("id", platform("equipment")["equipment"])["kyotsu"]["terms"]
    assert planned == {"start": "2018-10-01", "end": "2025-09-30", "basis": "report"}
    assert extensions
    assert all(term["reason"]["ja"] and term["approver"] and term["basis"] == "assumed" for term in extensions)
    assert extensions[0]["start"] == "2025-10-01"


def test_equipment_carries_the_names_of_the_report() -> None:
    names = {unit["name"] for unit in platform("equipment")["equipment"]}
    assert names >= set(platform("report")["infrastructure_servers"])
    assert platform("report")["platform"]["name"] in names


def test_segments_carry_the_names_of_the_report() -> None:
    report = platform("report")["network_segments"]
    segments = by("id", platform("segments")["segments"])
    assert {name: segments[name]["name"] for name in ("internet", "lgwan", "mynumber")} == {
        name: report[name] for name in ("internet", "lgwan", "mynumber")
    }
    assert segments["tax"]["name"] == report["also_present"]
    assert segments["tax"]["hosts_machines"] is False


def test_the_three_owners_of_the_report_need_off_site_copies_by_id() -> None:
    required = {unit["id"]: unit for unit in ORGANISATIONS.values() if unit.get("offsite_required")}
    assert {unit["name"] for unit in required.values()} == {"契約局", "子ども家庭局", "事業管理室"}
    assert all(unit["offsite_basis"] == "report" for unit in required.values())


def test_a_unit_lives_as_long_as_the_one_above_it() -> None:
    levels = {"bureau": None, "division": "bureau", "section": "division"}
    for unit in ORGANISATIONS.values():
        parent = ORGANISATIONS.get(unit["parent"] or "")
        assert (parent["kind"] if parent else None) == levels[unit["kind"]], unit["id"]
        if parent:
            assert parent["valid_from"] <= unit["valid_from"], unit["id"]
            assert unit.get("valid_to", "9999") <= parent.get("valid_to", "9999"), unit["id"]


def test_historical_units_lead_to_a_unit_that_exists_now() -> None:
    ended = [unit for unit in ORGANISATIONS.values() if "valid_to" in unit]
    assert len(ended) >= 2
    for unit in ended:
        heir = ORGANISATIONS[unit["successor"]]
        assert "valid_to" not in heir
        assert heir["kind"] == unit["kind"]


def test_the_remote_store_shares_no_water_hazard_with_the_data_centre_and_is_far() -> None:
    sites = by("id", platform("sites")["sites"])
    assert sites["remote-store"]["distance_km"] >= 200
    assert not set(sites["remote-store"]["hazards"]) & {"tsunami", "storm-surge", "earthquake-nankai"}


@pytest.mark.parametrize("name", CLUSTERS)
def test_hosts_of_a_cluster_are_alike_and_named_after_it(name: str) -> None:
    hosts = CLUSTERS[name]["hosts"]
    assert [host["name"] for host in hosts] == [f"{name}-esx{number:02d}" for number in range(1, len(hosts) + 1)]
    shapes = {tuple(value for key, value in sorted(host.items()) if key not in {"name", "serial"}) for host in hosts}
    assert len(shapes) == 1
    assert len(hosts) > CLUSTERS[name]["host_failures_tolerated"] >= 1


def demand(cluster: str, field: str) -> int:
    flavours = by("id", platform("images")["flavours"])
    total = 0
    for system in systems().values():
        if system["cluster"] == cluster:
            for item in (*system.get("machines", []), *system.get("desktop_pools", [])):
                size = flavours[item["flavour"]] if "flavour" in item else item
                total += size[field] * item.get("count", 1)
    return total


@pytest.mark.parametrize("name", [name for name in CLUSTERS if name.startswith(("kyotsu-", "vdi-"))])
def test_with_one_host_lost_memory_is_used_well_and_not_up(name: str) -> None:
    hosts = CLUSTERS[name]["hosts"]
    left = sum(host["memory_gb"] for host in hosts[1:])
    assert 55 <= 100 * demand(name, "memory_gb") / left <= 75


def tiers_in_use() -> list[tuple[str, str]]:
    return sorted(
        {
            (system["cluster"], tier)
            for system in systems().values()
            for tier in (
                *(disk["tier"] for machine in system.get("machines", []) for disk in machine["disks"]),
                *(pool["tier"] for pool in system.get("desktop_pools", [])),
            )
        }
    )


@pytest.mark.parametrize(("cluster", "tier"), tiers_in_use())
def test_the_largest_machine_fits_one_datastore_below_its_fill_limit(cluster: str, tier: str) -> None:
    largest = max(
        sum(disk["size_gb"] for disk in machine["disks"] if disk["tier"] == tier)
        for system in systems().values()
        if system["cluster"] == cluster
        for machine in system.get("machines", [])
    )
    stores = [
        store for store in platform("storage")["datastores"] if cluster in store["clusters"] and store["tier"] == tier
    ]
    usable = [
        store["capacity_gb"] * (store["fill_limit_percent"] - store["snapshot_reserve_percent"]) // 100
        for store in stores
    ]
    assert largest <= max(usable)


def test_datastores_are_named_after_cluster_and_tier_and_mounted_from_the_management_network() -> None:
    management = {
        network["vcenter"]: ipaddress.IPv4Network(network["cidr"])
        for network in NETWORKS.values()
        if network["purpose"] == "management"
    }
    paths = set()
    for store in platform("storage")["datastores"]:
        (cluster,) = store["clusters"]  # rule L-01: never the machines of two clusters
        assert store["name"].rsplit("-", 1)[0] == f"{cluster}-{store['tier']}"
        assert ipaddress.IPv4Address(store["remote_host"]) in management[store["vcenter"]]
        paths.add((store["remote_host"], store["remote_path"]))
    assert len(paths) == len(platform("storage")["datastores"])


def test_all_addresses_are_of_the_block_reserved_for_tests() -> None:
    reserved = ipaddress.IPv4Network("198.18.0.0/15")
    for network in NETWORKS.values():
        cidr = ipaddress.IPv4Network(network["cidr"])
        assert cidr.subnet_of(reserved)
        assert ipaddress.IPv4Address(network["gateway"]) == cidr.network_address + 1
        assert network["port_group"] == network["id"]


def test_dns_servers_are_machines_or_appliances_of_the_same_segment() -> None:
    addresses = {
        nic["address"]: system["segment"]
        for system in systems().values()
        for machine in system.get("machines", [])
        for nic in machine["nics"]
    }
    for network in NETWORKS.values():
        for server in network.get("dns_servers", []):
            if server in addresses:
                assert addresses[server] == network["segment"], network["id"]
            else:
                homes = [
                    other
                    for other in NETWORKS.values()
                    for part in other["ranges"]
                    if part["purpose"] == "appliances"
                    and ipaddress.IPv4Address(part["start"])
                    <= ipaddress.IPv4Address(server)
                    <= ipaddress.IPv4Address(part["end"])
                ]
                assert [home["segment"] for home in homes] == [network["segment"]], network["id"]


def test_a_switch_carries_one_segment() -> None:
    for switch in platform("networks")["switches"]:
        carried = {network.get("segment") for network in NETWORKS.values() if network["switch"] == switch["name"]}
        assert len(carried) == 1, switch["name"]


def test_windows_have_rules_that_give_days_and_backups_have_their_own() -> None:
    for window in platform("patching")["windows"]:
        assert rrulestr(f"DTSTART:20261101T000000\nRRULE:{window['recurrence']};COUNT=3")[2], window["id"]
    assert {entry["window"] for entry in platform("backup")["backup_classes"]} == {
        None,
        "backup-night",
        "backup-weekend",
    }


def test_the_turn_of_the_fiscal_year_holds_for_everybody() -> None:
    everybody = [freeze["id"] for freeze in platform("patching")["freezes"] if freeze.get("everybody")]
    assert everybody == ["fiscal-year-rollover"]


def test_every_rule_is_there_with_a_source_that_exists_and_is_used() -> None:
    assert set(RULE_BY_ID) == RULES
    sources = {source["id"] for source in platform("policy")["sources"]}
    assert {rule["source"] for rule in RULE_BY_ID.values()} == sources


def test_our_own_conclusions_say_so_and_sure_rules_have_a_source_of_others() -> None:
    for rule in RULE_BY_ID.values():
        if rule["status"] == "sure":
            assert rule["source"] != "ours", rule["id"]
        if rule["source"] == "ours":
            assert rule["status"] == "ours", rule["id"]


def test_exceptions_name_a_rule_and_something_that_exists() -> None:
    known = {*systems(), *CLUSTERS, *by("id", platform("external")["external_services"])}
    for exception in platform("policy")["exceptions"]:
        assert exception["rule"] in RULE_BY_ID
        assert exception["object"] in known
        assert not exception["rule"].startswith("E-")


def test_who_has_no_backup_has_an_exception() -> None:
    without = {system["id"] for system in systems().values() if system["backup"]["backup_class"] == "none"}
    excepted = {item["object"] for item in platform("policy")["exceptions"] if item["rule"] == "B-01"}
    assert without == excepted


def test_a_cluster_that_shares_segments_carries_each_of_them() -> None:
    for cluster in CLUSTERS.values():
        if "shared_segments" in cluster:
            carried = {system["segment"] for system in systems().values() if system["cluster"] == cluster["name"]}
            assert carried == set(cluster["shared_segments"]["segments"]), cluster["name"]


def flow_ends() -> set[tuple[str, str]]:
    return {(flow["source"], flow["destination"]) for flow in platform("flows")["flows"]}


def system_of(key: str) -> str | None:
    found = [name for name, system in systems().items() for m in system.get("machines", []) if m["key"] == key]
    return found[0] if found else None


def test_every_dependency_between_segments_has_a_registered_flow() -> None:
    registered = {(system_of(source), system_of(destination)) for source, destination in flow_ends()}
    registered |= {(system_of(source), destination) for source, destination in flow_ends()}
    missing = []
    for name, system in systems().items():
        for dependency in system.get("depends_on", []):
            other = dependency.get("system")
            if other and systems()[other]["segment"] != system["segment"] and (name, other) not in registered:
                missing.append((name, other))
    assert missing == []


@pytest.mark.parametrize("segment", ["internet", "lgwan", "mynumber"])
def test_the_shared_servers_of_a_segment_have_their_flows(segment: str) -> None:
    flows = platform("flows")["flows"]
    backup, mirror, monitoring = (f"platform-{segment}-{role}-1" for role in ("backup", "mirror", "monitoring"))
    ports = {(flow["source"], flow["destination"], port) for flow in flows for port in flow["ports"]}
    management = "management-mynumber" if segment == "mynumber" else "management-kyotsu"
    assert {(backup, management, 443), (backup, management, 902), (management, backup, 9101)} <= ports
    for network in {nic["network"] for s in systems().values() if s["segment"] == segment for nic in nics(s)}:
        if network == f"{segment}-platform":
            continue
        assert {(network, mirror, 443), (network, mirror, 80), (monitoring, network, 9100)} <= ports, network
        assert {(network, "log-server", 514), (network, "log-server", 6514)} <= ports, network
        if network != "tax-vdi-servers":  # not backed up: exception x-002
            assert {(backup, network, 9102), (network, backup, 9103)} <= ports, network


def nics(system: Fields) -> list[Fields]:
    return [nic for machine in system.get("machines", []) for nic in machine["nics"]]


def test_no_flow_leads_from_the_internet_into_the_other_segments_but_through_their_own_request() -> None:
    segment_of = {key: system["segment"] for system in systems().values() for key in keys(system)}
    segment_of |= {name: network.get("segment") for name, network in NETWORKS.items()}
    outside = [
        flow["id"]
        for flow in platform("flows")["flows"]
        if segment_of.get(flow["source"]) == "internet" and segment_of.get(flow["destination"]) in {"lgwan", "mynumber"}
    ]
    assert outside == []


def keys(system: Fields) -> list[str]:
    return [machine["key"] for machine in system.get("machines", [])]


def test_packages_of_protected_segments_come_from_a_mirror_and_never_from_the_internet() -> None:
    for source, destination in flow_ends():
        if destination == "security-cloud":
            name = system_of(source)
            assert name
            assert systems()[name]["segment"] == "internet", source


def test_roles_of_the_vcenter_can_read_and_only_their_job_more() -> None:
    roles = {role["name"]: set(role["privileges"]) for role in platform("vcenters")["access_roles"]}
    destroying = {"kyotsu-decommission", "kyotsu-restore"}
    changing = {"kyotsu-provisioner", "kyotsu-foundation", "kyotsu-backup", "kyotsu-patcher"}
    assert set(roles) == {"kyotsu-reader"} | changing | destroying
    assert roles["kyotsu-reader"] == ALWAYS
    for name, privileges in roles.items():
        assert privileges >= ALWAYS, name
        # Provision never destroys; decommission has an account of its own, and restore removes what it has imported.
        if name in destroying:
            continue
        assert not {p for p in privileges if p.endswith((".Delete", ".Destroy", ".RemoveDisk", ".Unregister"))}, name


def test_only_who_restores_or_provisions_makes_machines() -> None:
    making = {"VApp.Import", "VirtualMachine.Inventory.Create", "VirtualMachine.Inventory.CreateFromExisting"}
    able = {role["name"] for role in platform("vcenters")["access_roles"] if making & set(role["privileges"])}
    # Foundation makes the templates.
    assert able == {"kyotsu-restore", "kyotsu-provisioner", "kyotsu-foundation"}
