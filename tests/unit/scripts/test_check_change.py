"""What a branch is checked for, by what it touches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import changed_systems, check_change
from tests.support.git_estate import GitEstate, git_estate
from tests.support.small_estate import ROOT, S02, S13

SYSTEM = "systems/s02-public-assistance.yml"


@pytest.fixture
def estate(tmp_path: Path) -> GitEstate:
    return git_estate(tmp_path)


def names(files: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Steps after the review, without asking git which systems change."""
    monkeypatch.setattr("scripts.run_checks.change_environment", dict)
    return [step.name for step in check_change.further_steps(files)]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ([SYSTEM], "systems"),
        ([SYSTEM, "docs/ci.md", "README.md", "approvals/CHG-1.yml"], "systems"),
        ([], "systems"),
        ([SYSTEM, "platform/networks.yml"], "platform"),
        (["platform/_schema/sites.schema.json"], "code"),
        (["approvals/_schema/approval.schema.json"], "code"),
        ([SYSTEM, "plugins/module_utils/gate.py"], "code"),
        (["Makefile"], "code"),
        (["requirements.txt"], "code"),
    ],
)
def test_the_widest_reach_counts(files: list[str], kind: str) -> None:
    assert check_change.kind(files) == kind


def test_a_change_of_data_is_built_in_a_lab_and_lints_its_own_files_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names([SYSTEM], monkeypatch) == ["yamllint", "molecule default", "data"]
    (yamllint, _, _) = check_change.further_steps([SYSTEM])
    assert list(yamllint.command)[-1] == SYSTEM
    assert names(["platform/networks.yml"], monkeypatch) == ["yamllint", "reference", "molecule default", "data"]


def test_a_removed_file_is_not_linted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(["systems/s99-gone.yml"], monkeypatch) == ["molecule default", "data"]


def test_a_page_alone_needs_no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(["docs/ci.md"], monkeypatch) == []


def test_code_is_linted_typed_and_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    found = names(["scripts/review.py"], monkeypatch)
    assert {"ruff", "ansible-lint", "mypy", "reference", "unit and data"} <= set(found)
    assert "molecule default" not in found


@pytest.mark.parametrize("data", [SYSTEM, "platform/networks.yml"])
def test_data_beside_code_is_built_in_a_lab_too(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = names(["scripts/review.py", data], monkeypatch)
    assert {"ruff", "mypy", "unit and data", "molecule default"} <= set(found)


def test_a_schema_alone_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "molecule default" not in names(["platform/_schema/sites.schema.json"], monkeypatch)


def test_data_needs_no_browser_and_no_database() -> None:
    assert check_change.tools([SYSTEM]) == check_change.tools(["platform/networks.yml"]) == "setup-lab"
    assert check_change.tools(["scripts/review.py"]) == "setup-tests"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in makefile for target in ("setup-lab", "setup-tests"))


def test_files_of_the_branch_and_not_those_of_main(estate: GitEstate) -> None:
    estate.git("switch", "--quiet", "--create", "branch")
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    estate.commit("More memory")
    estate.git("switch", "--quiet", "main")
    estate.edit(S13, "owner: org-302", "owner: org-301")
    estate.commit("Another owner")
    estate.git("switch", "--quiet", "branch")
    assert check_change.changed_files("main", estate.repository) == [S02]
    (estate.repository / "new file").write_text("1")
    (estate.repository / S13).unlink()
    assert check_change.changed_files("main", estate.repository) == ["new file", S02, S13]


def test_an_unknown_base(estate: GitEstate) -> None:
    with pytest.raises(ValueError, match="merge-base"):
        check_change.changed_files("origin/nowhere", estate.repository)
    with pytest.raises(SystemExit) as end:
        check_change.main(["--base", "origin/nowhere", "--list"])
    assert end.value.code == 2


def test_the_scenario_is_about_changed_systems_and_one_that_stays(estate: GitEstate) -> None:
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    found = changed_systems.changed_systems("HEAD", estate.repository)
    assert (found["before"], found["after"], found["control"]) == (["s02"], ["s02"], "s13")
    assert found["base"] == estate.git("rev-parse", "HEAD")


def test_a_renamed_system_has_its_old_id_on_the_side_of_the_base(estate: GitEstate) -> None:
    (estate.repository / S02).rename(estate.repository / "systems/s03-public-assistance.yml")
    estate.edit("systems/s03-public-assistance.yml", "id: s02", "id: s03")
    found = changed_systems.changed_systems("HEAD", estate.repository)
    assert (found["before"], found["after"]) == (["s02"], ["s03"])


def test_without_a_base_the_last_commit_is_one(estate: GitEstate) -> None:
    found = changed_systems.changed_systems(None, estate.repository)
    assert (found["before"], found["after"]) == ([], [])


def test_patterns_name_groups_of_the_inventory() -> None:
    assert changed_systems.pattern(["s02", "infra-common"]) == "~^system_(s02|infra_common)(_.*)?$:localhost"
    assert changed_systems.pattern([]) == "localhost"


def test_the_command_prints_what_the_scenario_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert changed_systems.main(["--base", "HEAD"]) == 0
    scenario = (ROOT / "tests/molecule/default/molecule.yml").read_text(encoding="utf-8")
    variables = json.loads(capsys.readouterr().out)
    assert "${KYOTSU_LIMIT}" in scenario
    assert {"KYOTSU_BASE", "KYOTSU_BASE_LIMIT", "KYOTSU_LIMIT", "KYOTSU_CHANGED", "KYOTSU_CONTROL"} == set(variables)
    assert changed_systems.main(["--base", "no-such-commit"]) == 2
