"""kyotsu.platform.guest_patch in a guest that boots: what it sees, announces and does, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lab.paths import lab_paths
from tests.support.guest_lab import needs_guests
from tests.support.one_guest import OneGuest, one_guest

HOST, ADDRESS, MIRROR, CHANNEL = "s02-db01", "198.19.0.64", "198.19.7.12", "wave-3"
SERVICE = "kyotsu-sample-service"

pytestmark = needs_guests


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneGuest]:
    """A guest at the baseline; the tests of this file follow one another."""
    lab = lab_paths("patch-guest", tmp_path_factory.mktemp("lab"))
    with one_guest(lab, HOST, "mynumber", ADDRESS, MIRROR) as each:
        code, output, _ = each.playbook("baseline")
        assert code == 0, output
        yield each


def patch(guest: OneGuest, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """The module's result, through a play of its own."""
    answer = guest.folder / "answer.json"
    task = {"kyotsu.platform.guest_patch": arguments, "register": "answer", "ignore_errors": True}
    keep = {
        "ansible.builtin.copy": {"content": "{{ answer | to_json }}", "dest": str(answer), "mode": "0600"},
        "delegate_to": "localhost",
        "become": False,
        "check_mode": False,
    }
    play = {"hosts": HOST, "gather_facts": False, "become": True, "tasks": [task, keep]}
    (guest.folder / "patch.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    answer.unlink(missing_ok=True)
    code, output, _ = guest.playbook(str(guest.folder / "patch"), *(["--check"] if check else []))
    assert code == 0, output
    result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return result


def installed(guest: OneGuest) -> dict[str, str]:
    """Packages as dpkg tells them, past the module."""
    listed = guest.inside("dpkg-query", "--show", "--showformat", "${Package} ${Version}\n")
    return dict(line.split() for line in listed.splitlines())


def test_1_a_look_tells_what_dpkg_and_the_kernel_tell(guest: OneGuest) -> None:
    found = patch(guest)
    assert not found["changed"]
    assert found["guest"]["packages"] == installed(guest)
    assert found["guest"]["kernel"] == guest.inside("uname", "-r").strip()
    assert SERVICE in found["guest"]["services"]
    assert found["guest"]["unfinished"] == []
    assert found["guest"]["free_mb"]["/"] > 0
    assert not found["guest"]["restart_needed"]


def test_2_with_nothing_new_on_the_mirror_nothing_is_done(guest: OneGuest) -> None:
    found = patch(guest, state="upgraded")
    assert (found["changed"], found["upgrades"]) == (False, [])


def test_3_check_mode_announces_exactly_what_is_then_done(guest: OneGuest) -> None:
    guest.mirror.promote(CHANNEL, "patch-2026-11", approved_by="A")
    before = installed(guest)
    announced = patch(guest, check=True, state="upgraded", hold=["tzdata"])
    assert installed(guest) == before
    assert announced["changed"]
    done = patch(guest, state="upgraded", hold=["tzdata"])
    assert done["upgrades"] == announced["upgrades"]
    after = installed(guest)
    assert {each["package"]: (each["before"], each["after"]) for each in done["upgrades"]} == {
        name: (before[name], after[name]) for name in after if before.get(name) != after[name]
    }
    assert after["tzdata"] == before["tzdata"]
    assert after[SERVICE] == "1.1"
    assert done["guest"]["packages"] == after


def test_4_programs_with_replaced_libraries_ask_for_a_restart(guest: OneGuest) -> None:
    found = patch(guest)["guest"]
    assert found["restart_needed"]
    assert "sshd" in found["stale_processes"]


def test_5_what_was_held_comes_when_it_is_let_go_and_a_second_run_does_nothing(guest: OneGuest) -> None:
    assert [each["package"] for each in patch(guest, state="upgraded")["upgrades"]] == ["tzdata"]
    assert patch(guest, state="upgraded")["upgrades"] == []


def test_6_without_room_nothing_is_touched_and_the_place_is_named(guest: OneGuest) -> None:
    guest.mirror.promote(CHANNEL, "patch-2026-12", approved_by="A")
    before = installed(guest)
    found = patch(guest, state="upgraded", reserve_mb=1_000_000)
    assert found["failed"]
    assert found["msg"].startswith("/ has ")
    assert "make room first" in found["msg"]
    assert installed(guest) == before


def test_7_a_package_left_half_done_stops_the_patch_by_name(guest: OneGuest) -> None:
    before = installed(guest)
    half = "s/^Status: .*/Status: install ok half-configured/"
    guest.inside("sed", "-i", f"/^Package: sudo$/,/^$/{half}", "/var/lib/dpkg/status")
    found = patch(guest, state="upgraded")
    assert found["failed"]
    assert "packages are not brought to an end: sudo" in found["msg"]
    assert installed(guest) == before
    guest.inside("dpkg", "--configure", "-a")
    assert patch(guest)["guest"]["unfinished"] == []


def test_8_a_mirror_that_does_not_answer_is_no_proof_of_being_up_to_date(guest: OneGuest) -> None:
    source = "/etc/apt/sources.list.d/kyotsu.sources"
    guest.inside("sed", "-i", f"s/{MIRROR}/127.0.0.9/", source)
    found = patch(guest, state="upgraded")
    assert found["failed"]
    assert "apt-get update" in found["msg"]
    guest.inside("sed", "-i", f"s/127.0.0.9/{MIRROR}/", source)
    assert [each["after"] for each in patch(guest, check=True, state="upgraded")["upgrades"]] == ["1.2"]


def test_9_what_apt_keeps_back_is_told_unless_the_owner_holds_it(guest: OneGuest) -> None:
    guest.inside("apt-mark", "hold", SERVICE)
    found = patch(guest, state="planned")
    assert (found["upgrades"], found["kept_back"]) == ([], [SERVICE])
    found = patch(guest, state="planned", hold=[SERVICE])
    assert (found["upgrades"], found["kept_back"]) == ([], [])
    guest.inside("apt-mark", "unhold", SERVICE)
    assert patch(guest, state="planned")["kept_back"] == []


def test_10_a_guest_without_a_package_source_is_not_up_to_date(guest: OneGuest) -> None:
    source = "/etc/apt/sources.list.d/kyotsu.sources"
    guest.inside("mv", source, "/root/kyotsu.sources")
    found = patch(guest, state="planned")
    assert (found["failed"], found["ready"]) == (True, False)
    assert "no package source" in found["msg"]
    guest.inside("mv", "/root/kyotsu.sources", source)
