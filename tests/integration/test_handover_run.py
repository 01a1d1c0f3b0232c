"""The end of the term as a person sees it: one segment or all, a countdown that a date moves, a set to verify."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure
from ansible_collections.kyotsu.platform.plugins.module_utils.handover.run import run_handover
from tests.support.estate_lab import copy_few, estate_lab
from tests.support.retiring import NAMES, Retiring, lines, noon, retiring


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retiring]:
    """A lab in which s02 has gone its whole way."""
    folder = tmp_path_factory.mktemp("handover")
    with estate_lab(copy_few(folder), "handover") as lab:
        lab.foundation()
        lab.provision()
        found = retiring(lab, folder)
        # Over before today: the inventory goes by the clock, and what is retired has had its day.
        found.retire(date="2026-11-20")
        found.to_grace()
        found.delete()
        yield found


def test_all_segments_and_the_days_that_are_left(gone: Retiring, tmp_path: Path) -> None:
    run = gone.lab.playbook("handover", "-e", "as_of=2030-03-01", "-e", f"reports={tmp_path}")
    assert run.code == 0, run.output
    assert "kyotsu: 30 days until 2030-03-31" in run.output
    states = {each["system"]: each["state"] for each in json.loads((tmp_path / "readiness.json").read_text("utf-8"))}
    assert states == {"s02": "retired", "s13": "open", "vdi-lgwan": "open"}
    page = (tmp_path / "readiness.html").read_text(encoding="utf-8")
    assert "基盤引継ぎ準備状況" in page
    assert "廃止完了" in page
    assert "令和12年3月1日" in page
    # What is not there: the machine that holds data and has no copy.
    assert "no good copy of: s13-db01" in run.output


def test_one_segment(gone: Retiring, tmp_path: Path) -> None:
    run = gone.lab.playbook("handover", "-e", "segment=mynumber", "-e", "as_of=2027-03-01", "-e", f"reports={tmp_path}")
    assert run.code == 0, run.output
    content = json.loads((tmp_path / "sealed-set.json").read_text(encoding="utf-8"))["content"]
    assert {each["name"] for each in content["copies"]} == set(NAMES)
    assert {each["side"] for each in content["copies"]} == {"on-site", "off-site"}
    assert {each["kept_until"] for each in content["copies"]} == {"2032-01-04"}
    assert content["missing"] == []
    with (tmp_path / "release-list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    address = next(row for row in rows if row["value"] == "198.19.0.64")
    assert (address["done"], address["free_from"]) == ("yes", "2027-04-04")
    assert not [row for row in rows if row["segment"] == "lgwan"]
    assert "bscan" in (tmp_path / "sealed-set.txt").read_text(encoding="utf-8")

    genuine = gone.command("decommission.py", "verify", str(tmp_path / "sealed-set.json"))
    assert genuine.code == 0, genuine.output


def test_check_mode_says_the_same_and_writes_nothing(gone: Retiring, tmp_path: Path) -> None:
    before = gone.lab.records("list", "--kind", "handover").output
    run = gone.lab.playbook("handover", "--check", "-e", "as_of=2030-03-01", "-e", f"reports={tmp_path / 'none'}")
    assert run.code == 0, run.output
    assert "30 days until 2030-03-31" in run.output
    assert not (tmp_path / "none").exists()
    assert gone.lab.records("list", "--kind", "handover").output == before


def test_check_mode_without_records_makes_none(gone: Retiring, tmp_path: Path) -> None:
    none = tmp_path / "none" / "records.sqlite3"
    target = gone.lab.target(records_url=f"sqlite:///{none}")
    found = run_handover(target, reports=tmp_path / "reports", now=noon("2030-03-01"), check=True)
    assert "30 days until 2030-03-31" in found.text()
    assert "s02 on its way out: 3 machines without a completion record" in found.text()
    assert list(tmp_path.iterdir()) == []


def test_media_stay_on_the_report_until_they_are_certified(gone: Retiring, tmp_path: Path) -> None:
    """A deletion erases nothing: years later the media of s02 are still open, and then they are not."""

    def told(day: str) -> tuple[str, dict[str, list[str]], str]:
        found = run_handover(gone.lab.target(), reports=tmp_path, now=noon(day))
        systems = {each["system"]: each for each in json.loads((tmp_path / "readiness.json").read_text("utf-8"))}
        kept = {name: systems["s02"][name] for name in ("media_open", "media_certified")}
        return found.text(), kept, (tmp_path / "readiness.html").read_text(encoding="utf-8")

    for day in ("2027-03-01", "2030-03-01"):
        text, kept, page = told(day)
        assert "media not certified as erased, of machines that are deleted: s02 (3)" in text
        assert (sorted(kept["media_open"]), kept["media_certified"]) == (list(NAMES), [])
        assert "未了 3 台" in page
    assets, rows, paper = tmp_path / "assets.csv", tmp_path / "lines.csv", tmp_path / "certificate.pdf"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    rows.write_text("serial,treatment,performed_on\nD1,destroyed,2030-02-01\n", encoding="utf-8")
    paper.write_bytes(b"%PDF-1.7")
    erasure = Erasure(assets=assets, certificate=paper, certificate_lines=rows, witness="鈴木")
    done = gone.run(noon("2030-03-02"), order="certify", names=list(NAMES), erasure=erasure)
    assert {each.status for each in done.results} == {"changed"}, lines(done)
    text, kept, page = told("2030-03-03")
    assert "media not certified" not in text
    assert (kept["media_open"], sorted(kept["media_certified"])) == ([], list(NAMES))
    assert "消去証明済" in page


def test_a_segment_that_does_not_exist_is_one_clear_line(gone: Retiring, tmp_path: Path) -> None:
    run = gone.lab.playbook("handover", "-e", "segment=moon", "-e", f"reports={tmp_path}")
    assert run.code != 0
    assert "no such segment: moon; known are" in run.output
    assert "Traceback" not in run.output
