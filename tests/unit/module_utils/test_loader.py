"""Loading the estate: valid, invalid, cached."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils import cache, loader
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import check, inspect, load_estate
from tests.support.small_estate import AS_OF, ROOT, S02, S13, VDI, copy_small, edit, line_of


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small estate, written long enough ago to be cached."""
    repository = copy_small(tmp_path)
    settle(repository)
    return repository


def settle(repository: Path) -> None:
    earlier = time.time_ns() - 10_000_000_000
    for path in repository.rglob("*.*"):
        os.utime(path, ns=(earlier, earlier))


def test_the_estate_of_the_repository_is_valid() -> None:
    assert [finding for finding in check(ROOT, AS_OF) if finding.severity == "error"] == []


def test_systems_come_in_the_order_of_their_ids_with_their_defaults(small: Path) -> None:
    estate = load_estate(small, as_of=AS_OF).estate
    assert [system.id for system in estate.systems] == ["s02", "s13", "vdi-lgwan"]
    machine = estate.machine_by_name["s02-ap02"][1]
    assert (machine.power, machine.stateless, estate.size(machine)) == ("on", False, (3, 6))
    assert estate.platform.clusters[0].cpu_overcommit_ratio == 4.0


def test_everything_has_its_place_after_a_load_without_cache(small: Path) -> None:
    context = load_estate(small, as_of=AS_OF).context
    assert context is not None
    assert context.place(("systems", 0, "machines", 1, "nics", 0, "address")) == (
        S02,
        line_of(small, S02, "198.19.0.65"),
    )
    assert context.place(("networks", 1, "vlan_id")) == (
        "platform/networks.yml",
        line_of(small, "platform/networks.yml", "215"),
    )


def test_all_errors_are_raised_together(small: Path) -> None:
    edit(small, S02, "flavour: m8", "flavour: m9")
    edit(small, S13, "role: db", "rolle: db")
    with pytest.raises(InvalidEstate) as raised:
        load_estate(small, as_of=AS_OF)
    assert [(finding.rule, finding.file) for finding in raised.value.findings] == [("E-04", S02), ("E-03", S13)]
    assert str(raised.value).endswith("2 errors, 0 warnings")


def test_warnings_are_returned(small: Path) -> None:
    edit(small, "platform/equipment.yml", "2030-03-31", "2026-11-23")
    assert [finding.rule for finding in load_estate(small, as_of=AS_OF).findings] == ["T-01"]


def test_a_second_load_is_served_from_the_cache_and_is_equal(small: Path) -> None:
    edit(small, "platform/equipment.yml", "2030-03-31", "2026-11-23")
    settle(small)
    first = load_estate(small, as_of=AS_OF)
    second = load_estate(small, as_of=AS_OF)
    assert second.context is None
    assert (first.estate, first.findings, first.fingerprint) == (second.estate, second.findings, second.fingerprint)


def test_using_an_estate_does_not_change_what_is_cached(small: Path) -> None:
    assert load_estate(small, as_of=AS_OF).estate.machine_by_name
    body = (small / ".cache" / cache.NAME).read_bytes()
    assert b"machine_by_name" not in body


@pytest.mark.parametrize("file", [S13, "platform/networks.yml", "systems/_schema/system.schema.json"])
def test_any_touched_file_is_read_again(small: Path, file: str) -> None:
    load_estate(small, as_of=AS_OF)
    os.utime(small / file)
    assert load_estate(small, as_of=AS_OF).context is not None


def test_another_day_is_judged_anew(small: Path) -> None:
    load_estate(small, as_of=AS_OF)
    assert [finding.rule for finding in load_estate(small, as_of=date(2030, 1, 1)).findings] != []


def test_a_new_version_of_the_code_reads_again(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_estate(small, as_of=AS_OF)
    monkeypatch.setattr(loader, "CODE_VERSION", "next")
    assert load_estate(small, as_of=AS_OF).context is not None


def test_an_invalid_estate_is_never_cached(small: Path) -> None:
    edit(small, S13, "owner: org-302", "owner: org-999")
    settle(small)
    for _ in range(2):
        with pytest.raises(InvalidEstate):
            load_estate(small, as_of=AS_OF)
    assert not (small / ".cache").exists()


def test_a_file_written_this_very_moment_is_not_cached(small: Path) -> None:
    # Its time stamp cannot tell it from one written again within the same tick of the clock.
    os.utime(small / S13)
    load_estate(small, as_of=AS_OF)
    assert not (small / ".cache").exists()


def test_a_damaged_cache_is_read_past(small: Path) -> None:
    load_estate(small, as_of=AS_OF)
    path = small / ".cache" / cache.NAME
    path.write_bytes(path.read_bytes()[:-100])
    assert load_estate(small, as_of=AS_OF).context is not None
    assert load_estate(small, as_of=AS_OF).context is None


def test_the_cache_may_be_elsewhere_or_not_used(small: Path, tmp_path: Path) -> None:
    load_estate(small, as_of=AS_OF, use_cache=False)
    load_estate(small, as_of=AS_OF, cache_directory=tmp_path / "cache")
    assert not (small / ".cache").exists()
    assert load_estate(small, as_of=AS_OF, cache_directory=tmp_path / "cache").context is None


def test_the_fingerprint_follows_names_and_contents_not_times(small: Path) -> None:
    before = inspect(small, AS_OF).fingerprint
    os.utime(small / S13)
    assert inspect(small, AS_OF).fingerprint == before
    edit(small, S13, "小規模", "大規模")
    assert inspect(small, AS_OF).fingerprint != before


def test_the_cached_estate_of_the_repository_loads_within_20_ms(tmp_path: Path) -> None:
    load_estate(ROOT, as_of=AS_OF, cache_directory=tmp_path)
    times = []
    for _ in range(5):
        # Computing, not the clock: what else the machine does says nothing about the cache.
        start = time.process_time()
        loaded = load_estate(ROOT, as_of=AS_OF, cache_directory=tmp_path)
        times.append(time.process_time() - start)
    assert loaded.context is None
    assert min(times) < 0.020


def rules_and_files(repository: Path) -> list[tuple[str, str]]:
    return [(finding.rule, finding.file) for finding in check(repository, AS_OF)]


@pytest.mark.parametrize("line", ["same: 1", "new{}: 1", "    - no"])
def test_a_file_with_very_many_mistakes_does_not_flood_the_list(small: Path, line: str) -> None:
    lines = "\n".join(line.format(number) for number in range(5000))
    edit(small, S13, "id: s13\n", f"id: s13\nlist:\n{lines}\n" if "-" in line else f"id: s13\n{lines}\n")
    findings = check(small, AS_OF)
    assert len(findings) == 51
    assert "has more mistakes than are shown here" in {finding.message.en for finding in findings}


def test_a_missing_platform_file_is_told_once(small: Path) -> None:
    (small / "platform/networks.yml").unlink()
    assert rules_and_files(small) == [("E-02", "platform/networks.yml")]


def test_a_missing_schema_is_told_and_nothing_passes_without_it(small: Path) -> None:
    (small / "systems/_schema/system.schema.json").unlink()
    assert rules_and_files(small) == [("E-02", "systems/_schema/system.schema.json")]


@pytest.mark.parametrize("content", ["{", '{"type": "strin"}', "[]", "\udcff"])
def test_a_schema_that_cannot_be_used_is_told(small: Path, content: str) -> None:
    (small / "systems/_schema/system.schema.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    assert rules_and_files(small) == [("E-03", "systems/_schema/system.schema.json")]


def test_a_schema_that_allows_more_than_the_model_is_told_at_the_field(small: Path) -> None:
    schema = small / "systems/_schema/system.schema.json"
    schema.write_text('{"type": "object"}', encoding="utf-8")
    edit(small, S13, "size_gb: 40", "size_gb: forty")
    (finding,) = check(small, AS_OF)
    assert (finding.rule, finding.line) == ("E-03", line_of(small, S13, "forty"))
    assert finding.message.en == "passes the schema but not the model: Expected `int`, got `str`"


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    assert rules_and_files(tmp_path) == [("E-02", "platform"), ("E-02", "systems")]


@pytest.mark.parametrize("name", ["systems/more", "platform/more"])
def test_a_folder_that_would_be_overlooked_is_told(small: Path, name: str) -> None:
    (small / name).mkdir()
    assert rules_and_files(small) == [("E-01", name)]


def test_an_unknown_platform_file_is_told(small: Path) -> None:
    (small / "platform/extra.yml").write_text("a: 1", encoding="utf-8")
    assert rules_and_files(small) == [("E-01", "platform/extra.yml")]


def test_what_editors_leave_behind_and_notes_do_not_matter(small: Path) -> None:
    (small / "systems/.s13.yml.swp").write_bytes(b"\x00")
    (small / "systems/.#s13.yml").symlink_to("nowhere")
    (small / "systems/README.md").write_text("notes", encoding="utf-8")
    assert rules_and_files(small) == []


def test_a_link_or_folder_named_as_a_system_is_told(small: Path) -> None:
    (small / VDI).unlink()
    (small / VDI).symlink_to(small / S13)
    (small / "systems/s99.yml").mkdir()
    assert rules_and_files(small) == [("E-02", "systems/s99.yml"), ("E-02", VDI)]


@pytest.mark.parametrize(("name", "shown"), [(b"s\xff.yml", r"s\udcff.yml"), (b"s\n.yml", r"s\n.yml")])
def test_a_name_that_nobody_can_print_is_told_escaped(small: Path, name: bytes, shown: str) -> None:
    (small / "systems" / os.fsdecode(name)).write_text("a: 1", encoding="utf-8")
    assert rules_and_files(small) == [("E-01", f"systems/{shown}")]
