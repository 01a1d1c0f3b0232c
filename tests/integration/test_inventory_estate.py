"""The inventory as an Ansible user meets it: the real commands over a small estate and over the real one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_estate import copy_small, edit

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = REPOSITORY / ".venv/bin"


def ansible(
    command: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), **(environment or {})},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


def listed(source: Path | str, *arguments: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    finished = ansible("ansible-inventory", "-i", str(source), "--list", *arguments, environment=environment)
    assert finished.returncode == 0, finished.stderr
    content: dict[str, Any] = json.loads(finished.stdout)
    return content


def hosts_of_pattern(source: Path | str, pattern: str, limit: str | None = None) -> list[str]:
    limits = ["--limit", limit] if limit else []
    finished = ansible("ansible", "-i", str(source), pattern, "--list-hosts", *limits)
    assert finished.returncode == 0, finished.stderr
    return sorted(line.strip() for line in finished.stdout.splitlines()[1:])


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A copy of the small estate with an inventory beside it."""
    repository = copy_small(tmp_path)
    write_source(repository)
    return repository


def write_source(estate: Path, *lines: str) -> Path:
    folder = estate / "inventory"
    folder.mkdir(exist_ok=True)
    (folder / "estate.yml").write_text(
        "\n".join(["plugin: kyotsu.platform.estate", "repository: ..", *lines, ""]), encoding="utf-8"
    )
    return folder


def test_the_graph_of_the_small_estate_reads_as_a_table_of_contents(estate: Path) -> None:
    finished = ansible("ansible-inventory", "-i", str(estate / "inventory"), "--graph", "systems")
    assert finished.stdout.splitlines() == [
        "@systems:",
        "  |--@system_s02_public_assistance:",
        "  |  |--s02-db01",
        "  |  |--s02-ap01",
        "  |  |--s02-ap02",
        "  |--@system_s13_common_codes:",
        "  |  |--s13-db01",
        "  |--@system_vdi_lgwan:",
        "  |  |--vdi-lgwan-staff",
    ]


def test_patterns_and_limits_work_as_everywhere_in_ansible(estate: Path) -> None:
    inventory = estate / "inventory"
    assert hosts_of_pattern(inventory, "system_s02_*:&role_ap") == ["s02-ap01", "s02-ap02"]
    assert hosts_of_pattern(inventory, "machines", limit="role_db") == ["s02-db01", "s13-db01"]
    assert hosts_of_pattern(inventory, "machines:!s02-*") == ["s13-db01"]


def test_groups_and_variables_of_the_users_own_are_added(estate: Path) -> None:
    source = write_source(
        estate,
        "strict: true",
        "keyed_groups: [{key: kyotsu_window, prefix: window}]",
        "groups: {has_one_disk: kyotsu_disks | length == 1}",
        "compose: {first_network: 'kyotsu_nics[0].network'}",
        "use_extra_vars: false",
    )
    # The pool has neither window nor NIC: strict says so, which is what strict is for.
    finished = ansible("ansible-inventory", "-i", str(source), "--list")
    assert finished.returncode != 0
    source = write_source(
        estate,
        "keyed_groups: [{key: kyotsu_window, prefix: window}]",
        "groups: {has_one_disk: kyotsu_disks | length == 1}",
        "compose: {first_network: 'kyotsu_nics[0].network'}",
    )
    content = listed(source)
    assert "s02-ap01" in content["has_one_disk"]["hosts"]
    assert content["_meta"]["hostvars"]["s02-ap01"]["first_network"]
    assert any(name.startswith("window_") for name in content)


def test_ansibles_own_cache_is_used_until_it_is_flushed(estate: Path) -> None:
    environment = {
        "ANSIBLE_INVENTORY_CACHE": "true",
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(estate / "ansible-cache"),
    }
    source = estate / "inventory"
    before = listed(source, environment=environment)
    (estate / "systems" / "s13-common-codes.yml").unlink()
    assert listed(source, environment=environment) == before
    (estate / "systems" / "s02-public-assistance.yml").write_text("", encoding="utf-8")
    assert ansible(
        "ansible-inventory", "-i", str(source), "--list", "--flush-cache", environment=environment
    ).returncode


def test_a_changed_file_is_seen_at_once(estate: Path) -> None:
    source = estate / "inventory"
    assert listed(source)["_meta"]["hostvars"]["s13-db01"]["kyotsu_role"] == "db"
    file = estate / "systems" / "s13-common-codes.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("role: db", "role: batch"), encoding="utf-8")
    assert listed(source)["_meta"]["hostvars"]["s13-db01"]["kyotsu_role"] == "batch"


@pytest.mark.parametrize(
    "command",
    [
        ("ansible-inventory", "--list"),
        ("ansible", "machines", "--list-hosts"),
        ("ansible-playbook", "playbooks/plan.yml"),
    ],
)
def test_a_broken_estate_ends_the_run_with_all_mistakes_and_no_traceback(estate: Path, command: Sequence[str]) -> None:
    (estate / "systems" / "s13-common-codes.yml").write_text("", encoding="utf-8")
    (estate / "systems" / "s99-unknown.yml").write_text("id: s98\n", encoding="utf-8")
    finished = ansible(command[0], "-i", str(estate / "inventory"), *command[1:])
    assert finished.returncode != 0
    assert "systems/s13-common-codes.yml:1: [" in finished.stderr
    assert "systems/s99-unknown.yml:1: [" in finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout


def test_the_real_estate_has_every_machine_as_a_host_and_localhost_in_no_group_of_machines() -> None:
    content = listed("inventory/lab")
    machines = content["machines"]["hosts"]
    assert len(machines) == len(set(machines)) > 100
    assert content["ungrouped"]["hosts"] == ["localhost"]
    assert all("localhost" not in group.get("hosts", []) for name, group in content.items() if name != "ungrouped")
    assert not set(machines) & set(content["desktop_pools"]["hosts"])
    assert hosts_of_pattern("inventory/lab", "segment_lgwan:&role_db:&machines")


def test_the_graph_of_the_real_estate_names_each_sort_of_group_once() -> None:
    finished = ansible("ansible-inventory", "-i", "inventory/lab", "--graph")
    first_level = [line[6:-1] for line in finished.stdout.splitlines() if line.startswith("  |--@")]
    assert set(first_level) == {
        "ungrouped", "systems", "owners", "segments", "roles", "os_families", "waves", "backup_classes", "statuses",
        "clusters", "vcenters", "equipment", "machines", "desktop_pools", "offsite",
    }  # fmt: skip
    assert len(first_level) == 15


def test_a_text_with_braces_is_never_evaluated(estate: Path) -> None:
    edit(estate, "systems/s13-common-codes.yml", "\nname: ", "\nname: '{{ 6 * 7 }}' #")
    variables = listed(estate / "inventory")["_meta"]["hostvars"]["s13-db01"]
    assert variables["kyotsu_system_name"] == {"__ansible_unsafe": "{{ 6 * 7 }}"}
    shown = ansible(
        "ansible", "-i", str(estate / "inventory"), "s13-db01", "-m", "debug", "-a", "var=kyotsu_system_name"
    )
    assert "{{ 6 * 7 }}" in shown.stdout
