"""What a restored machine is where it comes to."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import (
    NoDestination,
    beside,
    mounts_of,
    own_place,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    FirstBoot,
    FirstBootNetwork,
    Item,
    ObservedVCenter,
)
from tests.support.manifests import make_manifest
from tests.support.vcenter_lab import CLUSTERS, datastores_of, desired_machine, hosts_of

MANIFEST = make_manifest()
STORES = [name for cluster in CLUSTERS for name in datastores_of(cluster)]


def machine() -> DesiredMachine:
    network = FirstBootNetwork(mac="00:50:56:12:00:32", address="198.18.0.50/24", gateway=None, dns_servers=())
    return replace(
        desired_machine("s01-db-1"),
        name="s01-db01",
        first_boot=FirstBoot(hostname="s01-db01", networks=(network,), mounts=("/", "/srv/data")),
    )


def vcenter() -> ObservedVCenter:
    items = [Item(kind="host", name=host, properties={"cluster": each}) for each in CLUSTERS for host in hosts_of(each)]
    items += [
        Item(kind="datastore", name=name, properties={"hosts": hosts_of(cluster)})
        for cluster in CLUSTERS
        for name in datastores_of(cluster)
    ]
    return ObservedVCenter(
        id="vc-lab",
        instance_uuid="",
        datacenter="dc",
        items=tuple(items),
        machines=(),
        references={},
        free_gb={},
        calls=0,
    )


def room(**free: float) -> Placement:
    return Placement({}, {name: free.get(name.replace("-", "_"), 1000.0) for name in STORES})


def test_the_machine_itself_gets_its_identity_its_addresses_and_its_labels() -> None:
    made = own_place(MANIFEST, machine(), vcenter(), room())
    assert (made.name, made.instance_uuid, made.identity) == ("s01-db01", machine().instance_uuid, True)
    assert [(card.port_group, card.mac, card.connected) for card in made.cards] == [("pg-a", "00:50:56:12:00:32", True)]
    assert made.attributes == machine().attributes
    assert made.tags == machine().tags


def test_a_copy_has_no_key_no_tags_no_address_and_no_connection() -> None:
    made = beside(MANIFEST, machine(), vcenter(), room(), name="look", purpose="restore")
    assert (made.name, made.instance_uuid, made.identity, made.tags) == ("look", None, False, {})
    assert made.attributes == {"kyotsu-origin": "restored"}
    assert [(card.mac, card.connected) for card in made.cards] == [(None, False)]
    assert not made.power_on


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["hosted", "hosted/s01"], "hosted/s01"),
        (["hosted", "hosted/s011", "quarantine"], "hosted"),  # it went with its system
        (["quarantine"], "hosted/s01"),  # nothing of it is there: the import says so
    ],
)
def test_where_its_folder_is_gone_a_machine_comes_to_the_one_above(folders: list[str], expected: str) -> None:
    there = replace(vcenter(), items=(*vcenter().items, *(Item(kind="folder", name=name) for name in folders)))
    gone = replace(machine(), folder="hosted/s01")
    assert own_place(MANIFEST, gone, there, room()).folder == expected
    assert beside(MANIFEST, gone, there, room(), name="look", purpose="restore").folder == expected


def test_a_copy_is_connected_only_to_the_port_group_that_is_named_for_it() -> None:
    made = beside(MANIFEST, machine(), vcenter(), room(), name="look", purpose="restore", port_group="pg-b")
    assert [(card.port_group, card.mac, card.connected) for card in made.cards] == [("pg-b", None, True)]


def test_a_copy_is_told_what_the_original_is_told() -> None:
    own = own_place(MANIFEST, machine(), vcenter(), room())
    copy = beside(MANIFEST, machine(), vcenter(), room(), name="look", purpose="restore")
    assert own.options == copy.options
    told: dict[str, Any] = json.loads(b64decode(copy.options["guestinfo.metadata"]))
    assert told["instance-id"] == machine().instance_uuid
    assert copy.options["guestinfo.kyotsu.disk1"] == "/srv/data"


def test_who_connects_knows_the_restored_machine_by_its_host_key() -> None:
    manifest = make_manifest(vcenter=dict(MANIFEST.vcenter) | {"host_key": "ssh-ed25519 AAAA"})
    made = own_place(manifest, machine(), vcenter(), room())
    assert made.options["guestinfo.kyotsu.hostkey"] == "ssh-ed25519 AAAA"
    assert "guestinfo.kyotsu.hostkey" not in own_place(MANIFEST, machine(), vcenter(), room()).options


def test_disks_come_to_the_datastore_of_the_tier_with_most_space() -> None:
    made = own_place(MANIFEST, machine(), vcenter(), room())
    assert made.datastores == ("cluster-a-fast-01", "cluster-a-standard-01")


def test_another_cluster_takes_its_own_datastores() -> None:
    made = own_place(MANIFEST, machine(), vcenter(), room(cluster_b_fast_01=10.0), cluster="cluster-b")
    assert (made.cluster, made.datastores) == ("cluster-b", ("cluster-b-standard-01", "cluster-b-standard-01"))


def test_a_disk_goes_back_to_where_it_lay_when_there_is_room() -> None:
    vcenter_then = dict(MANIFEST.vcenter)
    disks = [dict(disk) | {"datastore": "cluster-a-standard-01"} for disk in vcenter_then["disks"]]
    manifest = make_manifest(vcenter=vcenter_then | {"disks": disks})
    assert own_place(manifest, machine(), vcenter(), room()).datastores == ("cluster-a-standard-01",) * 2


def test_without_room_or_without_the_cluster_nothing_is_made() -> None:
    full = Placement({}, dict.fromkeys(STORES, 25.0))
    with pytest.raises(NoDestination, match="disk0 of s01-db01 needs 30 GiB"):
        own_place(MANIFEST, machine(), vcenter(), full)
    with pytest.raises(NoDestination, match="cluster nowhere has no host"):
        own_place(MANIFEST, machine(), vcenter(), room(), cluster="nowhere")


def test_the_system_disk_is_never_told_as_a_mount() -> None:
    assert mounts_of(("/", None, "/srv/data")) == {"guestinfo.kyotsu.disk2": "/srv/data"}
