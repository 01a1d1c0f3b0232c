"""Look-ups of the estate and what follows from its values."""

from __future__ import annotations

import uuid

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    backup_of,
    mac_address,
    patching_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Backup, Patching
from tests.support.builders import make_estate, make_machine, make_system


def test_look_ups_find_what_the_lists_hold() -> None:
    machine = make_machine()
    system = make_system("s01", machine)
    estate = make_estate(system)
    assert estate.system_by_id == {"s01": system}
    assert estate.machine_by_name == {machine.name: (system, machine)}
    assert list(estate.machines()) == [(system, machine)]
    assert list(estate.desktop_pools()) == []
    assert estate.cluster_by_name["lgwan"].vcenter == "vc-kyotsu"
    assert estate.network_by_id["lgwan-servers"].port_group == "pg-lgwan-servers"
    assert estate.flavour_by_id["m8"].memory_gb == 8
    assert estate.image_by_id["debian-12"].os_family == "debian"


def test_the_identity_is_a_uuid_of_the_estate_and_the_key_and_of_nothing_else() -> None:
    estate = make_estate()
    first = estate.instance_uuid(make_machine("a"))
    assert uuid.UUID(first).version == 5
    assert first == estate.instance_uuid(make_machine("a", name="b", cpu=1))
    assert first != estate.instance_uuid(make_machine("b"))
    assert estate.instance_uuid(make_machine("a", instance_uuid="found")) == "found"


def test_the_identity_of_a_key_never_changes() -> None:
    # A machine that exists is known by this value: another way to compute it would make every machine a stranger.
    assert make_estate().instance_uuid(make_machine("s01-db-1")) == "426e01c0-edea-5229-a0c4-47c3832a97ba"


def test_a_size_comes_from_the_flavour_or_from_both_numbers() -> None:
    estate = make_estate()
    assert estate.size(make_machine()) == (2, 8)
    assert estate.size(make_machine(flavour=None, cpu=3, memory_gb=5)) == (3, 5)
    with pytest.raises(ValueError, match="neither a flavour nor both"):
        estate.size(make_machine(flavour=None, cpu=3))


def test_a_machine_inherits_from_its_system_what_it_does_not_say() -> None:
    system, machine = make_system(), make_machine()
    assert status_of(system, machine) == "in-service"
    assert patching_of(system, machine) is system.patch
    assert backup_of(system, machine) is system.backup
    patching, backup = Patching(wave="w", window="x"), Backup(backup_class="b", offsite=True)
    own = make_machine(status="retired", patch=patching, backup=backup)
    assert status_of(system, own) == "retired"
    assert patching_of(system, own) is patching
    assert backup_of(system, own) is backup


@pytest.mark.parametrize(
    ("address", "mac"),
    [
        ("198.18.0.1", "00:50:56:12:00:01"),
        ("198.19.255.254", "00:50:56:13:ff:fe"),
        ("10.255.1.2", "00:50:56:3f:01:02"),
        ("10.0.0.0", "00:50:56:00:00:00"),
    ],
)
def test_a_mac_address_stays_in_the_range_for_addresses_set_by_hand(address: str, mac: str) -> None:
    assert mac_address(address) == mac


def test_addresses_of_the_estate_give_different_mac_addresses() -> None:
    addresses = [f"198.{second}.{third}.7" for second in (18, 19) for third in range(256)]
    assert len({mac_address(address) for address in addresses}) == len(addresses)
