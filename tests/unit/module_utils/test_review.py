"""What a change means, from two states of the small estate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import LIVE, explain_difference
from ansible_collections.kyotsu.platform.plugins.module_utils.review import REVIEW, Review, Side, review
from ansible_collections.kyotsu.platform.plugins.module_utils.review_text import (
    review_data,
    review_markdown,
    review_text,
)
from tests.support.small_estate import AS_OF, S02, S13, VDI, copy_small, edit

Change = Callable[[Path], None]


def reviewed(tmp_path: Path, *edits: tuple[str, str, str], also: Change | None = None) -> Review:
    before, after = copy_small(tmp_path / "before"), copy_small(tmp_path / "after")
    for file, old, new in edits:
        edit(after, file, old, new)
    if also is not None:
        also(after)
    return review(Side("base", inspect(before, AS_OF)), Side("head", inspect(after, AS_OF)), AS_OF)


def lines(found: Review, system: str = "s02") -> list[str]:
    return [line.text.en for each in found.systems if each.id == system for line in each.lines]


def test_nothing_changes(tmp_path: Path) -> None:
    found = reviewed(tmp_path)
    assert (found.ok, found.risk, found.systems, found.platform, found.clusters) == (True, "none", (), (), ())
    assert review_text(found).startswith("Review: valid; nothing changes")


def test_more_memory_needs_a_power_cycle_in_the_window_and_keeps_n_plus_1(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "memory_gb: 6", "memory_gb: 12"))
    assert found.ok
    assert lines(found) == ["memory of s02-ap02 6 -> 12 GiB"]
    assert found.systems[0].lines[0].text.ja == "s02-ap02 のメモリ 6 → 12 GiB"
    assert found.risk == found.systems[0].risk == "reboot"
    assert [each.text.en for each in found.clusters] == [
        "cluster kyotsu-mynumber keeps N+1, memory 14 % -> 19 %, CPU 11 % -> 11 %"
    ]
    assert [(each.window, each.objects, f"{each.opens:%Y-%m-%d %H:%M}") for each in found.windows] == [
        ("saturday-night", ("s02-ap02",), "2026-11-28 21:00")
    ]
    text = review_text(found, "both")
    assert "memory of s02-ap02 6 -> 12 GiB, power cycle / s02-ap02 のメモリ 6 → 12 GiB、電源の入れ直しを伴う" in text


def test_a_renamed_machine_is_neither_destroyed_nor_made(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "name: s02-ap02", "name: s02-ap09"))
    assert lines(found) == ["machine s02-ap02 renamed to s02-ap09 (key s02-ap-2 stays)"]
    assert found.plan is not None
    assert {(each.action, each.field) for each in found.plan.changes} == {("update", "name")}


def test_a_renamed_file_is_the_same_system(tmp_path: Path) -> None:
    def rename(repository: Path) -> None:
        (repository / S13).rename(repository / "systems/s13-codes.yml")
        edit(repository, "systems/s13-codes.yml", "slug: common-codes", "slug: codes")

    found = reviewed(tmp_path, also=rename)
    assert lines(found, "s13")[0] == f"file {S13} renamed to systems/s13-codes.yml"
    assert found.systems[0].action == "changed"
    assert found.plan is not None
    assert found.plan.changes == ()


def test_a_system_under_a_new_id_keeps_its_machines(tmp_path: Path) -> None:
    def rename(repository: Path) -> None:
        (repository / S02).rename(repository / "systems/s03-public-assistance.yml")
        edit(repository, "systems/s03-public-assistance.yml", "id: s02", "id: s03")

    found = reviewed(tmp_path, also=rename)
    assert lines(found, "s03")[0] == "system s02 renamed to s03 (its machines keep their keys)"
    assert [each.id for each in found.systems if each.action in ("added", "removed")] == []


def test_a_system_of_desktops_under_a_new_id_keeps_its_pools(tmp_path: Path) -> None:
    def rename(repository: Path) -> None:
        file = "systems/vdi-staff.yml"
        (repository / VDI).rename(repository / file)
        edit(repository, file, "id: vdi-lgwan", "id: vdi-staff")
        edit(repository, file, "count: 20", "count: 25")

    found = reviewed(tmp_path, also=rename)
    assert [(each.id, each.action) for each in found.systems] == [("vdi-staff", "changed")]
    assert lines(found, "vdi-staff")[0] == "system vdi-lgwan renamed to vdi-staff (its machines keep their keys)"
    assert any("20 -> 25" in line for line in lines(found, "vdi-staff"))


def test_everything_about_a_system_renamed_and_changed_at_once(tmp_path: Path) -> None:
    def rename(repository: Path) -> None:
        file = "systems/s03-welfare.yml"
        (repository / S02).rename(repository / file)
        for old, new in (
            ("id: s02", "id: s03"),
            ("slug: public-assistance", "slug: welfare"),
            ("name: s02-ap02", "name: s03-ap02"),
            ("memory_gb: 6", "memory_gb: 12"),
            ("owner: org-301", "owner: org-302"),
        ):
            edit(repository, file, old, new)

    found = reviewed(tmp_path, also=rename)
    assert lines(found, "s03") == [
        "system s02 renamed to s03 (its machines keep their keys)",
        "file systems/s02-public-assistance.yml renamed to systems/s03-welfare.yml",
        "owner org-301 -> org-302",
        "slug public-assistance -> welfare",
        "machine s02-ap02 renamed to s03-ap02 (key s02-ap-2 stays)",
        "memory of s03-ap02 6 -> 12 GiB",
    ]
    assert found.plan is not None
    assert "machine" not in {each.kind for each in found.plan.changes if each.action == "create"}


def test_a_machine_renamed_and_changed_at_once(tmp_path: Path) -> None:
    found = reviewed(
        tmp_path,
        (S02, "name: s02-ap02", "name: s02-ap09"),
        (S02, "memory_gb: 6", "memory_gb: 12"),
        (S02, "198.19.0.66", "198.19.0.99"),
    )
    assert lines(found) == [
        "machine s02-ap02 renamed to s02-ap09 (key s02-ap-2 stays)",
        "memory of s02-ap09 6 -> 12 GiB",
        "interface 1 of s02-ap09 mynumber-servers 198.19.0.66 -> mynumber-servers 198.19.0.99",
    ]
    assert found.windows[0].objects == ("s02-ap09",)


def test_two_machines_that_swap_their_names_are_two_renames_that_need_a_third_name(tmp_path: Path) -> None:
    found = reviewed(
        tmp_path,
        (S02, "name: s02-ap01", "name: x"),
        (S02, "name: s02-ap02", "name: s02-ap01"),
        (S02, "name: x", "name: s02-ap02"),
    )
    assert lines(found) == [
        "machine s02-ap01 renamed to s02-ap02 (key s02-ap-1 stays)",
        "machine s02-ap02 renamed to s02-ap01 (key s02-ap-2 stays)",
    ]
    assert (found.ok, found.plan.changes if found.plan else None) == (False, ())
    assert all("need a third name in between" in each.reason.en for each in found.refusals)
    assert all("一方を仮の名称にしてから" in each.reason.ja for each in found.refusals)
    assert {(each.rule, each.severity) for each in found.findings.broken} == {("Y-02", "warning")}


def test_a_key_in_the_file_of_another_system_is_a_machine_that_moves(tmp_path: Path) -> None:
    def move(repository: Path) -> None:
        text = (repository / S02).read_text(encoding="utf-8")
        start, end = text.index("  - key: s02-ap-2"), text.index("assumed:")
        machine = text[start:end].replace("    pair: ap\n", "")
        (repository / S02).write_text(text[:start] + text[end:], encoding="utf-8")
        edit(repository, S02, "    pair: ap\n", "")
        here = machine.replace("mynumber-servers", "lgwan-servers").replace("198.19.0.66", "198.18.128.99")
        edit(repository, S13, "assumed:", f"{here}assumed:")

    found = reviewed(tmp_path, also=move)
    assert lines(found, "s13")[0] == "s02-ap02 moves from system s02 to s13"
    assert not any("no longer described" in line for line in lines(found))
    assert not any("added" in line for line in lines(found, "s13"))
    # It would have to change its vCenter, which no verb does.
    assert [each.reason.en.partition(":")[0] for each in found.refusals] == [
        "it is in vCenter vc-mynumber and described here"
    ]


def test_a_machine_is_added(tmp_path: Path) -> None:
    machine = (
        "  - {key: s02-web-1, name: s02-web01, role: web, flavour: m4, image: debian-12,\n"
        "     nics: [{network: mynumber-servers, address: 198.19.0.70}],\n"
        "     disks: [{name: system, size_gb: 40, tier: standard, mount: /}]}\n"
    )
    found = reviewed(tmp_path, (S02, "assumed:", f"{machine}assumed:"))
    assert lines(found) == [
        "machine s02-web01 added (web; 2 vCPU, 4 GiB, 40 GiB, mynumber-servers 198.19.0.70)",
    ]
    assert [each.text.en for each in found.tape] == [
        "tape-daily-offsite: full backup to tape 320 -> 360 GiB, off-site 320 -> 360 GiB"
    ]


def test_what_a_disk_takes_and_what_goes_to_tape(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "size_gb: 200, tier: fast", "size_gb: 300, tier: fast"))
    assert lines(found) == ["disk data of s02-db01 200 -> 300 GiB"]
    assert found.risk == "none"
    assert "tier fast of kyotsu-mynumber 200 -> 300 GiB, 29 % -> 43 % of what may be filled" in [
        each.text.en for each in found.storage
    ]
    assert found.tape[0].after.offsite_gb - found.tape[0].before.offsite_gb == 100


def test_a_shrunk_disk_is_refused_as_a_live_plan_would(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "size_gb: 200, tier: fast", "size_gb: 100, tier: fast"))
    assert not found.ok
    assert "disks are never shrunk" in found.refusals[0].reason.en
    assert review_text(found).startswith("Review: refused;")


def test_a_new_address_interrupts(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "198.19.0.65", "198.19.0.69"))
    assert lines(found) == ["interface 1 of s02-ap01 mynumber-servers 198.19.0.65 -> mynumber-servers 198.19.0.69"]
    assert found.risk == "reboot"


def test_wave_owner_and_backup_class_are_told_once_per_system(tmp_path: Path) -> None:
    found = reviewed(
        tmp_path,
        (S02, "wave: wave-1", "wave: canary"),
        (S02, "backup_class: tape-daily-offsite", "backup_class: tape-daily"),
        (S13, "owner: org-302", "owner: org-301"),
    )
    assert lines(found) == ["patch wave wave-1 -> canary", "backup class tape-daily-offsite -> tape-daily"]
    assert lines(found, "s13") == ["owner org-302 -> org-301"]


def test_a_broken_rule_is_told_once_and_a_mended_one_too(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S13, "owner: org-302", "owner: org-999"))
    assert [each.rule for each in found.findings.broken] == ["E-04"]
    assert found.findings.satisfied == ()
    assert (found.ok, found.plan) == (False, None)
    assert "risk and refusals are told once the errors are mended" in review_text(found)


def test_a_mended_rule(tmp_path: Path) -> None:
    before, after = copy_small(tmp_path / "before"), copy_small(tmp_path / "after")
    edit(before, S13, "owner: org-302", "owner: org-999")
    found = review(Side("base", inspect(before, AS_OF)), Side("head", inspect(after, AS_OF)), AS_OF)
    assert found.ok
    assert [each.rule for each in found.findings.satisfied] == ["E-04"]
    assert "the base has errors of its own" in review_text(found)


def test_a_finding_that_only_moves_to_another_line_is_not_new(tmp_path: Path) -> None:
    before, after = copy_small(tmp_path / "before"), copy_small(tmp_path / "after")
    for repository in (before, after):
        edit(repository, S13, "owner: org-302", "owner: org-999")
    edit(after, S13, "id: s13", "# A comment.\nid: s13")
    found = review(Side("base", inspect(before, AS_OF)), Side("head", inspect(after, AS_OF)), AS_OF)
    assert (found.findings.broken, found.findings.satisfied) == ((), ())
    assert [each.rule for each in found.findings.standing] == ["E-04"]


def test_a_file_that_disappears_while_its_machines_exist(tmp_path: Path) -> None:
    def remove(repository: Path) -> None:
        (repository / VDI).unlink()
        edit(repository, S02, "  - {system: s13, reason: {ja: コード, en: Codes}}\n", "")
        (repository / S13).unlink()

    found = reviewed(tmp_path, also=remove)
    assert [(each.rule, each.object) for each in found.errors if each.rule == "Y-03"] == [
        ("Y-03", "s13"),
        ("Y-03", "vdi-lgwan"),
    ]
    assert not found.ok


def test_a_machine_goes_through_retiring(tmp_path: Path) -> None:
    # Not str.format: the text itself has braces.
    retirement = 'retirement: {date: "2026-11-01", reason: {ja: 終了, en: Over}, requested_by: a, approved_by: b}'
    old, new = "    name: s02-ap02\n", "    name: s02-ap02\n    status: STATUS\n    " + retirement + "\n"
    at_once = reviewed(tmp_path / "at-once", (S02, old, new.replace("STATUS", "retired")))
    assert "Y-03" in {each.rule for each in at_once.errors}

    before, after = copy_small(tmp_path / "retiring"), copy_small(tmp_path / "retired")
    edit(before, S02, old, new.replace("STATUS", "retiring"))
    edit(after, S02, old, new.replace("STATUS", "retired"))
    sides = Side("base", inspect(before, AS_OF)), Side("head", inspect(after, AS_OF))
    found = review(*sides, AS_OF)
    assert [each for each in found.errors if each.rule == "Y-03"] == []
    assert found.refusals == (), "the decommissioning is what the change records"


def test_the_platform_changes_under_everybody(tmp_path: Path) -> None:
    found = reviewed(tmp_path, ("platform/networks.yml", "vlan_id: 310", "vlan_id: 311"))
    assert found.risk == "outage"
    assert any("vlan id 310 -> 311" in line.text.en or "VLAN" in line.text.ja for line in found.platform)
    assert found.windows[0].window


def test_a_flavour_changes_the_machines_that_have_it(tmp_path: Path) -> None:
    found = reviewed(
        tmp_path, ("platform/images.yml", "{id: m8, cpu: 2, memory_gb: 8}", "{id: m8, cpu: 2, memory_gb: 9}")
    )
    assert lines(found) == ["memory of s02-db01 8 -> 9 GiB"]


def test_an_unreadable_platform_leaves_the_findings(tmp_path: Path) -> None:
    found = reviewed(tmp_path, also=lambda repository: (repository / "platform/networks.yml").unlink())
    assert (found.ok, found.plan, found.systems) == (False, None, ())


def test_the_plan_of_a_review_is_of_a_kind_that_no_verb_takes(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "memory_gb: 6", "memory_gb: 12"))
    assert found.plan is not None
    assert found.plan.kind == REVIEW != LIVE
    live = {**found.plan.document(), "kind": LIVE}
    assert "it is a plan of kind 'review'" in explain_difference(found.plan.document(), live)


def test_data_for_machines(tmp_path: Path) -> None:
    data = review_data(reviewed(tmp_path, (S02, "memory_gb: 6", "memory_gb: 12")))
    assert (data["ok"], data["risk"], data["plan"]["kind"]) == (True, "reboot", "review")
    assert data["systems"][0]["lines"][0]["risk"] == "reboot"
    assert data["clusters"][0]["text"]["ja"].startswith("クラスタ kyotsu-mynumber は N+1 を維持")


@pytest.mark.parametrize("hostile", ["<b>", "[x](https://example.org)", "a|b"])
def test_markdown_keeps_names_from_being_markup(tmp_path: Path, hostile: str) -> None:
    found = reviewed(tmp_path, (S02, "name_en: Public assistance", f"name_en: 'Public {hostile}'"))
    text = review_markdown(found)
    assert hostile not in text
    assert "Public" in text


def test_markdown_fits_into_a_comment(tmp_path: Path) -> None:
    found = reviewed(tmp_path, (S02, "memory_gb: 6", "memory_gb: 12"))
    assert "the whole review is in the artifact" in review_markdown(found, limit=200)
    assert len(review_markdown(found, limit=200)) < 400
