"""What an engineer changes in the data: applied, held for the window, or refused; looked at from outside."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.support.estate_lab import (
    INSIDE_WINDOW,
    EstateLab,
    changed_fields,
    statuses,
)
from tests.support.small_estate import S02, S13

DB = "    name: s02-db01\n    role: db\n    flavour: m8\n"
DB_BIGGER = "    name: s02-db01\n    role: db\n    cpu: 2\n    memory_gb: 12\n"
# A Saturday night in the freeze of the payments.
IN_FREEZE = datetime.fromisoformat("2027-01-09T22:00+09:00")


def power_cycles(lab: EstateLab) -> tuple[int, int]:
    methods = lab.methods("vc-mynumber")
    off = methods.get("PowerOffVM_Task", 0) + methods.get("ShutdownGuest", 0)
    return off, methods.get("PowerOnVM_Task", 0)


def assert_nothing_is_left(lab: EstateLab) -> None:
    assert statuses(lab.provision(now=INSIDE_WINDOW)) == {}
    assert lab.differences() == []


def test_more_memory_waits_for_the_window_and_is_applied_in_it(few: EstateLab) -> None:
    few.edit(S02, DB, DB_BIGGER)
    few.reset_counters()
    waiting = few.provision()
    status, message = statuses(waiting)["s02-db01"]
    assert status == "held"
    assert "waits for window saturday-night, which opens 2026-11-28 21:00" in message
    assert not waiting.as_result()["changed"]
    assert few.writing_calls() == 0

    applied = few.provision(now=INSIDE_WINDOW)
    assert changed_fields(applied, "s02-db01") == ["memory_gb"]
    assert power_cycles(few) == (1, 1)
    assert_nothing_is_left(few)


def test_a_freeze_closes_the_window(few: EstateLab) -> None:
    few.edit(S02, DB, DB_BIGGER)
    few.reset_counters()
    status, message = statuses(few.provision(now=IN_FREEZE))["s02-db01"]
    assert status == "held"
    assert "frozen until 01-12" in message
    assert few.writing_calls() == 0


def test_an_emergency_with_a_reason_does_not_wait(few: EstateLab) -> None:
    few.edit(S02, DB, DB_BIGGER)
    applied = few.provision(emergency="memory is full, change 4711")
    assert changed_fields(applied, "s02-db01") == ["memory_gb"]
    assert any("memory is full, change 4711" in note for note in applied.notes)
    assert applied.digest in few.records("list", "--kind", "emergency").output
    assert_nothing_is_left(few)


def test_an_emergency_without_a_reason_is_none(few: EstateLab) -> None:
    few.edit(S02, DB, DB_BIGGER)
    assert statuses(few.provision(emergency="  "))["s02-db01"][0] == "held"


def test_what_interrupts_nobody_is_applied_while_the_rest_waits(few: EstateLab) -> None:
    few.edit(S02, DB, DB_BIGGER)
    few.edit(S02, "size_gb: 200", "size_gb: 300")
    last = "mount: /var/lib/postgresql}\n"
    few.edit(S02, last, f"{last}      - {{name: log, size_gb: 10, tier: fast, mount: /var/log}}\n")
    few.reset_counters()
    run = few.provision()
    assert changed_fields(run, "s02-db01") == ["disk+:log", "disk:data"]
    assert changed_fields(run, "s02-db01", "held") == ["memory_gb"]
    assert power_cycles(few) == (0, 0)
    assert few.differences() == ["s02-db01: memory_mb is 8192, described 12288"]
    assert statuses(few.provision(now=INSIDE_WINDOW))["s02-db01"][0] == "changed"
    assert_nothing_is_left(few)


def test_a_rename_keeps_the_machine(few: EstateLab) -> None:
    with few.machine("vc-mynumber", "s02-db01") as machine:
        before = (machine._moId, machine.config.instanceUuid)
    few.edit(S02, "name: s02-db01", "name: s02-database01")
    few.reset_counters()
    assert changed_fields(few.provision(), "s02-database01") == ["name"]
    assert few.methods("vc-mynumber").get("CloneVM_Task", 0) == 0
    with few.machine("vc-mynumber", "s02-database01") as machine:
        assert (machine._moId, machine.config.instanceUuid) == before
    assert_nothing_is_left(few)


def test_two_machines_that_swap_their_names_are_refused_or_swapped_but_never_made_anew(few: EstateLab) -> None:
    few.edit(S02, "name: s02-ap01", "name: s02-ap0X")
    few.edit(S02, "name: s02-ap02", "name: s02-ap01")
    few.edit(S02, "name: s02-ap0X", "name: s02-ap02")
    few.reset_counters()
    run = few.provision()
    assert {status for status, _ in statuses(run).values()} == {"refused"}
    assert few.writing_calls() == 0
    assert all("rename that one first" in message for _, message in statuses(run).values())


NEW_NETWORK = """  - id: lgwan-apps
    purpose: servers
    vcenter: vc-kyotsu
    switch: dvs-lgwan
    port_group: lgwan-apps
    vlan_id: 230
    cidr: 198.18.130.0/24
    gateway: 198.18.130.1
    ranges: [{purpose: machines, start: 198.18.130.11, end: 198.18.130.254}]
    basis: assumed
    segment: lgwan
  - id: management
"""


def test_another_port_group_needs_the_foundation_and_then_the_window(few: EstateLab) -> None:
    few.edit("platform/networks.yml", "  - id: management\n", NEW_NETWORK)
    few.edit(S13, "network: lgwan-servers, address: 198.18.128.240", "network: lgwan-apps, address: 198.18.130.20")
    few.reset_counters()
    early = few.provision(now=INSIDE_WINDOW)
    assert statuses(early)["s13-db01"][0] == "refused"
    assert few.writing_calls() == 0
    few.foundation()
    waiting = few.provision()
    assert changed_fields(waiting, "s13-db01", "held") == ["nic:0"]
    # The card's MAC address follows from its address, which is another one in another network.
    assert few.differences() == [
        "s13-db01: macs is ['00:50:56:12:80:f0'], described ['00:50:56:12:82:14']",
        "s13-db01: port_groups is ['lgwan-servers'], described ['lgwan-apps']",
    ]
    assert changed_fields(few.provision(now=INSIDE_WINDOW), "s13-db01") == ["nic:0"]
    assert_nothing_is_left(few)


def test_another_wave_is_another_tag(few: EstateLab) -> None:
    few.edit(S13, "wave: canary", "wave: wave-1")
    assert changed_fields(few.provision(), "s13-db01") == ["tag:kyotsu-wave"]
    with few.session("vc-kyotsu") as session, few.machine("vc-kyotsu", "s13-db01") as machine:
        attached = session.tagging.read().attached[machine._moId]
    assert attached == {"kyotsu-segment": "lgwan", "kyotsu-wave": "wave-1", "kyotsu-backup-class": "tape-daily"}
    assert_nothing_is_left(few)


NEW_SECTION = """  - id: org-303
    kind: section
    name: 運用グループ
    name_en: Operations group
    parent: org-202
    valid_from: "2018-04-01"
    basis: assumed
"""


def test_another_owner_is_another_attribute(few: EstateLab) -> None:
    few.edit("platform/organisations.yml", "  - {id: org-390,", f"{NEW_SECTION}  - {{id: org-390,")
    few.edit(S13, "owner: org-302", "owner: org-303")
    assert changed_fields(few.provision(), "s13-db01") == ["attribute:kyotsu-owner"]
    with few.session("vc-kyotsu") as session, few.machine("vc-kyotsu", "s13-db01") as machine:
        (field,) = [each.key for each in session.content.customFieldsManager.field if each.name == "kyotsu-owner"]
        assert [each.value for each in machine.customValue if each.key == field] == ["org-303"]
    assert_nothing_is_left(few)


THIRD_HOST = """      - name: esx13
        cpu_model: Xeon
        cpu_sockets: 2
        cpu_cores: 16
        cpu_threads: 32
        cpu_mhz: 2600
        memory_gb: 128
        serial: B3
      - {name: esx12,"""
THIRD = """  - key: s02-ap-3
    name: s02-ap03
    role: ap
    pair: ap
    flavour: m4
    image: debian-12
    nics: [{network: mynumber-servers, address: 198.19.0.67}]
    disks: [{name: system, size_gb: 40, tier: standard, mount: /}]
assumed: [owner, machines]
"""


def separated(lab: EstateLab) -> list[list[str]]:
    """Names of the machines of every anti-affinity rule."""
    with lab.session("vc-mynumber") as session:
        center = session.content.rootFolder.childEntity[0]
        return [
            sorted(machine.name for machine in rule.vm)
            for cluster in center.hostFolder.childEntity
            for rule in cluster.configurationEx.rule
        ]


def test_a_third_machine_joins_the_pair_that_is_kept_apart(few: EstateLab) -> None:
    assert separated(few) == [["s02-ap01", "s02-ap02"]]
    few.edit("platform/clusters.yml", "      - {name: esx12,", THIRD_HOST)
    few.edit(S02, "assumed: [owner, machines]\n", THIRD)
    few.start_again()
    few.foundation(now=INSIDE_WINDOW)
    run = few.provision()
    assert statuses(run)["s02-ap03"] == ("changed", "made")
    assert separated(few) == [["s02-ap01", "s02-ap02", "s02-ap03"]]
    assert_nothing_is_left(few)


def test_a_disk_is_never_shrunk_and_the_rest_is_done(few: EstateLab) -> None:
    few.edit(S02, "size_gb: 200", "size_gb: 150")
    few.edit(S13, "wave: canary", "wave: wave-1")
    few.reset_counters()
    run = few.provision(now=INSIDE_WINDOW)
    status, message = statuses(run)["s02-db01"]
    assert status == "refused"
    assert "200" in message
    assert statuses(run)["s13-db01"][0] == "changed"
    assert few.methods("vc-mynumber").get("ReconfigVM_Task", 0) == 0
    assert few.differences() == ["s02-db01: disks_gb is [40.0, 200.0], described [40, 150]"]


def test_a_disk_that_is_no_longer_described_is_kept(few: EstateLab) -> None:
    few.edit(S02, "      - {name: data, size_gb: 200, tier: fast, mount: /var/lib/postgresql}\n", "")
    few.reset_counters()
    assert statuses(few.provision(now=INSIDE_WINDOW))["s02-db01"][0] == "refused"
    assert few.writing_calls() == 0


def test_a_machine_that_is_no_longer_described_is_left_alone(few: EstateLab) -> None:
    text = (few.repository / S02).read_text(encoding="utf-8")
    second = text[text.index("  - key: s02-ap-2\n") : text.index("assumed:")]
    few.edit(S02, second, "")
    few.edit(S02, "    pair: ap\n", "")
    few.reset_counters()
    run = few.provision(now=INSIDE_WINDOW)
    assert run.as_result()["summary"]["changed"] == 0
    assert sorted((each.kind, each.label) for each in run.unmanaged) == [
        ("machine", "s02-ap02"),
        ("separation", "kyotsu-mynumber/s02-ap"),
    ]
    assert few.writing_calls() == 0


RETIREMENT = """retirement:
  date: "2026-11-01"
  reason: {ja: 統合, en: Merged}
  requested_by: org-302
  approved_by: org-302
  last_copy_years: 5
  records: {confirmed_on: "2026-10-30", confirmed_by: org-302, retention_ended: true, historical: none}"""


@pytest.mark.parametrize("status", ["retiring", "retired"])
def test_a_machine_on_its_way_out_is_not_touched(few: EstateLab, status: str) -> None:
    few.edit(S13, "status: in-service", f"status: {status}\n{RETIREMENT}")
    few.edit(S02, "  - {system: s13, reason: {ja: コード, en: Codes}}\n", "")
    few.reset_counters()
    run = few.provision(now=INSIDE_WINDOW)
    assert few.writing_calls() == 0
    assert run.as_result()["summary"]["changed"] == 0


def test_a_change_through_ansible_shows_its_difference(few: EstateLab) -> None:
    few.edit(S02, "size_gb: 200", "size_gb: 300")
    check = few.playbook("provision", "--check", "--diff", "--limit", "s02*")
    assert check.code == 0, check.output
    assert '-  "disk:data": 200' in check.output
    assert '+  "disk:data": 300' in check.output
    done = few.playbook("provision", "--limit", "s02*")
    assert done.code == 0, done.output
    assert "changed disk:data" in done.output
    assert few.differences() == []
