from __future__ import annotations

import json

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.hosts import Hosts, group_name, hosts_of
from tests.unit.inventory.sample import estate


@pytest.fixture(scope="module")
def hosts() -> Hosts:
    return hosts_of(estate())


def groups_with(hosts: Hosts, host: str) -> set[str]:
    return {group for group, members in hosts.members.items() if host in members}


def test_a_machine_is_in_the_groups_of_everything_that_it_is(hosts: Hosts) -> None:
    assert groups_with(hosts, "s01-db01") == {
        "machines",
        "system_s01_official_documents",
        "owner_org_2_childrens_bureau",
        "segment_lgwan",
        "role_db",
        "os_debian",
        "wave_1",
        "backup_tape_daily",
        "status_in_service",
        "cluster_kyotsu_lgwan",
        "vcenter_vc_kyotsu",
        "equipment_kyotsu",
    }


def test_what_a_machine_says_itself_goes_before_its_system(hosts: Hosts) -> None:
    assert {"status_planned", "wave_test", "backup_tape_daily_offsite", "offsite", "os_windows"} <= groups_with(
        hosts, "s01-web01"
    )
    variables = hosts.variables["s01-web01"]
    assert variables["kyotsu_instance_uuid"] == "42000000-0000-4000-8000-000000000001"
    assert (variables["kyotsu_cpu"], variables["kyotsu_memory_gb"]) == (3, 6)
    assert variables["kyotsu_window"] == "saturday-night"


def test_the_variables_of_a_machine_are_what_roles_need(hosts: Hosts) -> None:
    assert hosts.variables["s01-db01"] == {
        "ansible_host": "198.18.128.48",
        "kyotsu_system": "s01",
        "kyotsu_system_name": "例システム",
        "kyotsu_segment": "lgwan",
        "kyotsu_owner": "org-3",
        "kyotsu_cluster": "kyotsu-lgwan",
        "kyotsu_vcenter": "vc-kyotsu",
        "kyotsu_key": "s01-db-1",
        "kyotsu_instance_uuid": estate().instance_uuid(estate().systems[0].machines[0]),
        "kyotsu_role": "db",
        "kyotsu_status": "in-service",
        "kyotsu_cpu": 2,
        "kyotsu_memory_gb": 8,
        "kyotsu_disks": [{"name": "system", "size_gb": 40, "tier": "standard", "mount": "/"}],
        "kyotsu_nics": [
            {
                "network": "lgwan-servers",
                "address": "198.18.128.48",
                "prefix_length": 22,
                "gateway": "198.18.128.1",
                "mac": "00:50:56:12:80:30",
            }
        ],
        "kyotsu_image": "debian-12",
        "kyotsu_os_family": "debian",
        "kyotsu_wave": "wave-1",
        "kyotsu_window": "weeknight",
        "kyotsu_freezes": ["accounts-closing"],
        "kyotsu_backup_class": "tape-daily",
        "kyotsu_offsite": False,
    }


def test_a_retired_machine_and_the_machines_of_a_retired_system_are_no_hosts(hosts: Hosts) -> None:
    assert set(hosts.variables) == {"s01-db01", "s01-web01", "vdi-lgwan-broker01", "vdi-lgwan-pool01"}


def test_a_pool_of_three_thousand_desktops_is_one_host_and_no_machine(hosts: Hosts) -> None:
    assert hosts.members["desktop_pools"] == ["vdi-lgwan-pool01"]
    assert "vdi-lgwan-pool01" not in hosts.members["machines"]
    assert hosts.variables["vdi-lgwan-pool01"]["kyotsu_count"] == 3000
    assert "system_vdi_lgwan" in groups_with(hosts, "vdi-lgwan-pool01")


def test_the_graph_nests_divisions_below_bureaus_and_every_group_below_its_sort(hosts: Hosts) -> None:
    assert hosts.children["owners"] == ["owner_org_1_welfare", "owner_org_4_office"]
    assert hosts.children["owner_org_1_welfare"] == ["owner_org_2_childrens_bureau"]
    assert hosts.children["systems"] == ["system_s01_official_documents", "system_vdi_lgwan"]
    below = {group for children in hosts.children.values() for group in children}
    assert set(hosts.members) - below == {"machines", "desktop_pools", "offsite"}


def test_hosts_survive_ansibles_cache_which_is_json(hosts: Hosts) -> None:
    assert json.loads(json.dumps(vars(hosts))) == vars(hosts)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("system", "s01", "official-documents"), "system_s01_official_documents"),
        (("owner", "org-235", "Medical Examiner's Office"), "owner_org_235_medical_examiners_office"),
        (("system", "vdi-lgwan", ""), "system_vdi_lgwan"),
        (("owner", "org-1", "福祉部"), "owner_org_1"),
    ],
)
def test_a_group_name_is_one_that_ansible_accepts(parts: tuple[str, ...], name: str) -> None:
    assert group_name(*parts) == name
