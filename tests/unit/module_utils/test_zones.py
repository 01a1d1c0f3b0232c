from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Network
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, Nic
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import Zone, host_name, name_servers, zones_of
from tests.support.builders import make_estate, make_machine, make_platform, make_system

SEGMENTS = ("lgwan", "mynumber")


def network(name: str, cidr: str, *, segment: str | None = None, purpose: str = "servers") -> Network:
    first = cidr.rpartition(".")[0]
    return Network(
        id=name,
        purpose=purpose,
        vcenter="vc-kyotsu",
        switch="dvs",
        port_group=name,
        vlan_id=210,
        cidr=cidr,
        gateway=f"{first}.1",
        ranges=(),
        basis="assumed",
        segment=segment,
        dns_servers=(f"{first}.2", f"{first}.3") if segment else (),
    )


NETWORKS = (
    network("lgwan-servers", "198.18.128.0/23", segment="lgwan"),
    network("lgwan-desktops", "198.18.192.0/18", segment="lgwan", purpose="desktops"),
    network("mynumber-servers", "198.19.0.0/24", segment="mynumber"),
    network("management", "198.19.128.0/24", purpose="management"),
)


def machine(name: str, address: str, where: str = "lgwan-servers", role: str = "db", **fields: object) -> Machine:
    return make_machine(f"key-{name}", name=name, role=role, nics=(Nic(network=where, address=address),), **fields)


def estate(*machines: Machine, kind: str = "hosted") -> Estate:
    return make_estate(make_system("s01", *machines, kind=kind, segment="lgwan"), networks=NETWORKS)


def zones(made_from: Estate) -> dict[str, Zone]:
    return {zone.name: zone for zone in zones_of(made_from)}


def records(zone: Zone) -> list[str]:
    """Lines below the SOA record."""
    return list(zone.records)


def test_a_machine_has_its_address_forward_and_its_name_backward() -> None:
    made = zones(estate(machine("s01-db01", "198.18.129.5")))
    assert "s01-db01 IN A 198.18.129.5" in records(made["lgwan.kyotsu.test"])
    assert "5 IN PTR s01-db01.lgwan.kyotsu.test." in records(made["129.18.198.in-addr.arpa"])


def test_a_segment_knows_nothing_of_another() -> None:
    made = zones(
        estate(machine("s01-db01", "198.18.129.5"), machine("s02-db01", "198.19.0.5", where="mynumber-servers"))
    )
    for zone in made.values():
        assert ("s01-db01" in zone.text(1)) <= (zone.segment == "lgwan")
        assert ("s02-db01" in zone.text(1)) <= (zone.segment == "mynumber")


def test_servers_have_a_reverse_zone_for_each_24_and_desktops_none() -> None:
    assert list(zones(estate())) == [
        "lgwan.kyotsu.test",
        "128.18.198.in-addr.arpa",
        "129.18.198.in-addr.arpa",
        "mynumber.kyotsu.test",
        "0.19.198.in-addr.arpa",
    ]


def test_what_is_planned_or_retired_has_no_name() -> None:
    made = zones(
        estate(
            machine("s01-new", "198.18.128.20", status="planned"),
            machine("s01-old", "198.18.128.21", status="retired"),
            machine("s01-going", "198.18.128.22", status="retiring"),
        )
    )
    forward = made["lgwan.kyotsu.test"].text(1)
    assert "s01-going" in forward
    assert "s01-new" not in forward
    assert "s01-old" not in forward


def test_an_interface_in_a_network_without_segment_has_no_name() -> None:
    made = zones(estate(machine("s01-adm01", "198.19.128.9", where="management")))
    assert all("s01-adm01" not in zone.text(1) for zone in made.values())


def test_the_servers_of_the_platform_have_a_name_that_stays() -> None:
    mirror = machine("platform-lgwan-mirror01", "198.18.128.12", role="mirror")
    assert "mirror IN CNAME platform-lgwan-mirror01" in records(
        zones(estate(mirror, kind="platform"))["lgwan.kyotsu.test"]
    )
    assert "CNAME" not in zones(estate(mirror, kind="hosted"))["lgwan.kyotsu.test"].text(1)


def test_the_name_servers_are_those_that_the_networks_name() -> None:
    assert name_servers(estate()) == {
        "lgwan": ("198.18.128.2", "198.18.128.3", "198.18.192.2", "198.18.192.3"),
        "mynumber": ("198.19.0.2", "198.19.0.3"),
    }
    made = zones(estate())["mynumber.kyotsu.test"]
    assert records(made) == [
        "@ IN NS ns1.mynumber.kyotsu.test.",
        "@ IN NS ns2.mynumber.kyotsu.test.",
        "ns1 IN A 198.19.0.2",
        "ns2 IN A 198.19.0.3",
    ]


def test_a_zone_file_says_its_origin_its_serial_and_its_servers() -> None:
    zone = zones(estate(machine("s01-db01", "198.18.128.5")))["128.18.198.in-addr.arpa"]
    lines = zone.text(2026112400).splitlines()
    assert lines[0].startswith("; Segment lgwan")
    assert lines[1] == "$ORIGIN 128.18.198.in-addr.arpa."
    assert lines[3].startswith("@ IN SOA ns1.lgwan.kyotsu.test. hostmaster.lgwan.kyotsu.test. 2026112400 ")
    assert tuple(lines[4:]) == zone.records


def test_the_order_of_the_files_does_not_matter() -> None:
    first, second = machine("s01-db01", "198.18.128.5"), machine("s01-ap01", "198.18.128.6")
    assert zones(estate(first, second)) == zones(estate(second, first))


def test_names_are_lower_case_and_the_domain_can_be_given() -> None:
    upper = machine("S01-WEB01", "198.18.128.7")
    assert host_name(upper, "lgwan") == "s01-web01.lgwan.kyotsu.test"
    forward = next(iter(zones_of(estate(upper), domain="example.test")))
    assert forward.name == "lgwan.example.test"
    assert "s01-web01 IN A 198.18.128.7" in records(forward)


def test_an_estate_without_networks_has_no_zones() -> None:
    assert zones_of(Estate(systems=(), platform=make_platform(networks=()))) == ()
