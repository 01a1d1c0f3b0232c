"""Two labs side by side know nothing of each other."""

from __future__ import annotations

from pathlib import Path

from tests.support.estate_lab import EstateLab, copy_few, estate_lab
from tests.support.small_estate import S13


def test_two_labs_are_built_independently(few: EstateLab, tmp_path: Path) -> None:
    with estate_lab(copy_few(tmp_path / "second"), "second") as second:
        second.edit(S13, "name: s13-db01", "name: s13-other01")
        few.reset_counters()
        assert second.playbook("foundation").code == 0
        run = second.playbook("provision")
        assert run.code == 0, run.output
        assert few.calls() == {"vc-kyotsu": 0, "vc-mynumber": 0}
        assert second.differences() == []
        assert few.differences() == []

        # The same machines by name and identity, and each is only its own lab's to break.
        second.kill_simulator("vc-kyotsu")
        assert few.differences() == []
        assert few.playbook("provision").code == 0
        second.start_again()
        assert second.differences() == []


def test_one_labs_password_does_not_open_the_other(few: EstateLab, tmp_path: Path) -> None:
    with estate_lab(copy_few(tmp_path / "second"), "second") as second:
        for vcenter in second.vcenters:
            other = few.laboratory.password_file(vcenter, "reader").read_text(encoding="utf-8")
            second.laboratory.password_file(vcenter, "reader").write_text(other, encoding="utf-8")
        run = second.playbook("plan")
        assert run.code != 0
        assert "or its password is refused" in run.output
