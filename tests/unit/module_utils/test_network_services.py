"""Entries of machines in zones and target lists: who is in them, whose change, and what is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import (
    FileChange,
    NetworkServices,
    NetworkServicesError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences, holding
from tests.support.small_estate import copy_small, edit

DAY = date(2026, 11, 24)
FORWARD = "lgwan/lgwan.kyotsu.test.zone"
# Machines of the small estate that are in the segment lgwan.
OLD, NEW = "198.18.128.240", "198.18.128.241"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_small(tmp_path)


@pytest.fixture
def services(tmp_path: Path) -> NetworkServices:
    return services_in(tmp_path)


def services_in(folder: Path, *reload: str) -> NetworkServices:
    return NetworkServices(
        zones=folder / "zones",
        targets=folder / "targets",
        silences=FileSilences(folder / "silences.json"),
        reload=(reload,) if reload else (),
    )


def estate_of(repository: Path) -> Estate:
    return load_estate(repository).estate


def names_of(estate: Estate) -> list[str]:
    return [machine.name for _, machine in estate.machines()]


def register(
    services: NetworkServices,
    repository: Path,
    names: Collection[str] | None = None,
    *,
    today: date = DAY,
    absent: Collection[str] = (),
    check: bool = False,
) -> tuple[FileChange, ...]:
    return services.register(estate_of(repository), names, today=today, absent=absent, check=check)


def serial(services: NetworkServices, file: str = FORWARD) -> int:
    return int((services.zones / file).read_text().splitlines()[3].split()[5])


def watched(services: NetworkServices, segment: str = "lgwan") -> list[str]:
    entries = json.loads((services.targets / f"{segment}.json").read_text())
    return [entry["labels"]["instance"] for entry in entries]


def machine_at(repository: Path, address: str) -> str:
    return next(machine.name for _, machine in estate_of(repository).machines() if machine.nics[0].address == address)


def test_all_machines_get_names_and_monitoring_and_a_second_run_changes_nothing(
    services: NetworkServices, repository: Path
) -> None:
    assert register(services, repository)
    text = "".join(file.read_text() for file in services.zones.rglob("*.zone"))
    for name in names_of(estate_of(repository)):
        assert f"{name} IN A " in text
        assert f" IN PTR {name}." in text
    assert watched(services) == sorted(watched(services))
    assert register(services, repository, today=DAY + timedelta(days=3)) == ()


def test_check_mode_says_the_same_and_leaves_nothing_behind(services: NetworkServices, repository: Path) -> None:
    said = register(services, repository, check=True)
    assert not services.zones.exists()
    assert not services.targets.exists()
    assert register(services, repository) == said
    assert all(change.before is None and change.path.read_text() == change.after for change in said)


def test_serial_is_that_of_the_day_and_rises_with_each_change_and_with_nothing_else(
    services: NetworkServices, repository: Path
) -> None:
    register(services, repository)
    assert serial(services) == 2026112400
    mynumber = [file for file in services.zones.rglob("*.zone") if file.parent.name == "mynumber"]
    before = [file.read_bytes() for file in mynumber]
    edit(repository, "systems/s13-common-codes.yml", OLD, NEW)
    register(services, repository)
    assert serial(services) == 2026112401
    edit(repository, "systems/s13-common-codes.yml", NEW, OLD)
    register(services, repository, today=DAY - timedelta(days=9))  # a clock that goes wrong
    assert serial(services) == 2026112402
    edit(repository, "systems/s13-common-codes.yml", OLD, NEW)
    register(services, repository, today=DAY + timedelta(days=1))
    assert serial(services) == 2026112500
    assert [file.read_bytes() for file in mynumber] == before


def test_limited_run_changes_the_entries_of_its_machines_only(services: NetworkServices, repository: Path) -> None:
    moved = machine_at(repository, OLD)
    others = [name for name in names_of(estate_of(repository)) if name != moved]
    register(services, repository, others)
    text = (services.zones / FORWARD).read_text()
    assert f"{moved} IN A" not in text
    assert moved not in watched(services)
    register(services, repository, [moved])
    assert f"{moved} IN A {OLD}" in (services.zones / FORWARD).read_text()
    assert moved in watched(services)
    edit(repository, "systems/s13-common-codes.yml", OLD, NEW)
    assert register(services, repository, others) == ()
    assert f"{moved} IN A {OLD}" in (services.zones / FORWARD).read_text()
    register(services, repository, [moved])
    assert f"{moved} IN A {NEW}" in (services.zones / FORWARD).read_text()
    assert "240 IN PTR" not in (services.zones / "lgwan/128.18.198.in-addr.arpa.zone").read_text()


def test_machine_by_machine_gives_the_same_files_as_all_at_once(tmp_path: Path, repository: Path) -> None:
    one, all_at_once = services_in(tmp_path / "one"), services_in(tmp_path / "all")
    for name in reversed(names_of(estate_of(repository))):
        register(one, repository, [name])
    register(all_at_once, repository)
    for file in all_at_once.zones.rglob("*.zone"):
        other = one.zones / file.relative_to(all_at_once.zones)
        assert other.read_text().splitlines()[4:] == file.read_text().splitlines()[4:]
    assert watched(one) == watched(all_at_once)


def test_machine_that_could_not_be_made_gets_no_entry_and_loses_none(
    services: NetworkServices, repository: Path
) -> None:
    missing = machine_at(repository, OLD)
    register(services, repository, absent=[missing])
    assert missing not in watched(services)
    assert f"{missing} IN A" not in (services.zones / FORWARD).read_text()
    register(services, repository)
    assert register(services, repository, absent=[missing]) == ()


def test_removed_machine_is_in_no_file_and_others_stay(services: NetworkServices, repository: Path) -> None:
    register(services, repository)
    gone = machine_at(repository, OLD)
    before, kept = serial(services), watched(services)
    assert services.remove([gone], today=DAY, check=True)
    assert serial(services) == before
    assert {change.path.name for change in services.remove([gone], today=DAY)} == {
        "lgwan.kyotsu.test.zone", "128.18.198.in-addr.arpa.zone", "lgwan.json",
    }  # fmt: skip
    assert gone not in "".join(file.read_text() for file in services.zones.rglob("*.zone"))
    assert watched(services) == [name for name in kept if name != gone]
    assert serial(services) == before + 1
    assert services.remove([gone], today=DAY) == ()


def test_whole_run_takes_away_what_is_not_described_and_a_limited_one_does_not(
    services: NetworkServices, repository: Path
) -> None:
    register(services, repository)
    gone = machine_at(repository, OLD)
    stranger = services.zones / "lgwan" / "77.18.198.in-addr.arpa.zone"
    stranger.write_bytes((services.zones / "lgwan/128.18.198.in-addr.arpa.zone").read_bytes())
    name = gone[:-2] + "77"
    edit(repository, "systems/s13-common-codes.yml", f"name: {gone}", f"name: {name}")
    register(services, repository, [name])
    assert {gone, name} <= set(watched(services))
    assert stranger.exists()
    register(services, repository)
    assert gone not in watched(services)
    assert f"{gone} IN A" not in (services.zones / FORWARD).read_text()
    assert not stranger.exists()


def test_servers_are_reloaded_when_something_changed_and_again_after_a_failure(
    tmp_path: Path, repository: Path
) -> None:
    log, works = tmp_path / "log", tmp_path / "works"
    code = (
        "import pathlib, sys\n"
        f"open({str(log)!r}, 'a').write('x')\n"
        f"sys.exit(None if pathlib.Path({str(works)!r}).exists() else 'no route')"
    )
    services = services_in(tmp_path, sys.executable, "-c", code)
    with pytest.raises(NetworkServicesError, match=r"no route\. The files are written"):
        register(services, repository)
    works.touch()
    assert register(services, repository) == ()
    assert log.read_text() == "xx"
    assert register(services, repository) == ()
    assert log.read_text() == "xx"


@pytest.mark.parametrize("content", ["", "what is this\n", "a\nb\nc\nd\ne\n"])
def test_zone_file_of_somebody_else_is_not_written_over(
    services: NetworkServices, repository: Path, content: str
) -> None:
    register(services, repository)
    (services.zones / FORWARD).write_text(content)
    with pytest.raises(NetworkServicesError, match=r"lgwan\.kyotsu\.test\.zone: .*move it away"):
        register(services, repository)
    assert (services.zones / FORWARD).read_text() == content


def test_record_that_a_person_has_added_is_refused_by_its_line(services: NetworkServices, repository: Path) -> None:
    register(services, repository)
    file = services.zones / FORWARD
    file.write_text(file.read_text() + "printer 300 IN A 198.18.128.9\n")
    with pytest.raises(NetworkServicesError, match="printer 300 IN A"):
        register(services, repository)


@pytest.mark.parametrize("content", ["{", "{}x", '[{"targets": []}]', "[1]"])
def test_target_list_of_somebody_else_is_not_written_over(
    services: NetworkServices, repository: Path, content: str
) -> None:
    register(services, repository)
    (services.targets / "lgwan.json").write_text(content)
    with pytest.raises(NetworkServicesError, match=r"lgwan\.json: no target list"):
        register(services, repository)


def test_folder_that_cannot_be_made_is_said_with_its_name(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "zones").write_text("a file")
    with pytest.raises(NetworkServicesError, match=r"zones: .*correct the inventory"):
        register(services_in(tmp_path), repository)


def test_silences_of_several_machines_begin_once_and_end_together(services: NetworkServices) -> None:
    start = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    end = start + timedelta(hours=2)
    made = services.silence(["s02-db01", "s02-ap01"], start, end, contact="A", reason="CHG-1")
    assert services.silence(["s02-ap01", "s02-db01"], start, end, contact="A", reason="CHG-1") == made
    services.silence(["s02-ap01"], start, end, contact="A", reason="CHG-2")
    ended = services.end_silence(["s02-ap01", "s02-db01"], start + timedelta(hours=1), reason="CHG-1")
    assert [each.id for each in ended] == [each.id for each in made]
    assert [each.reason for each in holding(services.silences, start)] == ["CHG-2"]
    assert services.end_silence(["s02-ap01"], end) != ()
    assert holding(services.silences, start) == ()
