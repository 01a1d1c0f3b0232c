"""What a machine without guests is told in place of a failure."""

from __future__ import annotations

import pathspec
import pytest

from scripts import run_checks
from tests.support.yaml_files import read_yaml

# YAML that is data: other checks and the schemas look at it.
DATA = ("platform", "systems", "tests/data", "tests/support/estates")


def test_ansible_lint_leaves_no_yaml_out_but_data() -> None:
    left_out = pathspec.GitIgnoreSpec.from_lines(read_yaml(run_checks.REPOSITORY / ".ansible-lint")["exclude_paths"])
    folders = {path for path in run_checks.REPOSITORY.iterdir() if path.is_dir() and path.name != "collections"}
    files = {
        path.relative_to(run_checks.REPOSITORY)
        for folder in folders
        if not folder.name.startswith(".")
        for path in folder.rglob("*.yml")
    }
    assert len(files) > 200
    hidden = {path for path in files if left_out.match_file(path) and not any(map(path.is_relative_to, DATA))}
    assert hidden == set()


def test_the_halves_of_ansible_lint_have_nothing_in_common_and_leave_nothing_out() -> None:
    first, second = run_checks.ansible_lint_steps()
    folders = first.command[3:]
    assert folders == second.command[4:] == ("playbooks/", "roles/", "plugins/")
    assert second.command[3] == "--exclude"
    # Without folders of its own the second takes everything else.
    assert first.command[:3] == second.command[:3]


@pytest.fixture
def without_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.guests.requirements.missing", lambda: ["CAP_SYS_ADMIN is withheld", "no loop devices"])


@pytest.mark.usefixtures("without_guests")
def test_a_scenario_that_boots_guests_is_skipped_with_its_reason_and_no_other_is() -> None:
    booting = {name for name in run_checks.scenarios() if run_checks.boots_guests(name)}
    assert {"baseline", "patch"} <= booting
    assert not {"plan", "foundation", "provision", "drift", "collect", "validate"} & booting
    step = run_checks.molecule_step("baseline")
    assert step.skipped == "cannot run here: CAP_SYS_ADMIN is withheld; no loop devices"
    assert not run_checks.molecule_step("provision").skipped


def test_where_guests_run_nothing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.guests.requirements.missing", list)
    assert not run_checks.molecule_step("baseline").skipped


@pytest.mark.usefixtures("without_guests")
def test_a_skipped_step_is_not_run_and_not_called_ok(capsys: pytest.CaptureFixture[str]) -> None:
    finished = run_checks.run(run_checks.Step("nothing", ("/does/not/exist",), skipped="cannot run here: no root"))
    row = run_checks.table([finished]).splitlines()[-1]
    assert row.split()[:2] == ["nothing", "skipped"]
    assert row.endswith("cannot run here: no root")
    assert "cannot run here: no root" in capsys.readouterr().out


@pytest.mark.usefixtures("without_guests")
def test_who_asks_for_that_scenario_alone_is_not_told_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["run_checks", "molecule", "--scenario", "baseline"])
    assert run_checks.main() == 1
    assert "skipped: molecule baseline; nothing was run" in capsys.readouterr().out
