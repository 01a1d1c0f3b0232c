"""The evidence of a run over guests that boot says what is really in them, from the records and from the run's file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import read_run, write_run
from scripts import patch_evidence, patch_vulnerabilities
from tests.support.guest_lab import needs_guests
from tests.support.patch_lab import CHANGE, ROUND, PatchLab, patch_lab

GOOD, FULL = "s33-ap01", "s39-web02"
CONTENT = "patch-2026-11"

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatchLab]:
    """One guest that is patched and one without room, after the run."""
    with patch_lab(tmp_path_factory.mktemp("evidence"), "patch-evidence", (GOOD, FULL)) as running:
        running.approve(ROUND, CONTENT, ["s33", "s39"])
        for channel in ("canary", "wave-2"):
            running.mirror.promote(channel, CONTENT, approved_by="A")
        running.say(FULL, "dd if=/dev/zero of=/full bs=1M 2>/dev/null; rm -f /tmp/*; truncate -s -20M /full")
        run = running.patch()
        assert run.code == 2, run.output  # the one without room
        yield running


@pytest.fixture(scope="module")
def pack(lab: PatchLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The month's pack from the records."""
    return make(lab, tmp_path_factory.mktemp("pack"), "--database", lab.services.estate_lab.records_url)


def make(lab: PatchLab, output: Path, *source: str) -> Path:
    (run,) = lab.runs()
    began = run.started_at.astimezone(ZoneInfo("Asia/Tokyo")).date()
    month = f"{began:%Y-%m}"
    last = (began.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    arguments = ["--month", month, "--as-of", last.isoformat(), "--repository", str(lab.repository)]
    code = patch_evidence.main([*arguments, "--output", str(output), *source])
    # Machines of other systems whose time of the month has passed were in no run.
    assert code == patch_evidence.NEEDS_A_PERSON
    return output / month


def rows(pack: Path, owner: str, table: str, machine: str) -> list[dict[str, Any]]:
    document = json.loads((pack / f"{owner}.json").read_text(encoding="utf-8"))
    return [row for row in document["tables"][table]["rows"] if row["machine"] == machine]


def owner_of(lab: PatchLab, name: str) -> str:
    (run,) = lab.runs()
    return lab.outcomes(run)[name].owner


def test_packages_kernel_and_services_are_those_of_the_guest(lab: PatchLab, pack: Path) -> None:
    owner = owner_of(lab, GOOD)
    inside = lab.packages(GOOD)
    steps = rows(pack, owner, "package_steps", GOOD)
    assert "kyotsu-sample-service" in {step["package"] for step in steps}
    assert {step["package"]: step["after"] for step in steps} == {
        step["package"]: inside[step["package"]] for step in steps
    }
    (state,) = rows(pack, owner, "states", GOOD)
    assert state["kernel_after"] == lab.say(GOOD, "uname -r")
    assert state["packages"] == len(steps)
    assert state["stopped"] is None
    (result,) = rows(pack, owner, "results", GOOD)
    assert (result["result"], result["change"]) == ("適用済", CHANGE)


def test_real_vulnerabilities_are_closed_where_it_was_patched_and_open_where_not(lab: PatchLab, pack: Path) -> None:
    patched = json.loads((pack / f"{owner_of(lab, GOOD)}.json").read_text(encoding="utf-8"))["tables"]
    closed = [row for row in patched["closed_vulnerabilities"]["rows"] if row["system"] == "s33"]
    assert closed
    assert all(row["cve"].startswith("CVE-") for row in closed)
    skipped = json.loads((pack / f"{owner_of(lab, FULL)}.json").read_text(encoding="utf-8"))["tables"]
    still = {row["cve"] for row in skipped["open_vulnerabilities"]["rows"] if row["system"] == "s39"}
    assert {row["cve"] for row in closed} <= still
    assert {row["state"] for row in skipped["open_vulnerabilities"]["rows"]} == {"受容の記録なし"}


def test_what_was_foretold_from_the_indexes_of_the_mirror_is_what_was_closed(lab: PatchLab, tmp_path: Path) -> None:
    (run,) = lab.runs()
    outcome = lab.outcomes(run)[GOOD]
    before = replace(run, machines=tuple(replace(each, after=None) for each in run.machines))
    (tmp_path / "before.json").write_text(write_run(before), encoding="utf-8")
    indexes = sorted((lab.mirror.root / "snapshots" / CONTENT).glob("dists/*/main/*/Packages.gz"))
    arguments = ["--tracker", str(lab.folder / "tracker.json"), "--packages", *map(str, indexes)]
    arguments += ["--runs", str(tmp_path / "before.json"), "--output", str(tmp_path / "forecast.json")]
    assert patch_vulnerabilities.main([*arguments, "--system", "s33"]) == patch_vulnerabilities.OK
    tables = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))["tables"]
    assert {row["cve"] for row in tables["closed"]["rows"]} == set(outcome.cves_closed)
    assert {row["cve"] for row in tables["remaining"]["rows"]} == set(outcome.cves_remaining)


def test_a_machine_without_room_says_why_in_japanese_and_has_no_snapshot(lab: PatchLab, pack: Path) -> None:
    owner = owner_of(lab, FULL)
    (result,) = rows(pack, owner, "results", FULL)
    assert result["result"] == "見送り"
    assert "空き容量" in result["reason"]
    assert rows(pack, owner, "ways_back", FULL) == []


def test_the_snapshot_is_the_one_that_vcenter_has_with_its_last_day(lab: PatchLab, pack: Path) -> None:
    (way,) = rows(pack, owner_of(lab, GOOD), "ways_back", GOOD)
    (snapshot,) = lab.snapshots(GOOD)
    assert way["snapshot"] == snapshot.name
    assert date.fromisoformat(way["expires"]) > date.fromisoformat(f"{ROUND}-01")


def test_the_run_in_the_pack_is_the_file_that_the_run_wrote(lab: PatchLab, pack: Path, tmp_path: Path) -> None:
    (written,) = lab.runs()
    (copy,) = (pack / "runs").glob("*.json")
    assert read_run(copy.read_bytes()) == written
    # The folder of the runs gives the same pack as the records.
    again = make(lab, tmp_path, "--runs", str(lab.folder / ROUND))
    assert {path.name: path.read_bytes() for path in again.glob("*.json")} == {
        path.name: path.read_bytes() for path in pack.glob("*.json")
    }
