"""What a machine without guests is told in place of a failure."""

from __future__ import annotations

import pytest

from scripts import run_checks


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
